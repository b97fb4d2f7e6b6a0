"""Ends a process whose reading has come to a standstill, so that another takes its place."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from services.chassis.bus import Bus, GroupReader
from services.chassis.telemetry.logs import get_log

STANDSTILL: Final = 70
"""Exit code of a process that was ended for it."""
LOOK_SECONDS: Final = 5.0


class Watchdog:
    """Watches a loop that polls.

    The loop stands still where it has not come round for some time, or where the broker answers
    but has not confirmed the membership for as long. An outage is no standstill: a new process
    would wait for the broker like the old one, and what is in hand would be lost.
    """

    def __init__(
        self,
        bus: Bus,
        reader: GroupReader,
        seconds: float = 90.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._reader = reader
        self._seconds = seconds
        self._clock = clock
        self._beaten_at = clock()

    def beat(self) -> None:
        """Say that the loop has come round: after every poll that did not raise."""
        self._beaten_at = self._clock()

    def stands_still(self) -> bool:
        """Judge; asks the broker where it must know."""
        if self._clock() - self._beaten_at > self._seconds:
            return True
        return self._reader.quiet_seconds() > self._seconds and self._bus.healthy()

    def start(self, end: Callable[[int], object] = os._exit) -> None:
        """Look every 5 s, in a thread of its own; at a standstill end the process with code 70."""
        threading.Thread(target=self._watch, args=(end,), name="watchdog", daemon=True).start()

    def _watch(self, end: Callable[[int], object]) -> None:
        while not self._look():
            time.sleep(LOOK_SECONDS)
        end(STANDSTILL)

    def _look(self) -> bool:
        try:
            return self.stands_still()
        except Exception:  # noqa: BLE001  # the next look may tell; without us nobody would
            get_log().exception("the watchdog could not look")
            return False
