"""Kills every kind of a line's processes once, each while it has work in hand.

The work process of each stage is stopped beforehand, so that the first task that comes to it stays
in hand until its service is killed: director, database and broker die while such a task is out.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Final

from tests.e2e.lines import Line, children, until
from tests.e2e.seeing import Metrics, ask

BESIDE: Final = {"speech": "director", "lipsync": "PostgreSQL", "compositing-1": "Kafka"}
"""Who dies while a stage has a task in hand; then the stage's service itself."""
STAGES: Final = ("speech", "motion", "restoration", "lipsync")
LAST: Final = "compositing-1"
KINDS: Final = (*STAGES, LAST, *BESIDE.values())
WAIT_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Kill:
    """One process that was killed."""

    name: str
    at_seconds: float
    """Since the work processes were stopped."""
    beside: str
    """Who had a task in hand then."""
    back_seconds: float | None
    """Until it was there again and could work; None: nobody waited for it."""


@dataclass
class Killing:
    """Make it before anything is submitted; then `kill_each` does the rest."""

    line: Line
    tell: Callable[[Kill], None] = lambda _: None
    kills: list[Kill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        for name in STAGES:
            self._freeze(name)

    def kill_each(self) -> list[Kill]:
        """Return what was killed when every kind was, once, and is there again."""
        waiting = set(STAGES)
        assert until(lambda: self._kill_busy(waiting), WAIT_SECONDS), f"nothing for {waiting}"
        assert until(lambda: self._kill_busy({LAST}), WAIT_SECONDS), f"nothing for {LAST}"
        assert until(lambda: all(map(self.line.find, KINDS)), WAIT_SECONDS), "some stay away"
        return self.kills

    def _kill_busy(self, waiting: set[str]) -> bool:
        """Kill what has a task in hand, and say whether all have been."""
        for name in list(filter(self._is_busy, waiting)):
            if name == STAGES[-1]:
                self._freeze(LAST)  # nothing is drawn yet: it will be given work
            if name in BESIDE:
                self._kill(BESIDE[name], name)
            self._kill(name, name)
            waiting.remove(name)
        return not waiting

    def _is_busy(self, name: str) -> bool:
        """Return whether a worker says that it has a task in hand."""
        with suppress(OSError, HTTPException):
            said = Metrics(ask(self.line.doors["ops"][name], "/metrics")[1])
            return said.total("rostrum_slots", state="busy") > 0
        return False

    def _kill(self, name: str, beside: str) -> None:
        process = self.line.find(name)
        assert process is not None, f"{name} is not there"
        at = time.monotonic()
        os.kill(process, signal.SIGKILL)
        back = None
        if name != beside:
            assert until(lambda: self._is_back(name, process), WAIT_SECONDS), f"{name} stays away"
            back = time.monotonic() - at
        self.kills.append(Kill(name, at - self._began, beside, back))
        self.tell(self.kills[-1])

    def _is_back(self, name: str, process: int) -> bool:
        if self.line.find(name) in {None, process}:
            return False
        with suppress(OSError, HTTPException):
            return ask(self.line.doors["ops"]["director"], "/readyz")[0] == 200
        return False

    def _freeze(self, name: str) -> None:
        """Stop the processes in which a service does its tasks."""
        service = self.line.find(name)
        assert service is not None, f"{name} is not there"
        for process in work_processes(service):
            os.kill(process, signal.SIGSTOP)


def work_processes(service: int) -> Iterator[int]:
    for process in children(service):
        with suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes():
                yield process
