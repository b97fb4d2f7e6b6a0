"""Children over the cores: spawned processes with a task each; one that dies fails no other."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

from services.chassis.answers import (
    Bug,
    Death,
    Ready,
    Work,
    is_bug,
    read_ready,
    write_work,
)
from services.chassis.child import Setup, serve
from services.chassis.errors import StageError

if TYPE_CHECKING:
    from services.chassis.noise import Noise

THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
FAREWELL_SECONDS: Final = 1.0
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Limits:
    """When a child is ended and another takes its place."""

    task_seconds: float = 1800.0
    """A task that takes longer hangs."""
    start_seconds: float = 300.0
    """A child that takes longer to load hangs."""
    tasks: int = 0
    """After so many jobs, the last one finished; 0: never."""
    memory_bytes: int = 0
    """When it holds more after a task; 0: never."""


@dataclass(frozen=True)
class Done:
    """A task that a child has answered, or died of."""

    name: str
    answer: bytes | None
    """As `services.chassis.answers` writes it; None where the child died."""


class Pool:
    """As many children as asked for, at most. Belongs to one thread, which must outlive it."""

    def __init__(self, setup: Setup, size: int, limits: Limits | None = None) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._setup = setup
        self._limits = limits or Limits()
        self.size = size
        self._children: list[_Child] = []
        self.offer: Ready | None = None
        """What children can do; None before the first was ready."""
        self.trouble: StageError | Bug | None = None
        """Why the last child that was started did not become ready."""
        self.failures = 0
        """How many in a row did not become ready."""

    def __enter__(self) -> Self:
        for name in THREADS:
            os.environ.setdefault(name, "1")  # a core is shared by processes, not by threads
        return self

    def __exit__(self, *_: object) -> None:
        for child in list(self._children):
            self._end(child)

    @property
    def free(self) -> int:
        """How many jobs can be handed over now; some may have to wait for a child to load."""
        return self.size - len(self.process_ids)

    @property
    def ready(self) -> int:
        """How many jobs would be begun at once."""
        return sum(child.is_ready and not child.name for child in self._children)

    @property
    def process_ids(self) -> dict[str, int]:
        """Process id of each child that has a task, by the task's name."""
        return {child.name: child.process_id for child in self._children if child.name}

    def fill(self) -> None:
        """Start all children that are missing, so that they are ready in time."""
        while len(self._children) < self.size:
            self._add()

    def start(self, name: str, work: Work) -> None:
        """Hand a task to a free child. Raises RuntimeError where none is free."""
        idle = [child for child in self._children if not child.name]
        child = next((child for child in idle if child.is_ready), idle[0] if idle else None)
        if child is None:
            if len(self._children) >= self.size:
                raise RuntimeError("no child is free")
            child = self._add()
        child.start(name, write_work(work))

    def kill(self, name: str) -> bool:
        """End the child that does a task, with all it has started; return whether one does."""
        child = next((child for child in self._children if child.name == name), None)
        if child is not None:
            self._end(child)
        return child is not None

    def wait(self, others: list[int], seconds: float) -> list[Done]:
        """Return what was done, as soon as anything is, or after some seconds.

        others: file descriptors that become readable when it is time to look elsewhere.
        """
        child_of = {child.connection: child for child in self._children}
        noises = [noise for child in self._children if (noise := child.noise) and not noise.is_over]
        ready = wait([*child_of, *(noise.reader for noise in noises), *others], seconds)
        for noise in noises:
            if noise.reader in ready:
                noise.hear()
        done = [*self._overdue()]
        for connection, child in child_of.items():
            if connection in ready and child in self._children:
                done.extend(self._hear(child))
        return done

    def _add(self) -> _Child:
        scratch = self._setup.scratch  # other pools of this process may share it
        folder = scratch / f"child-{uuid4().hex}" if scratch is not None else None
        child = _Child(self._context, self._setup, folder)
        self._children.append(child)
        return child

    def _end(self, child: _Child) -> None:
        child.kill()
        self._children.remove(child)

    def _hear(self, child: _Child) -> Iterator[Done]:
        name, word = child.name, child.hear()
        if not child.is_ready and word is not None and self._become_ready(child, word):
            return
        if word is None and not child.is_ready:
            self._fail(Death("WORKER_DIED: the process died while it was loading"))
        if word is None or not child.is_ready:
            self._end(child)
        elif is_bug(word) or self._is_worn(child):
            child.dismiss()
            self._end(child)
        if name:
            yield Done(name, word)

    def _become_ready(self, child: _Child, word: bytes) -> bool:
        try:
            self.offer = read_ready(word)
        except (StageError, Bug) as error:
            self._fail(error)
            return False
        self.trouble, self.failures = None, 0
        child.become_ready()
        return True

    def _fail(self, error: StageError | Bug) -> None:
        self.trouble, self.failures = error, self.failures + 1

    def _is_worn(self, child: _Child) -> bool:
        limits = self._limits
        if limits.tasks and child.tasks >= limits.tasks:
            return True
        return 0 < limits.memory_bytes < resident_bytes(child.process_id)

    def _overdue(self) -> Iterator[Done]:
        now, limits = time.monotonic(), self._limits
        for child in list(self._children):
            slow = not child.is_ready and now - child.born > limits.start_seconds
            if slow or (child.name and now - child.since > limits.task_seconds):
                self._end(child)
                if slow:
                    self._fail(Death("WORKER_DIED: the process took too long to load"))
                if child.name:
                    yield Done(child.name, None)


class _Child:
    def __init__(self, context: SpawnContext, setup: Setup, folder: Path | None) -> None:
        self.connection, theirs = context.Pipe()
        self.name = ""
        self.since = self.born = time.monotonic()
        self.tasks = 0
        self.is_ready = False
        self._kept = b""
        self.noise = _noise(context) if setup.sight is not None and setup.log is None else None
        """What it prints, where that goes into our log."""
        self._folder = folder
        given = (theirs, setup, folder, os.getpid(), self.noise and self.noise.writer)
        self._process = context.Process(target=serve, args=given)
        self._process.start()
        theirs.close()  # so that the child's death ends the connection
        if self.noise is not None:
            self.noise.writer.close()

    @property
    def process_id(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def start(self, name: str, work: bytes) -> None:
        """Give it a task; one that loads gets it later: a pipe may not hold it."""
        self.name, self.since = name, time.monotonic()
        if self.is_ready:
            self._send(work)
        else:
            self._kept = work

    def become_ready(self) -> None:
        """Send what was kept until it has loaded."""
        self.is_ready = True
        if self.name:
            self._send(self._kept)
            self._kept = b""

    def hear(self) -> bytes | None:
        """Return what it says, None where it has died."""
        try:
            word = self.connection.recv_bytes()
        except (EOFError, OSError):  # the latter where it died in the midst of a word
            return None
        if self.is_ready:
            self.name = ""
            self.tasks += 1
        return word

    def _send(self, work: bytes) -> None:
        with suppress(ConnectionError):  # it has died: `hear` will say so
            self.connection.send_bytes(work)

    def dismiss(self) -> None:
        """Let it end by itself: it has nothing to do, and may have spans to send."""
        self.connection.close()
        # Not `join`: its process id names the group that `kill` ends, and must not go to another.
        wait([self._process.sentinel], FAREWELL_SECONDS)

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process_id, signal.SIGKILL)  # with what it has started
        self._process.kill()
        self._process.join()
        self.connection.close()
        if self.noise is not None:
            self.noise.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _noise(context: SpawnContext) -> Noise:
    from services.chassis.noise import Noise  # noqa: PLC0415  # not on one machine

    return Noise(context)


def resident_bytes(process_id: int) -> int:
    """Return how much memory a process holds; 0 where it has ended."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * PAGE_BYTES
