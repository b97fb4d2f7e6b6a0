"""Whether consent to a likeness was withdrawn."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, or_, select

from services.chassis.errors import Violation
from services.director.consent import FIELD
from services.director.tables import revocations

REVOKED: Final = Violation(
    FIELD, "CONSENT_REVOKED", "consent was withdrawn; choose another presenter"
)


def is_revoked(connection: Connection, team: str, subject: str, portrait: str) -> bool:
    """Return whether the consent of a person, or for a portrait, was withdrawn."""
    meant = []
    if subject:
        meant.append(revocations.c.subject == subject)
    if portrait:
        meant.append(revocations.c.portrait_digest == portrait)
    if not meant:
        return False
    found = select(revocations.c.team).where(revocations.c.team == team, or_(*meant)).limit(1)
    return connection.execute(found).first() is not None
