"""What workers report: taken in once each, with its effect and our offset, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from google.protobuf.message import DecodeError
from rostrum.director.v1.line_pb2 import FailureKind, HandBackCause, Report
from sqlalchemy import Connection, select, tuple_

from services.chassis.bus import Partition, Record
from services.chassis.envelope import dead_letter, unwrap
from services.chassis.errors import Invalid
from services.chassis.fields import digests_in
from services.chassis.store import digest_of
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.traces import PARENT, named
from services.director.database import insert_into, reading
from services.director.line import outbox
from services.director.line.charges import again, died, give_up, goes_on, trouble_in
from services.director.line.lookups import plain
from services.director.line.means import Means
from services.director.line.tasks import Trouble, hold, save, wake
from services.director.line.words import (
    DROPPED,
    FAILED,
    FINISHED,
    OUT,
    PARKED,
)
from services.director.retries import ATTEMPTS, pause_after
from services.director.schema import response_class
from services.director.tables import inbox, offsets, tasks

LACKING_PAUSE_MS: Final = 1000
"""Before a task is sent again that a worker lacked the engine for."""
CHANGED: Final = (
    *("state", "failures", "deaths", "not_before_ms", "worker", "partition", "heard_ms"),
    *("started_ms", "ended_ms", "seconds", "cpu_seconds", "digests", "error"),
)
"""Columns that a report may change."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """A report as it was delivered."""

    id: str
    report: Report
    time_ms: int
    """When the broker took it."""
    record: Record
    traceparent: str = ""
    """Of its video's caller."""


class Reports:
    """Takes reports in. What was taken in once has no effect when it is delivered again."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._engine = means.engine
        self._metrics = means.metrics
        self._log = get_log()

    def offsets_of(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return where to go on in partitions; those never read are left out."""
        at = tuple_(offsets.c.topic, offsets.c.partition).in_(sorted(partitions))
        with reading(self._engine) as connection:
            rows = connection.execute(select(offsets).where(at)).all()
        return {(row.topic, row.partition): row.next_offset for row in rows}

    def take(self, records: Sequence[Record], now_ms: int) -> None:
        """Take in what was delivered: everything, or nothing where the database is away."""
        heard, unreadable = self._read(records)
        results = self._results_of(heard)
        with self._engine.begin() as connection:
            fresh = self._fresh(connection, heard, now_ms)
            self._apply(connection, fresh, results, now_ms)
            outbox.post(connection, [dead_letter(*each) for each in unreadable], now_ms)
            self._advance_offsets(connection, records)
        for record, _ in unreadable:
            self._metrics.dead_letters.add(topic=record.topic)

    def _read(self, records: Sequence[Record]) -> tuple[list[Heard], list[tuple[Record, Invalid]]]:
        heard, unreadable = [], []
        for record in records:
            try:
                envelope = unwrap(record)
            except Invalid as error:
                self._log.warning("report unreadable", reason=error.violations[0].reason)
                unreadable.append((record, error))
                continue
            if envelope is not None:
                report = cast("Report", envelope.message)
                report.key, report.worker = plain(report.key), plain(report.worker)
                trace = envelope.trace.get(PARENT, "")
                heard.append(Heard(_identity(envelope.id), report, record.time_ms, record, trace))
        return heard, unreadable

    def _results_of(self, heard: Sequence[Heard]) -> Mapping[str, bytes]:
        """Return the results that finished tasks left in the store, by key.

        Read before the transaction begins: a store may be slow.
        """
        done = {one.report.key for one in heard if one.report.HasField("finished")}
        if not done:
            return {}
        named = select(tasks.c.key, tasks.c.team).where(tasks.c.key.in_(sorted(done)))
        with reading(self._engine) as connection:
            teams = {row.key: row.team for row in connection.execute(named)}
        found = {key: self._means.store_of(team).result(key) for key, team in teams.items()}
        return {key: result for key, result in found.items() if result is not None}

    def _fresh(self, connection: Connection, heard: Sequence[Heard], now_ms: int) -> list[Heard]:
        """Return what was not taken in before, and note it as taken in."""
        by_id = {one.id: one for one in reversed(heard)}
        if not by_id:
            return []
        rows = [
            {"id": one.id, "topic": one.record.topic, "received_ms": now_ms}
            for one in by_id.values()
        ]
        new = insert_into(connection, inbox).on_conflict_do_nothing().returning(inbox.c.id)
        known = set(connection.execute(new, rows).scalars())
        return [one for one in heard if one.id in known and by_id[one.id] is one]

    def _apply(
        self,
        connection: Connection,
        fresh: Sequence[Heard],
        results: Mapping[str, bytes],
        now_ms: int,
    ) -> None:
        rows = hold(connection, (one.report.key for one in fresh))
        touched: dict[str, Row] = {}
        ended = set()
        for one in fresh:
            key = one.report.key
            with named(one.traceparent, video=one.report.video_id, task=key):
                if (row := rows.get(key)) is None:
                    self._log.warning("report of a task nobody knows")
                    continue
                if self._change(row, one, results, now_ms):
                    touched[key] = row
                if row["state"] in {FINISHED, FAILED, PARKED}:
                    ended.add(key)
        save(connection, [touched[key] for key in sorted(touched)], CHANGED)
        wake(connection, ended & touched.keys())

    def _change(self, row: Row, one: Heard, results: Mapping[str, bytes], now_ms: int) -> bool:
        """Change a row as a report says; return False where it has no say any more."""
        report = one.report
        event = report.WhichOneof("event")
        if event == "finished":
            return self._finished(row, one, results.get(row["key"]), now_ms)
        late = report.attempt == row["attempt"] and row["state"] in {FINISHED, FAILED, PARKED}
        if (late and event != "started") or row["state"] == DROPPED:
            return False  # it has ended by that attempt, or was stopped as it was told to
        if report.attempt != row["attempt"] or row["state"] not in OUT:
            return self._fence(row, one)
        if event in {"started", "progress"}:
            return goes_on(row, report.worker, one.time_ms)
        if event == "handed_back":
            lacking = report.handed_back.cause == HandBackCause.HAND_BACK_CAUSE_ENGINE
            return again(row, now_ms + (LACKING_PAUSE_MS if lacking else 0))
        return self._failed(row, one, now_ms)

    def _fence(self, row: Row, one: Heard) -> bool:
        """Leave a report out that comes too late; what was merely late to start is no news."""
        event = one.report.WhichOneof("event")
        if event == "started" and one.report.attempt == row["attempt"] and not row["started_ms"]:
            row["started_ms"] = one.time_ms
            return True
        self._metrics.reports_fenced.add(stage=row["stage"])
        self._log.info(
            "ATTEMPT_FENCED",
            task=row["key"],
            attempt=one.report.attempt,
            current=row["attempt"],
            said=event,
            worker=one.report.worker,
        )
        return False

    def _finished(self, row: Row, one: Heard, result: bytes | None, now_ms: int) -> bool:
        """Accept a result, whichever attempt it is of: it lies in the store, whole."""
        report = one.report
        if row["state"] == FINISHED:
            return False
        if result is None:
            if report.attempt != row["attempt"] or row["state"] not in OUT:
                return self._fence(row, one)
            lost = f"the result of {row['key']} is not in the store"
            return self._passing(row, Trouble("transient", "RESULT_MISSING", lost), now_ms)
        if digest_of(result) != report.finished.response_digest:
            self._log.warning("another result stands", task=row["key"], worker=report.worker)
        try:
            response = response_class(row["request_type"]).FromString(result)
        except DecodeError:
            unread = f"the result of {row['key']} cannot be read"
            return self._passing(row, Trouble("transient", "RESULT_UNREADABLE", unread), now_ms)
        row["state"], row["error"], row["ended_ms"] = FINISHED, None, one.time_ms
        row["started_ms"] = row["started_ms"] or one.time_ms - report.finished.work_ms
        row["heard_ms"] = max(row["heard_ms"] or 0, one.time_ms)
        row["worker"] = report.worker
        row["seconds"] = report.finished.work_ms / 1000
        row["cpu_seconds"] = report.finished.cpu_ms / 1000
        row["digests"] = json.dumps(digests_in(response))
        return True

    def _failed(self, row: Row, one: Heard, now_ms: int) -> bool:
        failed = one.report.failed
        kind = failed.kind
        if kind == FailureKind.FAILURE_KIND_CANCELLED:
            return again(row, now_ms)
        trouble = trouble_in(one.report)
        self._log.info(
            "task failed",
            task=row["key"],
            kind=trouble.kind,
            reason=trouble.reason,
            worker=one.report.worker,
            attempt=row["attempt"],
            message=trouble.message,
        )
        if kind == FailureKind.FAILURE_KIND_TRANSIENT:
            return self._passing(row, trouble, now_ms)
        if kind == FailureKind.FAILURE_KIND_DEATH:
            return died(row, self._metrics, trouble, now_ms)
        return give_up(row, trouble, now_ms)

    def _passing(self, row: Row, trouble: Trouble, now_ms: int) -> bool:
        row["failures"] += 1
        if row["failures"] >= ATTEMPTS:
            return give_up(row, trouble, now_ms)
        pause = pause_after(row["failures"], self._means.jitter())
        row["error"] = trouble.text()
        return again(row, now_ms + int(pause.total_seconds() * 1000))

    def _advance_offsets(self, connection: Connection, records: Sequence[Record]) -> None:
        last: dict[Partition, int] = {}
        for record in records:
            at = record.topic, record.partition
            last[at] = max(last.get(at, 0), record.offset + 1)
        rows = [
            {"topic": t, "partition": p, "next_offset": n} for (t, p), n in sorted(last.items())
        ]
        new = insert_into(connection, offsets)
        farther = new.excluded.next_offset > offsets.c.next_offset
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["topic", "partition"],
                set_={"next_offset": new.excluded.next_offset},
                where=farther,
            ),
            rows,
        )


def _identity(said: str) -> str:
    """Return a message's id as the inbox holds it, whatever its writer made up."""
    return said if plain(said) == said else digest_of(said.encode())
