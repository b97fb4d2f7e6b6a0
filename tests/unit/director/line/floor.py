"""A production line in one process: real director, real database, a bus and workers of memory."""

from __future__ import annotations

import itertools
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rostrum.director.v1.director_pb2 import Commission
from rostrum.director.v1.line_pb2 import EngineInfo, Failed, Report, Task, WorkerStatus
from sqlalchemy import Engine, event, select

from services.chassis.bus import Record
from services.chassis.bus.memory import MemoryBus
from services.chassis.envelope import unwrap, wrap
from services.chassis.store import Store, digest_of
from services.chassis.telemetry.metrics import Metrics
from services.chassis.topics import REPORTS, TOPICS, WORKERS, tasks_of
from services.director.database import open_tables, reading
from services.director.line.admission import Admission, admit
from services.director.line.loop import Line
from services.director.line.means import Means
from services.director.line.words import STAGES, Rules, part_of
from services.director.orders import complete
from services.director.schema import message_class
from services.director.tables import tasks, videos

TEAM = "house"
STATUS_SECONDS = 1.0
SCRIPT = "Good evening and welcome. Here is the news of the day. Good night and sleep well."
SHORT = Rules(lease_ms=5_000, silence_ms=3_000, ahead_seconds=1.5)


class Clock:
    """Seconds since 1970 that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_795_262_400.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """Does tasks of one stage, one at a time, as the real one would; and dies when told to."""

    def __init__(self, floor: Floor, stage: str, seconds: float, fingerprint: str = "") -> None:
        self.floor, self.stage, self.seconds = floor, stage, seconds
        self.name = f"{stage}-{next(floor.numbers)}"
        self.fingerprint = fingerprint or f"{stage} 1"
        self.reader = floor.bus.join(f"rostrum.{stage}", [tasks_of(stage).name])
        self.task: Task | None = None
        self.trace: dict[str, str] = {}
        self.until = 0.0
        self.spoke = self.progressed = float("-inf")
        self.dead = self.stalled = self.deaf = False
        self.fault: Callable[[Task], Failed | None] = lambda task: None
        self.done: list[str] = []

    def step(self) -> None:
        if self.dead or self.stalled:
            return
        self._status()
        if self.task is None:
            (self.reader.pause if self.deaf else self.reader.resume)()
            for record in self.reader.poll(0.0, 1):
                self._take(record)
        elif self.floor.clock() >= self.until:
            self._finish()
        elif self.floor.clock() >= self.progressed + STATUS_SECONDS:
            self.progressed = self.floor.clock()
            self._report("progress")

    def die(self) -> None:
        """SIGKILL: nothing is said; the broker finds out by the session's end."""
        self.dead = True
        self.reader.close()

    def _take(self, record: Record) -> None:
        envelope = unwrap(record)
        assert envelope is not None
        task = envelope.message
        assert isinstance(task, Task)
        self.floor.attempts[task.key].append((task.attempt, self.name))
        self.task, self.trace = task, dict(envelope.trace)
        self.until = self.floor.clock() + self.seconds
        self.progressed = self.floor.clock()
        self._report("started")
        self.reader.commit(record)
        self._status(now=True)

    def _finish(self) -> None:
        assert self.task is not None
        failed = self.fault(self.task)
        if failed is not None:
            self._report("failed", failed)
        else:
            store = self.floor.store_of(self.task.team)
            standing = store.result(self.task.key) if not self.task.anew else None
            if self.task.anew and store.result(self.task.key) is not None:
                store.forget_result(self.task.key)
            if standing is None:
                kind = message_class(self.task.request.TypeName())
                response = self.floor.answer_of(store)(kind.FromString(self.task.request.value))
                standing = store.keep_result(self.task.key, response.SerializeToString())
                self.floor.work[self.task.key] += 1
            report = Report()
            report.finished.response_digest = digest_of(standing)
            report.finished.work_ms = round(self.seconds * 1000)
            self._report("finished", report.finished)
            self.done.append(self.task.key)
        self.task = None
        self._status(now=True)

    def _report(self, event: str, said: Any = None) -> None:
        assert self.task is not None
        report = Report(
            key=self.task.key,
            video_id=self.task.video_id,
            attempt=self.task.attempt,
            stage=self.stage,
            worker=self.name,
        )
        getattr(report, event).SetInParent()
        if said is not None:
            getattr(report, event).CopyFrom(said)
        video = self.task.video_id
        message = wrap(
            REPORTS, report, id=uuid.uuid4().hex, source=self.name, key=video,
            partition=part_of(video), trace=self.trace,
        )  # fmt: skip
        self.floor.bus.publish([message] * self.floor.copies)

    def _status(self, *, now: bool = False) -> None:
        if not now and self.floor.clock() < self.spoke + STATUS_SECONDS:
            return
        self.spoke = self.floor.clock()
        status = WorkerStatus(
            worker=self.name,
            stage=self.stage,
            partitions=[number for _, number in sorted(self.reader.partitions())],
            free_slots=0 if self.task else 1,
            task_keys=[self.task.key] if self.task else [],
            engines=[EngineInfo(name=ENGINES[self.stage], fingerprint=self.fingerprint)],
        )
        self.floor.bus.publish(
            [wrap(WORKERS, status, id=uuid.uuid4().hex, source=self.name, key=self.name)]
        )


ENGINES = {
    "speech": "espeak",
    "motion": "tracks",
    "restoration": "texture",
    "lipsync": "visemes",
    "compositing": "puppet",
}


def forget_power_cuts(connection: Any, _: object) -> None:
    """Spare these tests the wait for the disk: none of them pulls the plug."""
    connection.execute("PRAGMA synchronous = OFF")


class Floor:
    """Everything a line needs, and everybody on it."""

    def __init__(self, url: str, folder: Path, answer_of: Any, make: Any) -> None:
        self.clock = Clock()
        self.bus = MemoryBus(self.clock)
        self.engine: Engine = open_tables(url)
        if url.startswith("sqlite"):
            event.listen(self.engine, "connect", forget_power_cuts)
            self.engine.dispose()
        self.folder = folder
        self.answer_of = answer_of
        self.make: Any = lambda **order: make(**({"script": SCRIPT} | order))
        self.stores: dict[str, Store] = {}
        self.numbers = itertools.count(1)
        self.random = random.Random(7)
        self.attempts: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self.work: Counter[str] = Counter()
        self.copies = 1
        self.lines: list[Line] = []
        self.workers: list[Worker] = []

    def store_of(self, team: str) -> Store:
        if team not in self.stores:
            self.stores[team] = Store.in_folder(self.folder, team)
        return self.stores[team]

    def hire(self, rules: Rules = SHORT) -> Line:
        """Start a director."""
        self.metrics = Metrics("director")
        line = Line(
            Means(
                engine=self.engine,
                bus=self.bus,
                store_of=self.store_of,
                metrics=self.metrics,
                rules=rules,
                clock=self.clock,
                monotonic=self.clock,
                jitter=lambda: 1.0,
            )
        )
        self.lines.append(line)
        return line

    def staff(self, each: int = 1, seconds: float = 0.5, stages: tuple[str, ...] = STAGES) -> None:
        """Start workers of every stage."""
        self.workers += [Worker(self, stage, seconds) for stage in stages for _ in range(each)]

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    @staticmethod
    def metrics_of() -> Metrics:
        return Metrics("director")

    def worker(self, stage: str) -> Worker:
        return next(worker for worker in self.workers if worker.stage == stage)

    def order(self, commission: Commission | None = None, **asked: Any) -> str:
        """Order a video, and return its id."""
        team = asked.pop("team", TEAM)
        full = complete(commission or self.make())
        with self.engine.begin() as connection:
            row = admit(connection, team, Admission(full, **asked), int(self.clock() * 1000))
        assert row is not None
        return str(row["id"])

    def pass_time(self, seconds: float = 0.1) -> None:
        """Let everybody do a turn."""
        self.clock.now += seconds
        for worker in self.workers:
            worker.step()
        for line in list(self.lines):
            line.turn()

    def spin(self, until: Callable[[], bool], seconds: float = 100.0, step: float = 0.1) -> None:
        """Let time pass until something is so."""
        deadline = self.clock() + seconds
        while not until():
            assert self.clock() < deadline, f"it never came about: {self.states()}"
            self.pass_time(step)

    def finish(self, *ids: str, seconds: float = 100.0) -> None:
        """Let time pass until videos have ended."""
        self.spin(
            lambda: all(self.video(id_)["state"] not in {"queued", "running"} for id_ in ids),
            seconds,
        )

    def video(self, id_: str) -> dict[str, Any]:
        with reading(self.engine) as connection:
            found = select(videos).where(videos.c.id == id_)
            return dict(connection.execute(found).mappings().one())

    def task(self, **where: Any) -> dict[str, Any]:
        return next(row for row in self.tasks() if all(row[k] == v for k, v in where.items()))

    def tasks(self) -> list[dict[str, Any]]:
        with reading(self.engine) as connection:
            found = select(tasks).order_by(tasks.c.created_ms, tasks.c.key)
            return [dict(row) for row in connection.execute(found).mappings()]

    def states(self) -> Counter[tuple[str, str]]:
        return Counter((row["stage"], row["state"]) for row in self.tasks())

    def told(self, id_: str) -> list[Any]:
        """Return what other teams were told of a video."""
        number = TOPICS["rostrum.videos"].partitions
        records = [r for p in range(number) for r in self.bus.log["rostrum.videos", p]]
        envelopes = [unwrap(record) for record in records if record.key == id_]
        return [envelope.message for envelope in envelopes if envelope is not None]

    def close(self) -> None:
        """Send everybody home."""
        for line in self.lines:
            line.close()
        self.engine.dispose()
