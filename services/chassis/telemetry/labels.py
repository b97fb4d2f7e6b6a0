"""The labels that metrics may have, and every value each may take: none is unbounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

OTHER: Final = "other"
"""Stands for a value that is not foreseen."""

STAGES: Final = ("speech", "motion", "lipsync", "restoration", "compositing")
WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}(/[A-Za-z0-9_]{1,80})?")
MOST: Final = 128
"""Values of a label whose words are not listed here: engines, topics, methods."""

VALUES: Final[Mapping[str, frozenset[str] | None]] = {
    "stage": frozenset(STAGES),
    "outcome": frozenset({"finished", "reused", "failed", "handed_back", "hit", "miss"}),
    "cause": frozenset(
        {"", "transient", "invalid", "corrupt", "bug", "death", "cancelled", "draining", "engine"}
    ),
    "state": frozenset(
        {
            *("ready", "sent", "running", "parked"),
            *("queued", "finished", "failed", "cancelled"),
            *("free", "busy"),
        }
    ),
    "direction": frozenset({"read", "written"}),
    "code": frozenset(
        {
            *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
            *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "ABORTED"),
            *("FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE"),
            *("DATA_LOSS", "UNAUTHENTICATED"),
        }
    ),
    "engine": None,
    "topic": None,
    "method": None,
    "service": None,
    "version": None,
}
"""What each label may say; None: whatever words a service itself knows, MOST of them."""


class Bounds:
    """Keeps labels within their values, for one registry."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {name: set() for name in VALUES}

    def keep(self, label: str, value: str) -> str:
        """Return the value, or "other" where the label may not say it."""
        if (listed := VALUES[label]) is not None:
            return value if value in listed else OTHER
        seen = self._seen[label]
        if value not in seen and (len(seen) >= MOST or not WORD.fullmatch(value)):
            return OTHER
        seen.add(value)
        return value
