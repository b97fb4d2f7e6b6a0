"""Ctrl-C and SIGTERM as something that a waiting loop can see."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType
from typing import Final, Self

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Turns signals into a readable file descriptor while it is entered."""

    def __init__(self) -> None:
        self.requested = False
        self.insisted = False
        """Whether it was requested again."""
        self.descriptor, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in STOPPING:
            self._before[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as `signal` returned it
        os.close(self.descriptor)
        os.close(self._writer)

    def wait(self, seconds: float) -> bool:
        """Return whether it is requested within so many seconds, as soon as that is known."""
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        return bool(ready)

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self.insisted = self.requested
        if not self.requested:
            self.requested = True
            os.write(self._writer, b"x")
