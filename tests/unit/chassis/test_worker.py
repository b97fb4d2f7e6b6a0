"""A worker takes tasks for good only when it may, and always says what became of them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from google.protobuf.message import Message
from rostrum.director.v1 import line_pb2 as pb

from services.chassis.bus import Outgoing, Record
from services.chassis.bus.memory import MemoryBus
from services.chassis.calls import Call
from services.chassis.crew import Crew
from services.chassis.envelope import unwrap, wrap
from services.chassis.errors import Transient
from services.chassis.intake import Fetched, fetched
from services.chassis.pool import Limits
from services.chassis.store import Store, digest_of
from services.chassis.telemetry.metrics import Metrics
from services.chassis.topics import CONTROL, REPORTS, WORKERS, dead_of, tasks_of
from services.chassis.worker import Pace, Worker
from tests.unit.chassis import tiny

ROOT = Path(__file__).parents[3]
TASKS = tasks_of("lipsync")
VIDEO = "0000000700000000000000000000cafe"
PACE = Pace(progress_seconds=5.0, poll_seconds=0.02)


class Wire(MemoryBus):
    """A bus over which nothing that workers write may pass for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = False

    def publish(self, messages: Sequence[Outgoing], timeout_seconds: float = 15) -> None:
        if self.is_cut and any(message.topic != TASKS.name for message in messages):
            raise Transient("BUS_UNAVAILABLE: the wire is cut")
        super().publish(messages, timeout_seconds)


class Clock:
    """Says what it is told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """Work processes import the tiny stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crew")


@pytest.fixture(scope="module")
def crew(folder: Path) -> Iterator[Crew]:
    with Crew("lipsync", tiny.setup(folder), Metrics("lipsync")) as crew:
        yield crew


@pytest.fixture
def store(folder: Path) -> Store:
    """Each test is a team of its own, and finds nothing of the others."""
    return Store.in_folder(folder / "store", f"team-{uuid4().hex}")


@pytest.fixture
def bus() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("lipsync")


@pytest.fixture
def worker(crew: Crew, bus: Wire, metrics: Metrics, clock: Clock) -> Iterator[Worker]:
    """A worker whose loop the test turns, with nothing to read yet."""
    assert _wait(lambda: crew.free == 1)
    worker = Worker(crew, bus, metrics, "lipsync-1", PACE, clock=clock, utc=lambda: 1000.0)
    worker.step()
    yield worker
    for name in worker._working:
        crew.stop(name)


class Asked(Protocol):
    """Makes the director's message of a request to the tiny stage."""

    def __call__(self, word: str, number: int = 0, **fields: object) -> pb.Task: ...


@pytest.fixture
def task(store: Store) -> Asked:
    def make(word: str, number: int = 0, **fields: object) -> pb.Task:
        asked = tiny.request(word, number)
        made = pb.Task(key=tiny.key_of(asked, store.realm), video_id=VIDEO, team=store.realm)
        made.attempt, made.fingerprint = 1, "tiny 1"
        made.request.Pack(asked)
        made.MergeFrom(pb.Task(**fields))  # type: ignore[arg-type]
        return made

    return make


def send(bus: MemoryBus, message: Message, partition: int = 0) -> pb.Task:
    assert isinstance(message, pb.Task)
    bus.publish([wrap(TASKS, message, id=uuid4().hex, source="director", partition=partition)])
    return message


def reports(bus: MemoryBus) -> list[pb.Report]:
    found = [unwrap(record) for record in bus.log[REPORTS.name, 7]]
    return [each.message for each in found if each and isinstance(each.message, pb.Report)]


def said(bus: MemoryBus) -> list[str]:
    return [str(report.WhichOneof("event")) for report in reports(bus)]


def statuses(bus: MemoryBus) -> list[pb.WorkerStatus]:
    found = [unwrap(record) for record in bus.log[WORKERS.name, 0]]
    return [each.message for each in found if each and isinstance(each.message, pb.WorkerStatus)]


def dead(bus: MemoryBus) -> list[Record]:
    return bus.log[dead_of(TASKS).name, 0]


def committed(bus: MemoryBus, partition: int = 0) -> int:
    return bus.groups["rostrum.lipsync"].committed.get((TASKS.name, partition), 0)


def turn(worker: Worker, until: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it never happened"
        worker.step()


def run_to_the_end(worker: Worker, bus: MemoryBus, count: int = 1) -> list[pb.Report]:
    ends = {"finished", "failed", "handed_back"}
    turn(worker, lambda: sum(word in ends for word in said(bus)) >= count)
    return reports(bus)


def test_a_task_is_started_done_and_reported_to_its_videos_partition(
    task: Asked, worker: Worker, bus: Wire, store: Store
) -> None:
    sent = send(bus, task("", 3))
    started, finished = run_to_the_end(worker, bus)
    assert started.WhichOneof("event") == "started"
    assert (finished.key, finished.video_id, finished.attempt) == (sent.key, VIDEO, 1)
    assert (finished.stage, finished.worker) == ("lipsync", "lipsync-1")
    kept = store.result(sent.key)
    assert kept is not None
    assert finished.finished.response_digest == digest_of(kept)
    assert not finished.finished.reused
    assert committed(bus) == 1


def test_a_result_that_is_there_is_found_first_unless_it_must_be_made_anew(
    task: Asked, worker: Worker, bus: Wire
) -> None:
    for message in (task("", 3), task("", 3), task("", 3, anew=True)):
        send(bus, message)
    run_to_the_end(worker, bus, 3)
    ends = [report.finished for report in reports(bus) if report.HasField("finished")]
    assert [end.reused for end in ends] == [False, True, False]
    assert len({end.response_digest for end in ends}) == 1, "the first ever accepted stands"


def test_a_task_is_taken_for_good_only_once_started_is_acknowledged(
    task: Asked, worker: Worker, bus: Wire, clock: Clock, tmp_path: Path
) -> None:
    bus.is_cut = True
    send(bus, task(f"die-once {tmp_path}/begun"))
    for _ in range(20):
        clock.seconds += 1.0
        worker.step()
    assert committed(bus) == 0, "another worker could still take it"
    assert not (tmp_path / "begun").exists(), "nobody knows of the work"
    bus.is_cut = False
    clock.seconds += 10.0
    run_to_the_end(worker, bus)
    assert said(bus)[0] == "started"
    assert committed(bus) == 1


def test_a_report_is_kept_until_the_broker_has_it(
    task: Asked, worker: Worker, bus: Wire, clock: Clock, tmp_path: Path
) -> None:
    send(bus, task(f"wait {tmp_path}/go", 1))
    turn(worker, lambda: said(bus) == ["started"])
    bus.is_cut = True
    (tmp_path / "go").touch()
    for _ in range(50):
        clock.seconds += 1.0
        worker.step()
    assert said(bus) == ["started"]
    bus.is_cut = False
    clock.seconds += 10.0
    assert [report.WhichOneof("event") for report in run_to_the_end(worker, bus)][-1] == "finished"


def test_a_killed_process_is_reported_and_the_next_task_is_done(
    worker: Worker, task: Asked, bus: Wire
) -> None:
    send(bus, task("die"))
    send(bus, task("", 1))
    found = run_to_the_end(worker, bus, 2)
    assert [report.WhichOneof("event") for report in found] == [
        *("started", "failed"),
        *("started", "finished"),
    ]
    assert found[1].failed.kind == pb.FAILURE_KIND_DEATH
    assert found[1].failed.reason == "WORKER_DIED"


@pytest.mark.parametrize(
    ("word", "kind", "reason"),
    [
        ("invalid", pb.FAILURE_KIND_INVALID, "SPEECH_LENGTH_INVALID"),
        ("transient", pb.FAILURE_KIND_TRANSIENT, "STORAGE_UNAVAILABLE"),
        (f"corrupt {'a' * 64}", pb.FAILURE_KIND_CORRUPT, "ASSET_NOT_FOUND"),
        ("bug", pb.FAILURE_KIND_BUG, "BUG"),
    ],
)
def test_failures_say_what_follows_from_them(
    task: Asked, worker: Worker, bus: Wire, word: str, kind: int, reason: str
) -> None:
    send(bus, task(word))
    failed = run_to_the_end(worker, bus)[-1].failed
    assert (failed.kind, failed.reason) == (kind, reason)
    if kind == pb.FAILURE_KIND_INVALID:
        assert [(f.field, f.remedy) for f in failed.faults] == [("speech", "say more")]
    if kind == pb.FAILURE_KIND_CORRUPT:
        assert failed.digest == "a" * 64
    if kind == pb.FAILURE_KIND_BUG:
        assert "ZeroDivisionError" in failed.message


def test_what_cannot_be_read_is_put_aside_and_stops_nobody(
    task: Asked, worker: Worker, bus: Wire, metrics: Metrics
) -> None:
    bus.publish([Outgoing(TASKS.name, b"\xff\xff", partition=0)])
    nameless = task("", 1)
    nameless.key = ""
    send(bus, nameless)
    strange = task("", 2)
    strange.video_id = "not hexadecimal"
    send(bus, strange)
    endless = task("", 2)
    endless.key = "0" * 400_000  # no report could name it
    send(bus, endless)
    bus.publish([Outgoing(TASKS.name, None, "tombstone", partition=0)])
    send(bus, task("", 3))
    run_to_the_end(worker, bus)
    reasons = [dict(record.headers)["rostrum_reason"].decode() for record in dead(bus)]
    assert reasons == [
        *("ENVELOPE_FIELD_REQUIRED", "ENVELOPE_FIELD_REQUIRED"),
        *("VIDEO_ID_MALFORMED", "OBJECT_KEY_INVALID"),
    ]
    assert dead(bus)[0].value == b"\xff\xff", "as it came"
    assert committed(bus) == 6
    label = f'rostrum_dead_letters_total{{topic="{TASKS.name}"}} 4.0'
    assert label in metrics.text().decode()


def test_a_request_nobody_here_answers_is_put_aside_and_its_director_is_told(
    task: Asked, worker: Worker, bus: Wire
) -> None:
    unknown = task("", 1)
    unknown.request.type_url = "type.googleapis.com/rostrum.lipsync.v1.WhisperRequest"
    broken = task("", 2)
    broken.request.value = b"\xff"
    send(bus, unknown)
    send(bus, broken)
    failures = [report.failed for report in run_to_the_end(worker, bus, 2)]
    assert [f.kind for f in failures] == [pb.FAILURE_KIND_INVALID] * 2
    assert [f.reason for f in failures] == ["REQUEST_TYPE_UNKNOWN", "ENVELOPE_MALFORMED"]
    assert len(dead(bus)) == 2


def test_a_task_for_another_engine_is_handed_back(worker: Worker, task: Asked, bus: Wire) -> None:
    send(bus, task("", 1, fingerprint="other 1"))  # here, but no answer to this request
    (report,) = run_to_the_end(worker, bus)
    assert report.handed_back.cause == pb.HAND_BACK_CAUSE_ENGINE
    assert committed(bus) == 1


def test_a_task_after_its_deadline_is_not_begun(worker: Worker, task: Asked, bus: Wire) -> None:
    send(bus, task("die", 1, deadline_unix_ms=999_999))
    (report,) = run_to_the_end(worker, bus)
    assert (report.failed.kind, report.failed.reason) == (pb.FAILURE_KIND_CANCELLED, "DEADLINE")


def test_nothing_is_fetched_for_good_while_the_slot_is_taken(
    task: Asked, worker: Worker, bus: Wire, crew: Crew, tmp_path: Path
) -> None:
    send(bus, task(f"wait {tmp_path}/go", 1))
    turn(worker, lambda: said(bus) == ["started"])
    for number in (2, 3, 4):
        send(bus, task("", number))
    for _ in range(10):
        worker.step()
    assert len(statuses(bus)[-1].task_keys) == 1, "the others are still for anybody"
    assert committed(bus) == 1
    assert said(bus) == ["started"], "two in one slot"
    (tmp_path / "go").touch()
    run_to_the_end(worker, bus, 4)
    assert committed(bus) == 4


def test_a_caller_at_the_other_door_takes_the_slot_from_the_line(
    task: Asked, worker: Worker, bus: Wire, crew: Crew
) -> None:
    assert crew.claim(), "as a caller would"
    send(bus, task("", 1))
    for _ in range(10):
        worker.step()
    assert said(bus) == []
    crew.unclaim(kept=True)
    run_to_the_end(worker, bus)


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_slot_that_the_line_no_longer_waits_for_is_for_callers(
    task: Asked, worker: Worker, bus: Wire, crew: Crew, tmp_path: Path, *, is_cut: bool
) -> None:
    caller = Call("m", "house", deadline_seconds=30.0)
    held = tiny.request(f"wait {tmp_path}/go")
    thread = threading.Thread(target=crew.answer, args=(held, caller))
    thread.start()
    assert _wait(lambda: crew.free == 0)
    send(bus, task("", 1))
    waiting = fetched(bus.log[TASKS.name, 0][-1], [tiny.SYNC])
    assert isinstance(waiting, Fetched)
    worker._waiting.append(waiting)  # polled while the slot was free
    worker._begin()
    waiting.is_unwanted, bus.is_cut = True, is_cut
    worker._begin()
    assert said(bus) == ([] if is_cut else ["failed"])
    (tmp_path / "go").touch()
    thread.join()
    assert _wait(lambda: crew.free == 1)
    assert crew.answer(tiny.request("", 2), caller), "the crew is idle"


def test_a_tombstone_does_not_speak_for_tasks_before_it_that_are_not_begun(
    task: Asked, worker: Worker, bus: Wire
) -> None:
    bus.is_cut = True
    send(bus, task("", 1))
    bus.publish([Outgoing(TASKS.name, None, "tombstone", partition=0)])
    worker._room = lambda: 2  # type: ignore[method-assign]  # two slots
    worker.step()
    assert len(worker._waiting) == 1
    assert committed(bus) == 0, "killed now, nobody would do it"


def test_a_partition_that_goes_takes_its_unbegun_records_with_it(
    task: Asked, worker: Worker, bus: Wire, crew: Crew, metrics: Metrics
) -> None:
    bus.is_cut = True
    last, *others = reversed(range(TASKS.partitions))
    send(bus, task("", last), last)
    worker.step()
    for number in others:
        send(bus, task("", number), number)
    second = Worker(crew, bus, metrics, "lipsync-2", PACE)
    turn(second, lambda: worker.step() and len(second._reader.partitions()) == 12)
    bus.is_cut = False
    worker._clock.seconds += 10.0  # type: ignore[attr-defined]
    numbers = range(TASKS.partitions)
    turn(second, lambda: worker.step() and all(committed(bus, number) for number in numbers))
    assert said(bus).count("started") == TASKS.partitions, "each by one worker"


def test_progress_comes_at_its_interval(
    task: Asked, worker: Worker, bus: Wire, clock: Clock, tmp_path: Path
) -> None:
    send(bus, task(f"wait {tmp_path}/go", 1))
    turn(worker, lambda: said(bus) == ["started"])
    for _ in range(12):
        clock.seconds += 1.0
        worker.step()
    assert said(bus) == ["started", "progress", "progress"]
    (tmp_path / "go").touch()
    run_to_the_end(worker, bus)


def test_a_task_nobody_wants_any_more_is_stopped(
    worker: Worker, task: Asked, bus: Wire, clock: Clock
) -> None:
    sent = send(bus, task("sleep 60", 1))
    turn(worker, lambda: said(bus) == ["started"])
    word = pb.Control(cancel_tasks=pb.CancelTasks(task_keys=[sent.key]))
    bus.publish([Outgoing(CONTROL.name, b"\xff"), wrap(CONTROL, word, id="1", source="director")])
    clock.seconds += 1.0
    failed = run_to_the_end(worker, bus)[-1].failed
    assert (failed.kind, failed.reason) == (pb.FAILURE_KIND_CANCELLED, "CANCELLED")
    send(bus, task("", 2))
    run_to_the_end(worker, bus, 2)


def send_again(bus: Wire, worker: Worker, task: pb.Task, attempt: int) -> None:
    """Have a later attempt reach the worker that has the earlier one in work."""
    task.attempt = attempt
    send(bus, task)
    late = fetched(bus.log[TASKS.name, 0][-1], [tiny.SYNC])
    assert late is not None
    worker._waiting.append(late)  # as after a pause of the whole machine
    worker.step()


def test_a_later_attempt_at_what_is_in_work_is_answered_by_that_work(
    task: Asked, worker: Worker, bus: Wire, crew: Crew, tmp_path: Path
) -> None:
    again = send(bus, task(f"wait {tmp_path}/go", 1))
    turn(worker, lambda: said(bus) == ["started"])
    send_again(bus, worker, again, 2)
    (tmp_path / "go").touch()
    found = run_to_the_end(worker, bus)
    assert [(r.WhichOneof("event"), r.attempt) for r in found] == [
        ("started", 1),
        ("started", 2),
        ("finished", 2),
    ]


@pytest.mark.parametrize("end", ["refuse", "die"])
def test_work_that_ends_badly_does_not_speak_for_a_later_attempt(
    task: Asked, worker: Worker, bus: Wire, tmp_path: Path, end: str
) -> None:
    again = send(bus, task(f"wait-then-{end} {tmp_path}/go", 1))
    turn(worker, lambda: said(bus) == ["started"])
    send_again(bus, worker, again, 2)
    (tmp_path / "go").touch()
    handed_back = run_to_the_end(worker, bus)[-1]
    assert handed_back.attempt == 2
    assert handed_back.handed_back.cause == pb.HAND_BACK_CAUSE_OVERTAKEN
    again.attempt = 3
    send(bus, again)
    last = run_to_the_end(worker, bus, 3)[-1]  # the second attempt lies on the topic, too
    assert last.HasField("failed"), "begun anew it says so itself"
    assert last.attempt == 3


def test_a_worker_says_what_it_is_and_has_at_each_change_and_now_and_then(
    task: Asked, worker: Worker, bus: Wire, clock: Clock, tmp_path: Path
) -> None:
    (first,) = statuses(bus)
    assert (first.worker, first.stage, first.free_slots) == ("lipsync-1", "lipsync", 1)
    assert list(first.partitions) == list(range(TASKS.partitions))
    assert [(e.name, e.fingerprint) for e in first.engines] == list(tiny.ENGINES)
    sent = send(bus, task(f"wait {tmp_path}/go", 1))
    turn(worker, lambda: len(statuses(bus)) == 2)
    assert list(statuses(bus)[-1].task_keys) == [sent.key]
    assert statuses(bus)[-1].free_slots == 0
    clock.seconds += 5.0
    worker.step()
    assert len(statuses(bus)) == 3
    (tmp_path / "go").touch()
    run_to_the_end(worker, bus)
    turn(worker, lambda: statuses(bus)[-1].free_slots == 1)


def test_draining_finishes_what_runs(
    worker: Worker, task: Asked, bus: Wire, tmp_path: Path
) -> None:
    send(bus, task(f"wait {tmp_path}/go", 1))
    turn(worker, lambda: said(bus) == ["started"])
    send(bus, task("", 2))
    worker.drain(30.0)
    turn(worker, lambda: statuses(bus)[-1].draining)
    assert statuses(bus)[-1].free_slots == 0
    (tmp_path / "go").touch()
    while worker.step():
        pass
    worker.close()
    assert said(bus) == ["started", "finished"]
    assert committed(bus) == 1, "the other task is somebody else's"
    assert bus.groups["rostrum.lipsync"].members == []


def test_draining_hands_back_what_does_not_end_in_time(
    task: Asked, worker: Worker, bus: Wire, clock: Clock
) -> None:
    send(bus, task("sleep 60", 1))
    turn(worker, lambda: said(bus) == ["started"])
    worker.drain(5.0)
    worker.step()
    assert said(bus) == ["started"], "it has time left"
    clock.seconds += 5.0
    while worker.step():
        pass
    assert reports(bus)[-1].handed_back.cause == pb.HAND_BACK_CAUSE_DRAINING


def test_draining_without_a_broker_ends_all_the_same(
    task: Asked, worker: Worker, bus: Wire, clock: Clock
) -> None:
    send(bus, task("sleep 60", 1))
    turn(worker, lambda: said(bus) == ["started"])
    bus.is_cut = True
    worker.drain(0.0)
    steps = 0
    while worker.step():
        clock.seconds += 0.2
        steps += 1
        assert steps < 1000
    assert said(bus) == ["started"]


def test_worn_processes_are_replaced_between_tasks(
    task: Asked, folder: Path, tmp_path: Path, store: Store, bus: Wire, metrics: Metrics
) -> None:
    setup = tiny.setup(folder, tmp_path / "scratch")
    with Crew("lipsync", setup, metrics, 1, Limits(tasks=1)) as crew:
        worker = Worker(crew, bus, metrics, pace=PACE)
        first, second = send(bus, task("", 1)), send(bus, task("", 2))
        run_to_the_end(worker, bus, 2)
        worker.close()
    assert store.result(first.key) is not None
    assert store.result(first.key) != store.result(second.key)


def test_two_slots_do_two_tasks_at_once(
    task: Asked, tmp_path: Path, bus: Wire, metrics: Metrics
) -> None:
    with Crew("lipsync", tiny.setup(tmp_path), metrics, 2) as crew:
        assert _wait(lambda: crew.free == 2)
        worker = Worker(crew, bus, metrics, pace=PACE)
        for number in range(3):
            send(bus, task(f"wait {tmp_path}/go", number), number)
        turn(worker, lambda: said(bus) == ["started", "started"])
        (tmp_path / "go").touch()
        run_to_the_end(worker, bus, 3)
        worker.close()


def test_it_works_in_a_thread_of_its_own_until_it_is_left(
    task: Asked, crew: Crew, bus: Wire, metrics: Metrics
) -> None:
    with Worker(crew, bus, metrics, pace=PACE) as worker:
        assert worker.is_alive()
        send(bus, task("", 1))
        assert _wait(lambda: "finished" in said(bus))
    assert statuses(bus)[-1].draining
    assert bus.groups["rostrum.lipsync"].members == []


def test_a_loop_that_ends_by_a_bug_is_not_worth_keeping(
    crew: Crew, bus: Wire, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    worker = Worker(crew, bus, metrics, pace=PACE)
    monkeypatch.setattr(worker, "step", lambda: 1 // 0)
    worker._thread.start()
    worker._thread.join()
    assert not worker.is_alive()


def test_a_loop_that_hangs_is_not_worth_keeping_and_one_that_was_stopped_is(
    crew: Crew, bus: Wire, metrics: Metrics, clock: Clock
) -> None:
    with Worker(crew, bus, metrics, pace=PACE, clock=clock) as worker:
        stepped = worker._stepped
        clock.seconds += 1000.0  # as after SIGSTOP and SIGCONT
        assert worker.is_alive()
        assert _wait(lambda: worker._stepped > stepped)
        assert all(worker.is_alive() for _ in range(20))
        worker.step = lambda: bool(time.sleep(0.5)) or True  # type: ignore[method-assign]
        time.sleep(0.1)
        clock.seconds += 1000.0
        assert not all(worker.is_alive() for _ in range(20))
        del worker.step  # type: ignore[method-assign]


def _wait(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()
