"""Sends ready tasks to workers that have room, in fair shares between channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.any_pb2 import Any as Envelope
from rostrum.director.v1.line_pb2 import Task
from sqlalchemy import Connection, bindparam, func, select, update

from services.chassis.bus import Outgoing
from services.chassis.envelope import wrap
from services.chassis.errors import Invalid
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.traces import named
from services.chassis.topics import tasks_of
from services.director.database import reading
from services.director.fairness import Candidate, Flow, choose
from services.director.line import outbox
from services.director.line.broker import Broker
from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.sharing import read_shares, write_shares
from services.director.line.tasks import TRACE, Trouble, wake
from services.director.line.videos import SOURCE
from services.director.line.words import FAILED, OUT, READY, RUNNING, SENT, SLOWEST
from services.director.line.workers import Worker, Workers
from services.director.schema import message_class
from services.director.tables import tasks, videos

Row = Mapping[str, Any]

IN_HAND: Final = select(
    tasks.c.worker, tasks.c.weight, tasks.c.partition, tasks.c.state, tasks.c.started_ms
).where(tasks.c.stage == bindparam("of_stage"), among(tasks.c.state, OUT))
READY_COUNT: Final = select(func.count()).where(
    tasks.c.stage == SLOWEST, among(tasks.c.state, [READY])
)
_PLACE: Final = func.row_number().over(
    partition_by=(tasks.c.team, tasks.c.channel),
    order_by=(
        tasks.c.priority.desc(),
        tasks.c.deadline_ms.asc().nulls_last(),
        tasks.c.is_check.desc(),
        tasks.c.born_ms,
        tasks.c.position,
        tasks.c.step,
        tasks.c.key,
    ),
)
_NUMBERED: Final = (
    select(
        *(tasks.c.key, tasks.c.team, tasks.c.channel, tasks.c.weight, tasks.c.priority),
        _PLACE.label("number"),
    )
    .where(
        tasks.c.stage == bindparam("of_stage"),
        tasks.c.fingerprint == bindparam("by"),
        among(tasks.c.state, [READY]),
        tasks.c.not_before_ms <= bindparam("now_ms"),
    )
    .subquery()
)
FIRST_READY: Final = (
    select(_NUMBERED).where(_NUMBERED.c.number <= bindparam("most")).order_by(_NUMBERED.c.number)
)
"""The first ready tasks of each channel, in the channel's own order."""
WHOLE: Final = select(tasks, TRACE).where(tasks.c.key.in_(bindparam("keys", expanding=True)))
"""All of some tasks, each with the trace of its video."""

FAR: Final = 1 << 20
"""More partitions than a topic has."""
AHEAD: Final = 1
"""Tasks beyond its slots that a worker may have been sent."""


@dataclass
class Room:
    """What a worker can take."""

    worker: Worker
    busy: int = 0
    """Tasks it has or was sent."""
    left_seconds: float = 0.0
    """Work that is left of them, by expectation."""
    load: dict[int, int] = field(default_factory=dict)
    """Tasks on each of its partitions."""

    def free(self, ahead_seconds: float) -> int:
        """Return how many more it may be sent."""
        free = self.worker.slots - self.busy
        if free <= 0 < self.worker.slots and self.left_seconds <= ahead_seconds * self.worker.slots:
            return free + AHEAD
        return free

    def take(self, weight: float, attempt: int = 0) -> int:
        """Note a task, and return the partition to send it to: that with the least before it.

        Each attempt begins to look at another one, for a partition whose reader is deaf to it would
        keep a task for ever.
        """
        self.busy += 1
        self.left_seconds += weight
        partitions = self.worker.status.partitions
        partition = min(
            partitions, key=lambda number: (self.load.get(number, 0), (number - attempt) % FAR)
        )
        self.load[partition] = self.load.get(partition, 0) + 1
        return partition


class Dispatch:
    """Sends the tasks of one stage at a time. One director does it for a stage; rows decide."""

    def __init__(self, means: Means, workers: Workers, broker: Broker) -> None:
        self._means = means
        self._workers = workers
        self._broker = broker
        self._log = get_log()

    def send(self, stage: str) -> int:
        """Send what there is room for; return how many."""
        with reading(self._means.engine) as connection:
            rooms = self.rooms(connection, stage)
            sent = 0
            for fingerprint in sorted(set().union(*(r.worker.fingerprints for r in rooms))):
                able = [room for room in rooms if fingerprint in room.worker.fingerprints]
                sent += self._send(connection, stage, fingerprint, able)
        return sent

    def idle_slots(self) -> int:
        """Return how many slots of the stage with most of the work have nothing to do."""
        with reading(self._means.engine) as connection:
            rooms = self.rooms(connection, SLOWEST)
            waiting = connection.execute(READY_COUNT).scalar_one() if rooms else 0
        return max(0, sum(max(0, room.free(0.0)) for room in rooms) - int(waiting))

    def rooms(self, connection: Connection, stage: str) -> list[Room]:
        """Return the workers of a stage that read any partition, with what they have in hand."""
        now_ms = self._broker.now_ms()
        alive = self._workers.alive(now_ms, stage)
        rooms = {w.name: Room(w) for w in alive if w.slots and w.status.partitions}
        out = connection.execute(IN_HAND, {"of_stage": stage}).mappings() if rooms else ()
        for row in out:
            if (room := rooms.get(row["worker"])) is not None:
                spent = (now_ms - (row["started_ms"] or now_ms)) / 1000
                running = row["state"] == RUNNING
                room.busy += 1
                room.left_seconds += max(0.0, row["weight"] - spent) if running else row["weight"]
                room.load[row["partition"]] = room.load.get(row["partition"], 0) + 1
        return list(rooms.values())

    def _send(
        self, connection: Connection, stage: str, fingerprint: str, rooms: Sequence[Room]
    ) -> int:
        ahead = self._means.rules.ahead_seconds
        places = sum(max(0, room.free(ahead)) for room in rooms)
        if not places:
            return 0
        queues = self._ready(connection, stage, fingerprint, places)
        if not queues:
            return 0
        shares = read_shares(connection, stage)
        chosen, after = choose(queues, shares, places)
        rows = _whole(connection, [candidate.key for candidate in chosen])
        planned = []
        for candidate in chosen:
            room = min(
                rooms, key=lambda room: (-room.free(0.0), room.left_seconds, room.worker.name)
            )
            if room.free(ahead) > 0:
                row = rows[candidate.key]
                planned.append((row, room.worker, room.take(candidate.cost, row["attempt"])))
        return self._write(planned, lambda writing: write_shares(writing, stage, shares, after))

    def _ready(
        self, connection: Connection, stage: str, fingerprint: str, most: int
    ) -> dict[Flow, list[Candidate]]:
        """Return the first ready tasks of each channel, in the channel's own order."""
        asked = {"of_stage": stage, "by": fingerprint, "now_ms": self._means.now_ms(), "most": most}
        queues: defaultdict[Flow, list[Candidate]] = defaultdict(list)
        for row in connection.execute(FIRST_READY, asked):
            flow = (row.team, row.channel)
            queues[flow].append(Candidate(row.key, flow, row.weight, row.priority))
        return dict(queues)

    def _write(
        self, planned: Sequence[tuple[Row, Worker, int]], account: Callable[[Connection], None]
    ) -> int:
        """Send tasks that are still ready; what another has taken is left to it."""
        now_ms = self._means.now_ms()
        messages: list[Outgoing] = []
        sent: list[tuple[Row, Worker, int]] = []
        refused = set()
        with self._means.engine.begin() as connection:
            for row, worker, partition in sorted(planned, key=lambda each: each[0]["key"]):
                try:
                    message = task_message(row, partition)
                except Invalid as error:
                    refuse(connection, row, error, now_ms)
                    refused.add(row["key"])
                    continue
                if self._take(connection, row, worker, partition):
                    messages.append(message)
                    sent.append((row, worker, partition))
            outbox.post(connection, messages, now_ms)
            account(connection)
            wake(connection, refused)
            self._begin(connection, {row["video"] for row, *_ in sent}, now_ms)
        self._tell(sent)
        return len(messages)

    def _tell(self, sent: Sequence[tuple[Row, Worker, int]]) -> None:
        for row, worker, partition in sent:
            to = {"worker": worker.name, "partition": partition, "attempt": row["attempt"] + 1}
            with named(row["trace"], video=row["video"], task=row["key"], team=row["team"]):
                self._log.info("task sent", stage=row["stage"], **to)

    def _take(self, connection: Connection, row: Row, worker: Worker, partition: int) -> bool:
        ready = (among(tasks.c.state, [READY])) & (tasks.c.attempt == row["attempt"])
        taken = update(tasks).where(tasks.c.key == row["key"], ready)
        written = connection.execute(
            taken.values(
                state=SENT,
                attempt=row["attempt"] + 1,
                worker=worker.name,
                partition=partition,
                sent_ms=self._broker.now_ms(),
                heard_ms=None,
                started_ms=None,
            )
        )
        return bool(written.rowcount)

    def _begin(self, connection: Connection, begun: set[str], now_ms: int) -> None:
        """Note when a video's first task was sent."""
        first = update(videos).where(videos.c.id.in_(sorted(begun)), videos.c.started_ms.is_(None))
        created = first.values(started_ms=now_ms).returning(videos.c.created_ms)
        for created_ms in connection.execute(created).scalars() if begun else ():
            self._means.metrics.video_start_seconds.observe((now_ms - created_ms) / 1000)


def _whole(connection: Connection, keys: Sequence[str]) -> dict[str, Row]:
    """Return rows of tasks by key, each with the trace of its video."""
    rows = connection.execute(WHOLE, {"keys": list(keys)}).mappings()
    return {row["key"]: dict(row) for row in rows}


def task_message(row: Row, partition: int) -> Outgoing:
    """Return the message that sends a task's next attempt. Raises Invalid where it is too large."""
    request = Envelope()
    request.Pack(message_class(row["request_type"]).FromString(bytes(row["request"])))
    attempt = row["attempt"] + 1
    task = Task(
        key=row["key"],
        video_id=row["video"],
        team=row["team"],
        attempt=attempt,
        fingerprint=row["fingerprint"],
        request=request,
        anew=row["anew"],
    )
    return wrap(
        tasks_of(row["stage"]),
        task,
        id=f"{row['key']}/{attempt}",
        source=SOURCE,
        key=row["key"],
        partition=partition,
        trace={"traceparent": row["trace"] or ""},
    )


def refuse(connection: Connection, row: Row, error: Invalid, now_ms: int) -> None:
    """Give a task up that no message can carry."""
    said = error.violations[0]
    trouble = Trouble("bug", said.reason, str(error))
    failed = update(tasks).where(tasks.c.key == row["key"])
    connection.execute(failed.values(state=FAILED, ended_ms=now_ms, error=trouble.text()))
