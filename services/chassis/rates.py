"""How often each team may call: token buckets."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from services.chassis.status import Refused

MOST_BUCKETS: Final = 4096


class Rates:
    """One bucket for each team, full with a second's calls at the start. For many threads.

    Source: the token bucket of RFC 2697, with one rate.
    """

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._most = max(per_second, 1.0)
        self._clock = clock
        self._lock = Lock()
        self._buckets: dict[str, tuple[float, float]] = {}
        """By team: tokens, and when they were counted. A team without one has a full bucket."""

    def take(self, team: str) -> None:
        """Count a call. Raises Refused where the team has made too many."""
        with self._lock:
            now = self._clock()
            tokens = self._tokens(team, now)
            if tokens >= 1.0:
                self._buckets[team] = (tokens - 1.0, now)
                self._forget_full(now)
                return
        remedy = f"at most {self._per_second:g} calls a second for each team"
        raise Refused("RATE_LIMITED", remedy, (1.0 - tokens) / self._per_second)

    def _tokens(self, team: str, now: float) -> float:
        tokens, counted = self._buckets.get(team, (self._most, now))
        return min(tokens + (now - counted) * self._per_second, self._most)

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) <= MOST_BUCKETS:
            return
        for team in [each for each in self._buckets if self._tokens(each, now) >= self._most]:
            del self._buckets[team]
