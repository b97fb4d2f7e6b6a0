"""Trying again what may pass: a director that restarts, a line that breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from services.chassis.errors import Transient

TRIES: Final = 8
PAUSE_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 8.0
T = TypeVar("T")


def patiently(act: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Return what an act gives, trying it again after growing pauses while faults may pass.

    The act must be one that can be done twice. Raises what the last try raised.
    """
    for attempt in range(TRIES - 1):
        try:
            return act()
        except Transient:
            sleep(pause_after(attempt))
    return act()


def pause_after(failures: int) -> float:
    """Return how long to wait after so many failures, counted from 0, in seconds."""
    return min(PAUSE_SECONDS * 2.0**failures, LONGEST_SECONDS)
