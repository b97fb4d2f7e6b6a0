"""A call while it is answered: whose it is, how long it may take, who still waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Event, Lock
from typing import Final

from services.chassis.errors import StageError
from services.chassis.status import Abandoned, Late

NO_TRACE: Final[Mapping[str, str]] = {}


class Call:
    """What a method of a door knows of its caller besides the request."""

    def __init__(  # noqa: PLR0913  # one value for each thing known of a caller
        self,
        method: str,
        team: str,
        *,
        peer: str = "",
        trace: Mapping[str, str] = NO_TRACE,
        deadline_seconds: float | None = None,
        limit_seconds: float | None = None,
    ) -> None:
        self.method = method
        """Full name, for example "rostrum.lipsync.v1.LipsyncService/Sync"."""
        self.team = team
        self.peer = peer
        """The caller's address, for logs."""
        self.trace = trace
        """W3C trace context as the caller sent it: traceparent, tracestate."""
        self.deadline_seconds = deadline_seconds
        """What the caller gave, when the call began; None where it named no deadline."""
        limits = [each for each in (deadline_seconds, limit_seconds) if each is not None]
        self._end = time.monotonic() + min(limits) if limits else None
        self.stopped = Event()
        """Set when the answer is not wanted any more: streams wait on it instead of sleeping."""
        self._why: StageError | None = None
        self._closed = False
        self._lock = Lock()
        self._callbacks: list[Callable[[], None]] = []

    def remaining(self) -> float | None:
        """Return the seconds left, never below 0: the caller's deadline or the door's own limit.

        None for a stream, which may go on for as long as its caller likes.
        """
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call back once when the answer is not wanted any more; at once where that is so."""
        with self._lock:
            if not self.stopped.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def check(self) -> None:
        """Raise Late, Abandoned or Refused where the answer is not wanted any more."""
        if self._why is None and self.remaining() == 0.0:
            self.stop()
        if self._why is not None:
            raise self._why

    def close(self) -> None:
        """Say that the call has been answered: nothing stops it any more."""
        with self._lock:
            self._closed = True
            self._callbacks.clear()

    def stop(self, why: StageError | None = None) -> None:
        """Say that the answer is not wanted: for this reason, or because the caller has gone."""
        with self._lock:
            if self._closed or self.stopped.is_set():
                return
            self._why = why or (Late() if self.remaining() == 0.0 else Abandoned())
            self.stopped.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
