"""Counts what becomes of a stage's tasks, whichever door they came through."""

from __future__ import annotations

from threading import Lock
from typing import Final

from google.protobuf.message import Message

from services.chassis.answers import Answer, Bug, Death, Outcome, Stopped
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.store import Store
from services.chassis.telemetry.metrics import Metrics
from services.chassis.traffic import Moved

CAUSES: Final = (
    (Death, "death"),
    (Invalid, "invalid"),
    (Corrupt, "corrupt"),
    (Transient, "transient"),
    (Bug, "bug"),
)
"""In the words of metrics; the first that fits counts."""


class Tally:
    """A stage's counters."""

    def __init__(self, stage: str, metrics: Metrics) -> None:
        self._stage = stage
        self._metrics = metrics

    def ended(self, engine: str, outcome: Outcome) -> None:
        """Count a task that the crew had in hand."""
        how, cause = _outcome_and_cause(outcome)
        self._count(engine, how, cause)
        if isinstance(outcome, Death):
            self._metrics.child_deaths.add(stage=self._stage)
        if isinstance(outcome, Answer):
            self._metrics.task_seconds.observe(outcome.seconds, stage=self._stage, outcome=how)
            self._metrics.task_cpu_seconds.add(outcome.cpu_seconds, stage=self._stage)
            count_moved(self._metrics, outcome.moved)

    def refused(self, request: Message, *, lacks_engine: bool) -> None:
        """Count a task that was not begun: its engine is not here, or nobody wants it."""
        how, cause = ("handed_back", "engine") if lacks_engine else ("failed", "cancelled")
        self._count(getattr(request, "engine", ""), how, cause)

    def parked(self, topic: str) -> None:
        """Count a message that nobody could read."""
        self._metrics.dead_letters.add(topic=topic)

    def slots(self, busy: int, count: int) -> None:
        """Say how many of the slots are taken."""
        self._metrics.slots.set(busy, state="busy")
        self._metrics.slots.set(max(count - busy, 0), state="free")

    def _count(self, engine: str, outcome: str, cause: str) -> None:
        self._metrics.tasks.add(stage=self._stage, engine=engine, outcome=outcome, cause=cause)


class StoreTally:
    """Counts what a store of this very process moves, whenever it is asked."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._lock = Lock()
        self._counted = Moved()

    def look(self) -> None:
        """Count what was moved since the last time."""
        with self._lock:
            moved = self._store.moved
            count_moved(self._metrics, moved.since(self._counted))
            self._counted = moved


def count_moved(metrics: Metrics, moved: Moved) -> None:
    """Count what was moved to and from a store."""
    metrics.cache_reads.add(moved.cache_hits, outcome="hit")
    metrics.cache_reads.add(moved.cache_misses, outcome="miss")
    metrics.store_bytes.add(moved.read_bytes, direction="read")
    metrics.store_bytes.add(moved.written_bytes, direction="written")


def _outcome_and_cause(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome, Answer):
        return ("reused" if outcome.reused else "finished"), ""
    if isinstance(outcome, Stopped):
        return ("handed_back" if outcome.cause == "draining" else "failed"), outcome.cause
    return "failed", next(cause for kind, cause in CAUSES if isinstance(outcome, kind))
