"""Judges silence: tasks whose worker says nothing any more, and tasks that nobody has begun."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from services.chassis.bus import GroupReader, Partition
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.traces import named
from services.chassis.topics import REPORTS
from services.director.database import reading
from services.director.line.broker import Broker
from services.director.line.charges import again, died
from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.tasks import TRACE, Trouble, hold, save, wake
from services.director.line.words import OUT, PARKED, READY, RUNNING, SENT
from services.director.line.workers import Workers
from services.director.tables import tasks

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Suspicion:
    """A running task of which nothing was heard for a lease."""

    key: str
    part: int
    attempt: int
    heard_ms: int
    video: str
    trace: str
    read_to: int
    """Its report partition's end, asked for after the lapse: only once all before it was read is
    silence known to be silence."""


class Leases:
    """Sends tasks again that have fallen silent, of the report partitions this director reads."""

    def __init__(self, means: Means, workers: Workers, broker: Broker) -> None:
        self._means = means
        self._workers = workers
        self._broker = broker
        self._suspicions: dict[str, Suspicion] = {}
        self._log = get_log()

    def judge(self, reader: GroupReader, ends: Mapping[Partition, int]) -> int:
        """Send again what has fallen silent, and suspect what seems to have; return how many.

        ends: the ends of the partitions, fetched just now. Nothing is judged while the broker's
        own silence might be the reason.
        """
        if not self._broker.steady:
            self._suspicions.clear()
            return 0
        mine = {number for topic, number in reader.partitions() if topic == REPORTS.name}
        count = 0
        for suspicion in list(self._suspicions.values()):
            if suspicion.part not in mine:
                del self._suspicions[suspicion.key]
            elif reader.position(REPORTS.name, suspicion.part) >= suspicion.read_to:
                del self._suspicions[suspicion.key]
                with named(suspicion.trace, video=suspicion.video, task=suspicion.key):
                    count += self._lapse(suspicion)
        self._suspect(mine, ends)
        return count

    def _suspect(self, mine: Collection[int], ends: Mapping[Partition, int]) -> None:
        last = self._broker.now_ms() - self._means.rules.lease_ms
        known = (tasks.c.key, tasks.c.part, tasks.c.attempt, tasks.c.heard_ms, tasks.c.video)
        silent = select(*known, TRACE).where(
            among(tasks.c.state, OUT),
            tasks.c.state == RUNNING,
            tasks.c.part.in_(sorted(mine)),
            tasks.c.heard_ms < last,
        )
        with reading(self._means.engine) as connection:
            for row in connection.execute(silent):
                end = ends.get((REPORTS.name, row.part))
                if end is not None and row.key not in self._suspicions:
                    self._suspicions[row.key] = Suspicion(*row, end)

    def _lapse(self, suspicion: Suspicion) -> bool:
        """Make a task ready again, unless it was heard of; only dead silence is a death."""
        now_ms = self._means.now_ms()
        with self._means.engine.begin() as connection:
            row = hold(connection, [suspicion.key])[suspicion.key]
            as_read = (RUNNING, suspicion.attempt, suspicion.heard_ms)
            if (row["state"], row["attempt"], row["heard_ms"]) != as_read:
                return False
            last = self._broker.now_ms() - self._means.rules.lease_ms
            silent = self._workers.heard_ms(row["worker"] or "") < last
            self._log.warning(
                "lease lapsed",
                task=row["key"],
                attempt=row["attempt"],
                worker=row["worker"],
                worker_silent=silent,
            )
            if silent:
                trouble = Trouble("death", "WORKER_SILENT", f"{row['worker']} fell silent")
                died(row, self._means.metrics, trouble, now_ms)
            else:
                again(row, now_ms)
            columns = (
                "state",
                "deaths",
                "not_before_ms",
                "worker",
                "partition",
                "error",
                "ended_ms",
            )
            save(connection, [row], columns)
            if row["state"] == PARKED:
                wake(connection, [row["key"]])
        self._means.metrics.lease_expiries.add(stage=row["stage"])
        return True

    def remind(self, stage: str) -> int:
        """Send tasks of a stage again that nobody begins; return how many.

        That is so where nobody reads their partition any more, or where its reader has had a free
        slot for some time and still has not begun them. Who takes a partition over reads them.
        """
        if not self._broker.steady:
            return 0
        now_ms, rules = self._broker.now_ms(), self._means.rules
        sent = select(
            *(tasks.c.key, tasks.c.attempt, tasks.c.partition, tasks.c.sent_ms, tasks.c.worker),
            *(tasks.c.video, TRACE),
        )
        sent = sent.where(tasks.c.stage == stage, among(tasks.c.state, [SENT]))
        with reading(self._means.engine) as connection:
            waiting = [dict(row) for row in connection.execute(sent).mappings()]
        count = 0
        for row in waiting:
            reader = self._workers.reader_of(stage, row["partition"], now_ms)
            if reader is None:
                overdue = now_ms - row["sent_ms"] > rules.silence_ms
                count += overdue and self._again(row, "nobody reads its partition")
            elif reader.name != row["worker"]:
                self._hand_over(row, reader.name, now_ms)
            elif reader.idle_ms is not None and row["key"] not in reader.status.task_keys:
                since = max(reader.idle_ms, row["sent_ms"])
                overdue = reader.heard_ms - since > rules.silence_ms
                count += overdue and self._again(row, "its worker does not begin it")
        return count

    def _again(self, row: Row, reason: str) -> bool:
        with named(row["trace"], video=row["video"], task=row["key"]):
            self._log.info("task not begun", worker=row["worker"], reason=reason)
        values = {"state": READY, "not_before_ms": self._means.now_ms()}
        return self._change(row, {**values, "worker": None, "partition": None})

    def _hand_over(self, row: Row, worker: str, now_ms: int) -> bool:
        return self._change(row, {"worker": worker, "sent_ms": now_ms})

    def _change(self, row: Row, values: Mapping[str, Any]) -> bool:
        same = (among(tasks.c.state, [SENT])) & (tasks.c.attempt == row["attempt"])
        changed = update(tasks).where(tasks.c.key == row["key"], same).values(values)
        with self._means.engine.begin() as connection:
            return bool(connection.execute(changed).rowcount)
