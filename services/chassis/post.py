"""A way to the broker for one thread: what must arrive is kept until the broker has it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.chassis.bus import Bus, Outgoing
from services.chassis.errors import Transient
from services.chassis.telemetry.logs import get_log


@dataclass(frozen=True)
class Patience:
    """How a broker that is away is waited for, in seconds."""

    publish_seconds: float = 5.0
    """The longest that one try may take."""
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0


class Post:
    """Sends in order; while the broker is away it tries after growing, jittered pauses only."""

    def __init__(self, bus: Bus, patience: Patience, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._patience = patience
        self._clock = clock
        self._kept: list[Outgoing] = []
        self._pause = 0.0
        self._next_try = float("-inf")

    @property
    def kept(self) -> int:
        """How many messages wait for the broker."""
        return len(self._kept)

    def keep(self, message: Outgoing) -> None:
        """Have a message sent before all later ones, as soon as the broker takes it."""
        self._kept.append(message)

    def send(self, messages: Sequence[Outgoing] = ()) -> bool:
        """Send what was kept, then these; return whether the broker has them all.

        Where it has not, these may be there or not, and are not kept.
        """
        if not self._kept and not messages:
            return True
        if self._clock() < self._next_try:
            return False
        try:
            self._bus.publish([*self._kept, *messages], self._patience.publish_seconds)
        except Transient as error:
            self._put_off(error)
            return False
        self._kept.clear()
        self._pause, self._next_try = 0.0, float("-inf")
        return True

    def _put_off(self, error: Transient) -> None:
        if not self._pause:
            get_log().warning("the broker takes nothing", why=str(error))
        first, longest = self._patience.first_pause_seconds, self._patience.longest_pause_seconds
        self._pause = min(max(self._pause * 2, first), longest)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311  # so that workers do not come all at once
        self._next_try = self._clock() + self._pause * jitter
