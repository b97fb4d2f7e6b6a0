"""What the director knows of the broker: its clock, and since when it answers without a gap."""

from __future__ import annotations

from collections.abc import Callable


class Broker:
    """The broker's clock as records show it, and whether its silence means anything.

    Leases are judged by this clock alone. Nobody is held for dead while the broker is away, nor
    for one lease after its return: who could not report must be given the time to.
    """

    def __init__(self, monotonic: Callable[[], float], lease_ms: int) -> None:
        self._monotonic = monotonic
        self._lease_ms = lease_ms
        self._time_ms = 0
        self._heard_at = 0.0
        self._answered_at: float | None = None
        self._steady_since: float | None = None

    def stamp(self, time_ms: int) -> None:
        """Take in the time of a record that has just been read.

        What was stamped before now was read late: it says nothing, unless nothing later comes for
        half a lease. Then the clock was set back, and whoever speaks by it must not seem silent.
        """
        waited_ms = (self._monotonic() - self._heard_at) * 1000
        if time_ms >= self.now_ms() or waited_ms > self._lease_ms / 2:
            self._time_ms, self._heard_at = time_ms, self._monotonic()

    def now_ms(self) -> int:
        """Return about what the broker's clock says; 0 before its first record was read.

        It is never ahead: a record is read some time after it was stamped.
        """
        if not self._time_ms:
            return 0
        return self._time_ms + int((self._monotonic() - self._heard_at) * 1000)

    def answered(self) -> None:
        """Note that the broker has just answered; after a gap it counts as returned now."""
        now = self._monotonic()
        gap = self._answered_at is None or (now - self._answered_at) * 1000 > self._lease_ms / 2
        if gap or self._steady_since is None:
            self._steady_since = now
        self._answered_at = now

    def was_away(self) -> None:
        """Note that the broker did not answer."""
        self._steady_since = None

    @property
    def steady(self) -> bool:
        """Whether it has answered for a whole lease, so that silence of others is their own."""
        if self._steady_since is None:
            return False
        return (self._monotonic() - self._steady_since) * 1000 > self._lease_ms
