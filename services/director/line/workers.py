"""Who works: what workers say of themselves on rostrum.workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rostrum.director.v1.line_pb2 import WorkerStatus

FORGOTTEN_AFTER: Final = 40
"""Silences after which a worker's name is forgotten."""


@dataclass
class Worker:
    """A worker as it last described itself."""

    name: str
    stage: str
    status: WorkerStatus
    heard_ms: int
    """When it last spoke, by the broker's clock."""
    idle_ms: int | None
    """Since when it has had a free slot at every word; None: it has none."""

    @property
    def slots(self) -> int:
        """Tasks it works on at a time."""
        return 0 if self.status.draining else self.status.free_slots + len(self.status.task_keys)

    @property
    def fingerprints(self) -> frozenset[str]:
        """Engines it has."""
        return frozenset(engine.fingerprint for engine in self.status.engines)


class Workers:
    """Every worker that was heard of lately."""

    def __init__(self, silence_ms: int) -> None:
        self._silence_ms = silence_ms
        self._known: dict[str, Worker] = {}

    def hear(self, status: WorkerStatus, time_ms: int) -> None:
        """Take in what a worker says of itself; its last word counts, also after a step back."""
        before = self._known.get(status.worker)
        idle = min((before.idle_ms if before else None) or time_ms, time_ms)
        self._known[status.worker] = Worker(
            status.worker, status.stage, status, time_ms, idle if status.free_slots else None
        )

    def heard_ms(self, name: str) -> int:
        """Return when a worker last spoke of itself; 0 for one nobody knows."""
        return self._known[name].heard_ms if name in self._known else 0

    def alive(self, now_ms: int, stage: str = "") -> list[Worker]:
        """Return who has spoken lately, of one stage or of all, by name."""
        return [
            worker
            for _, worker in sorted(self._known.items())
            if now_ms - worker.heard_ms <= self._silence_ms and stage in {"", worker.stage}
        ]

    def reader_of(self, stage: str, partition: int, now_ms: int) -> Worker | None:
        """Return the worker that reads a partition of a stage's tasks; None: nobody does now.

        Where two claim it, the one that spoke last does.
        """
        claims = [w for w in self.alive(now_ms, stage) if partition in w.status.partitions]
        return max(claims, key=lambda worker: worker.heard_ms, default=None)

    def engines(self, now_ms: int) -> Iterator[tuple[str, int, str, str]]:
        """Yield stage, rank, name and fingerprint of every engine that somebody has."""
        for worker in self.alive(now_ms):
            for rank, engine in enumerate(worker.status.engines):
                yield worker.stage, rank, engine.name, engine.fingerprint

    def forget_silent(self, now_ms: int) -> None:
        """Let go of who has long been silent: names are made up anew at each start."""
        last = now_ms - FORGOTTEN_AFTER * self._silence_ms
        self._known = {name: w for name, w in self._known.items() if w.heard_ms >= last}
