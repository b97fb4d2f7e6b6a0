"""Workers over the cores: spawned processes with a task each; one that dies fails no other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Final, Self

from google.protobuf.message import Message

from services.studio.tasks import write_request
from services.studio.worker import serve

TASK_SECONDS: Final = 1800.0
"""A task that takes longer hangs: its worker is ended."""
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Done:
    """A task that a worker has answered, or died of."""

    key: str
    answer: bytes | None
    """As `services.studio.tasks` writes it; None where the worker died."""


class Pool:
    """As many workers as asked for, at most; started when there is work for them."""

    def __init__(self, store_folder: Path, log: Path, workers: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._arguments = (store_folder, log, os.getpid())
        self.size = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        for name in THREADS:
            os.environ.setdefault(name, "1")  # a core is shared by processes, not by threads
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    @property
    def free(self) -> int:
        """How many tasks can start now."""
        return self.size - len(self.process_ids)

    @property
    def process_ids(self) -> dict[str, int]:
        """Process id of each worker that has a task, by the task's key."""
        return {worker.key: worker.process_id for worker in self._workers if worker.key}

    def start(self, key: str, request: Message) -> None:
        """Hand a task to a free worker. Raises RuntimeError where none is free."""
        worker = next((worker for worker in self._workers if not worker.key), None)
        if worker is None:
            if len(self._workers) >= self.size:
                raise RuntimeError("no worker is free")
            worker = _Worker(self._context, self._arguments)
            self._workers.append(worker)
        worker.start(key, write_request(request))

    def wait(self, others: list[int], seconds: float) -> list[Done]:
        """Return what was done, as soon as anything is, or after some seconds.

        others: file descriptors that become readable when it is time to look elsewhere.
        """
        worker_of = {worker.connection: worker for worker in self._workers}
        ready = wait([*worker_of, *others], seconds)
        done = [*self._overdue()]
        for connection in ready:
            if isinstance(connection, Connection) and worker_of[connection] in self._workers:
                done.extend(self._finish(worker_of[connection]))
        return done

    def _finish(self, worker: _Worker) -> Iterator[Done]:
        key = worker.key
        answer = worker.answer()
        if answer is None:
            worker.kill()
            self._workers.remove(worker)
        if key:
            yield Done(key, answer)

    def _overdue(self) -> Iterator[Done]:
        now = time.monotonic()
        for worker in [w for w in self._workers if w.key and now - w.since > TASK_SECONDS]:
            worker.kill()
            self._workers.remove(worker)
            yield Done(worker.key, None)


class _Worker:
    def __init__(self, context: SpawnContext, arguments: tuple[Path, Path, int]) -> None:
        self.connection, theirs = context.Pipe()
        self.key = ""
        self.since = 0.0
        self._process = context.Process(target=serve, args=(theirs, *arguments))
        self._process.start()
        theirs.close()  # so that the worker's death ends the connection

    @property
    def process_id(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def start(self, key: str, request: bytes) -> None:
        self.key, self.since = key, time.monotonic()
        with suppress(BrokenPipeError):  # it has died: `answer` will say so
            self.connection.send_bytes(request)

    def answer(self) -> bytes | None:
        try:
            data = self.connection.recv_bytes()
        except (EOFError, ConnectionResetError):
            return None
        self.key = ""
        return data

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process_id, signal.SIGKILL)  # with what it has started
        self._process.kill()
        self._process.join()
        self.connection.close()
