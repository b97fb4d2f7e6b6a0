"""What the director says to all workers at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rostrum.director.v1 import line_pb2 as pb

from services.chassis.bus import Bus, Follower
from services.chassis.envelope import unwrap
from services.chassis.errors import Invalid, Transient
from services.chassis.telemetry.logs import get_log
from services.chassis.topics import CONTROL

FOLLOW_SECONDS: Final = 5.0
"""Between two tries to follow, while the broker is away at the start."""


class Control:
    """Listens, every now and then. Belongs to one thread."""

    def __init__(self, bus: Bus, interval_seconds: float, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._interval = interval_seconds
        self._clock = clock
        self._follower: Follower | None = None
        self._due = float("-inf")

    def cancelled(self) -> frozenset[str]:
        """Return the keys of tasks that nobody wants any more, as far as said since the last time.

        Cheap to call again: it listens once in an interval.
        """
        if self._clock() < self._due:
            return frozenset()
        self._due = self._clock() + self._interval
        if self._follower is None:
            self._follower = self._follow()
        return frozenset() if self._follower is None else self._keys(self._follower)

    def close(self) -> None:
        """Listen no more."""
        if self._follower is not None:
            self._follower.close()

    def _follow(self) -> Follower | None:
        try:
            return self._bus.follow([CONTROL.name])
        except Transient as error:
            get_log().warning("the director cannot be heard", why=str(error))
            self._due = self._clock() + FOLLOW_SECONDS
            return None

    def _keys(self, follower: Follower) -> frozenset[str]:
        keys: set[str] = set()
        for record in follower.poll(0.0):
            try:
                word = unwrap(record)
            except Invalid as error:
                get_log().error("a word to all workers was not understood", why=str(error))
                continue
            if word is not None and isinstance(word.message, pb.Control):
                keys.update(word.message.cancel_tasks.task_keys)
        return frozenset(keys)
