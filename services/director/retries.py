"""How often a task that failed in passing is tried again, and after what pause."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

ATTEMPTS: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=10)


def pause_after(attempt: int, jitter: float) -> timedelta:
    """Return the pause after an attempt, counted from 1; jitter lies in 0 to 1.

    The bound doubles with each attempt and the pause lies anywhere below it ("full jitter"), so
    that tasks which failed together do not come back together.
    """
    bound = min(FIRST_PAUSE * (1 << (attempt - 1)), LONGEST_PAUSE)
    return bound * jitter
