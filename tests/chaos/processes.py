"""The services of a line as processes that are started again whenever they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

AGAIN_SECONDS: Final = 0.3
"""Between the end of a process and the start of its follower."""
CRITICAL: Final = '"critical"'
CANNOT_START: Final = "the service cannot start"
BUG: Final = "nobody foresaw this"
"""What services say of an exception that ends a call, a video or themselves."""
LONGEST_WORDS: Final = 4000
ROOT: Final = Path(__file__).parents[2]


class Service:
    """One place in the line: a process, and after its death the next one."""

    def __init__(
        self, name: str, module: Sequence[str], settings: Mapping[str, str], logs: Path
    ) -> None:
        self.name = name
        self._module = [*module]
        self._settings = dict(settings)
        self._log = logs / f"{name}.log"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._serial = 0
        self._ended_at = 0.0
        self._killed = False
        self._is_hurt = False
        self.is_stopped = False
        self.surprises: list[str] = []
        """Ends that nobody caused, with what was said of them. That one cannot start because its
        first work process was killed while it was loading is none."""

    @property
    def incarnation(self) -> str:
        """What this process calls itself: a worker's name is never used twice."""
        return f"{self.name}-{self._serial}"

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int:
        """Its process. Raises RuntimeError where there is none."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    def keep_up(self) -> None:
        """Start the next process where the last one has ended, after a moment."""
        if self.running:
            return
        now = time.monotonic()
        if self._process is not None and not self._ended_at:
            self._note_end(now)
        if now - self._ended_at >= AGAIN_SECONDS:
            self._start()

    def bugs(self) -> list[str]:
        """Return what this place's processes have said of exceptions that nobody foresaw."""
        if not self._log.exists():
            return []
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [f"{self.name}: {line[:LONGEST_WORDS]}" for line in lines if BUG in line]

    def kill(self) -> None:
        """End the process at once; what it has started ends with it."""
        self._signal(self.process_id, signal.SIGKILL)
        self._killed, self.is_stopped = True, False

    def kill_child(self) -> bool:
        """End one process that it has started; return whether there was one."""
        for child in children_of(self.process_id):
            self._signal(child, signal.SIGKILL)
            self._is_hurt = True
            return True
        return False

    def freeze(self) -> list[int]:
        """Stop the process and all it has started; return their ids, its own first."""
        frozen = [self.process_id]
        self._signal(self.process_id, signal.SIGSTOP)
        for child in children_of(self.process_id):
            self._signal(child, signal.SIGSTOP)
            frozen.append(child)
        self.is_stopped = True
        return frozen

    def thaw(self, frozen: Sequence[int]) -> None:
        """Let stopped processes go on."""
        for process in reversed(frozen):
            self._signal(process, signal.SIGCONT)
        self.is_stopped = False

    def terminate(self) -> None:
        """Ask it to end, and not to come back."""
        self._killed = True
        if self.running:
            self._signal(self.process_id, signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; kill it where it does not come. Return whether it came by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _start(self) -> None:
        self._serial += 1
        self._ended_at, self._killed, self._is_hurt = 0.0, False, False
        settings = {**os.environ, **self._settings, "ROSTRUM_WORKER": self.incarnation}
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", *self._module],
                cwd=ROOT, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def _note_end(self, now: float) -> None:
        assert self._process is not None
        self._ended_at = now
        if self._killed:
            return
        code, why = self._process.returncode, self._last_words()
        if not (self._is_hurt and CANNOT_START in why):
            self.surprises.append(f"{self.incarnation} ended with {code}: {why}")

    def _last_words(self) -> str:
        """Return what the process that has ended said of its end, or else said last."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        critical = [line for line in lines if CRITICAL in line]
        return (critical or lines or ["it said nothing"])[-1][:LONGEST_WORDS]

    @staticmethod
    def _signal(process: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def children_of(process: int) -> Iterator[int]:
    """Yield the processes that a process has started."""
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, thread.read_text(encoding="ascii").split())
