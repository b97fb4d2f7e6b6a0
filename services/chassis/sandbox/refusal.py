"""How checks of headers say no, and how that becomes a complaint about a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.chassis.errors import Invalid


class Refused(Exception):
    """A file cannot be used, for a stable reason in capitals."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(reason)


@contextmanager
def complaining_about(field: str, remedies: Mapping[str, str]) -> Iterator[None]:
    """Turn what is refused inside into Invalid for `field`, with the reason's usual remedy."""
    try:
        yield
    except Refused as refusal:
        remedy = refusal.remedy or remedies[refusal.reason]
        raise Invalid(field, refusal.reason, remedy) from None
