"""Holds back lines that say again what was just said: an outage must not fill a log."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

SECONDS: Final = 10.0
"""One line of a kind in so many seconds."""
KINDS: Final = 256
"""So many are remembered; the one heard of longest ago goes first."""
CHARACTERS: Final = 400
NUMBERS: Final = re.compile(r"\d[\d.]*")


class Sieve:
    """Counts what it holds back. For many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def passes(self, kind: Hashable) -> int | None:
        """Return how many of a kind were held back since the last that passed; None: hold it."""
        now = self._clock()
        with self._lock:
            since, held = self._kinds.get(kind, (float("-inf"), 0))
            is_due = now - since >= SECONDS
            self._kinds[kind] = (now, 0) if is_due else (since, held + 1)
            self._kinds.move_to_end(kind)
            if len(self._kinds) > KINDS:
                self._kinds.popitem(last=False)
        return held if is_due else None


def kind_of(text: str) -> str:
    """Return what is the same in texts that differ by their numbers alone: pauses, ports, tries."""
    return NUMBERS.sub("#", text[:CHARACTERS])
