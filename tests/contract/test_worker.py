"""Workers over a real broker: what one that is killed had taken, and what it had not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from rostrum.director.v1 import line_pb2 as pb

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_topics import apply_topics
from services.chassis.envelope import unwrap, wrap
from services.chassis.settings import BusSettings
from services.chassis.store import Store
from services.chassis.topics import CONTROL, REPORTS, TOPICS, WORKERS, dead_of, tasks_of
from services.studio.servers.kafka import KafkaServer
from tests.unit.chassis import tiny

ROOT = Path(__file__).parents[2]
TASKS = tasks_of("lipsync")


@dataclass
class Line:
    """A broker, workers at it, and what they say."""

    address: str
    folder: Path
    bus: KafkaBus
    mark: str = field(default_factory=lambda: uuid4().hex)
    """By which the processes of this test are known."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    reports: list[pb.Report] = field(default_factory=list)
    statuses: list[pb.WorkerStatus] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heard = self.bus.follow([REPORTS.name, WORKERS.name])

    def start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        program = (sys.executable, "-m", "tests.contract.line_worker")
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*program, self.address, self.folder, name, *words],
                cwd=ROOT,
                env={**os.environ, "ROSTRUM_TEST_MARK": self.mark},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def send(self, word: str, number: int, partition: int = 0) -> pb.Task:
        asked = tiny.request(word, number)
        task = pb.Task(key=tiny.key_of(asked), video_id=uuid4().hex, team="house", attempt=1)
        task.fingerprint = "tiny 1"
        task.request.Pack(asked)
        made = wrap(TASKS, task, id=uuid4().hex, source="director", partition=partition)
        self.bus.publish([made])
        return task

    def listen(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, (self.reports, self.logs())
            for record in self.heard.poll(0.2):
                envelope = unwrap(record)
                assert envelope is not None
                if isinstance(envelope.message, pb.Report):
                    self.reports.append(envelope.message)
                elif isinstance(envelope.message, pb.WorkerStatus):
                    self.statuses.append(envelope.message)

    def said(self, task: pb.Task) -> list[tuple[str, str]]:
        """Who said what of a task, without progress."""
        events = [
            (report.worker, str(report.WhichOneof("event")))
            for report in self.reports
            if report.video_id == task.video_id
        ]
        return [event for event in events if event[1] != "progress"]

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.folder.glob("*.log"))

    def alive(self) -> list[int]:
        """Every process that a worker of this test has started, and the workers."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@pytest.fixture
def line(kafka: KafkaServer, tmp_path: Path) -> Iterator[Line]:
    settings = BusSettings.read(brokers=kafka.address)
    needed = (TASKS, dead_of(TASKS), REPORTS, WORKERS, CONTROL)
    apply_topics(settings, {topic.name: TOPICS[topic.name] for topic in needed})
    line = Line(kafka.address, tmp_path, KafkaBus(settings))
    yield line
    for process in line.processes:
        process.kill()
        process.wait()
    line.bus.close()


def test_a_task_that_a_killed_worker_had_begun_is_nobody_elses_until_it_is_sent_again(
    line: Line, tmp_path: Path
) -> None:
    first = line.start("first")
    begun = line.send(f"wait {tmp_path}/go", 1)
    line.listen(lambda: any(begun.key in status.task_keys for status in line.statuses))
    first.send_signal(signal.SIGKILL)
    first.wait()
    line.start("second")
    (tmp_path / "go").touch()
    after = line.send("", 2)
    line.listen(lambda: line.said(after) == [("second", "started"), ("second", "finished")])
    assert line.said(begun) == [("first", "started")], "its lease lapses; nobody took it twice"
    store = Store.in_folder(tmp_path / "store", "house")
    assert store.result(begun.key) is None, "the work went with its worker"
    assert first.pid not in line.alive()
    assert len(line.alive()) <= 3, "processes outlive their worker"  # second, its child, a tracker


def test_a_task_whose_worker_is_killed_before_it_commits_is_done_by_another(line: Line) -> None:
    first = line.start("first", "dies-at-commit")
    task = line.send("", 3)
    line.listen(lambda: line.said(task) == [("first", "started")])
    first.wait()
    line.start("second")
    line.listen(lambda: ("second", "finished") in line.said(task))
    assert line.said(task)[1:] == [("second", "started"), ("second", "finished")]


def test_told_to_end_it_finishes_and_leaves_nothing_behind(line: Line, tmp_path: Path) -> None:
    worker = line.start("first")
    task = line.send(f"wait {tmp_path}/go", 4)
    line.listen(lambda: any(task.key in status.task_keys for status in line.statuses))
    worker.terminate()
    line.listen(lambda: line.statuses[-1].draining)
    (tmp_path / "go").touch()
    assert worker.wait(timeout=30) == 0, line.logs()
    line.listen(lambda: ("first", "finished") in line.said(task))
    deadline = time.monotonic() + 20
    while line.alive() and time.monotonic() < deadline:
        time.sleep(0.1)  # Python's own tracker of resources hears of the end and goes
    assert line.alive() == []
    assert not (tmp_path / "first").exists(), "scratch files"


def test_a_broker_that_is_away_costs_no_report(
    line: Line, kafka: KafkaServer, tmp_path: Path
) -> None:
    line.start("first")
    task = line.send(f"wait {tmp_path}/go", 5)
    line.listen(lambda: any(task.key in status.task_keys for status in line.statuses))
    kafka.kill()
    (tmp_path / "go").touch()
    store = Store.in_folder(tmp_path / "store", "house")
    deadline = time.monotonic() + 20
    while store.result(task.key) is None:
        assert time.monotonic() < deadline, "it works on without a broker"
        time.sleep(0.1)
    kafka.start()
    line.listen(lambda: ("first", "finished") in line.said(task))
    after = line.send("", 6)
    line.listen(lambda: ("first", "finished") in line.said(after))
