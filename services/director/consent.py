"""Whether a likeness may be used: asked at admission, before each task on it, at delivery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from rostrum.director.v1.director_pb2 import Consent

from services.chassis.errors import Invalid, Violation

KINDS: Final = ("synthetic", "self", "written")
FIELD: Final = "consent"


def check_consent(consent: Consent, channel: str, tier: str, today: date) -> None:
    """Raise Invalid where consent does not cover this use on this day: every reason at once.

    `today` is a day in UTC; consent holds through the whole of its last day.
    """
    if complaints := list(consent_complaints(consent, channel, tier, today)):
        raise Invalid.every(complaints)


def consent_complaints(
    consent: Consent, channel: str, tier: str, today: date
) -> Iterator[Violation]:
    """Yield what `check_consent` would raise."""
    if consent.kind not in KINDS:
        remedy = (
            "a likeness is shown only with consent: say in the presenter's folder, or in the"
            f" order, `consent: {{kind: ...}}` with one of {', '.join(KINDS)}"
        )
        yield Violation(FIELD, "CONSENT_MISSING", remedy)
        return
    if last_day_of(consent) < today:
        yield Violation(FIELD, "CONSENT_EXPIRED", f"it ended on {consent.expires}; ask anew")
    if consent.channels and channel not in consent.channels:
        allowed = ", ".join(consent.channels)
        yield Violation(FIELD, "CONSENT_SCOPE", f"not for channel {channel!r}; only for {allowed}")
    if consent.scope and tier not in consent.scope:
        allowed = ", ".join(consent.scope)
        yield Violation(FIELD, "CONSENT_SCOPE", f"not for quality {tier!r}; only for {allowed}")


def last_day_of(consent: Consent) -> date:
    """Return the last day consent holds. A date that cannot be read is long past."""
    if not consent.expires:
        return date.max
    try:
        return date.fromisoformat(consent.expires)
    except ValueError:
        return date.min
