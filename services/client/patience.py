"""How long calls may take, and how often what failed in passing is tried again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from services.client.errors import RostrumError


@dataclass(frozen=True)
class Patience:
    """Times in seconds."""

    call_seconds: float = 30.0
    """Deadline of one try of a call that gives no stream."""
    stream_seconds: float = 900.0
    """Deadline of one try of a stream; what is not over then goes on with another."""
    give_up_seconds: float = 120.0
    """After so long without a success the fault is told. A director restarts in much less."""
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0


class Attempts:
    """What failed in a row, and the pauses between: growing, and of random length."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.succeeded()

    def succeeded(self) -> None:
        """Begin to count anew."""
        self._failures = 0
        self._began: float | None = None

    def failed(self, error: RostrumError) -> None:
        """Pause before the next try. Raises the error where there is no use in one."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        pause = max(error.retry_seconds, self._pause())
        if not error.retryable or now + pause > self._began + self._patience.give_up_seconds:
            raise error
        self._failures += 1
        time.sleep(pause)

    def _pause(self) -> float:
        grown = self._patience.first_pause_seconds * 2.0 ** min(self._failures, 16)
        most = min(grown, self._patience.longest_pause_seconds)
        return random.uniform(most / 2, most)  # noqa: S311  # so that not all come back at once
