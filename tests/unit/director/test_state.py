"""What is remembered survives the process, whenever it dies and whoever else is writing."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rostrum.director.v1.director_pb2 import Commission
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest, SyncResponse
from rostrum.media.v1.media_pb2 import Speech, Take

from services.chassis.errors import Invalid, Transient
from services.director.orders import complete
from services.director.recipes import Output, Step
from services.director.state import State
from services.director.videos import FAILED, FINISHED, Part, Task

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 5, tzinfo=UTC)


def task(video: str, number: int = 1) -> Task:
    request = SyncRequest(engine="visemes", speech=Speech(frame_count=number))
    step = Step("lipsync", f"lipsync/{number}", request, SyncResponse, 0.2)
    return Task(f"{number:064x}", video, step, "visemes 1", attempt=1)


def made(number: int = 1) -> SyncResponse:
    return SyncResponse(take=Take(digest=f"{number:064x}", frame_count=number, frame_rate=25))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield opened
    opened.close()


def test_the_record_tells_what_a_video_was_made_from(state: State, commission: Commission) -> None:
    video = state.begin_video(complete(commission), NOW)
    state.task_started(task(video), NOW)
    state.task_finished(task(video).key, made(), 0.25, LATER)
    state.link(video, [Part(task(video), made())])
    outputs = [Output("senior-welder.srt", "srt", "ab" * 32)]
    state.end_video(video, FINISHED, LATER, outputs=outputs)
    record = json.loads(json.dumps(state.production_record(video)))
    assert (record["name"], record["status"]) == ("senior-welder", "finished")
    assert record["created"] == "2026-11-21T12:00:00.000+00:00"
    assert record["order"]["frame_rate"] == 25, "defaults are part of what was made"
    assert record["presenter"]["consent"] == {"kind": "synthetic"}
    assert record["outputs"] == [{"name": "senior-welder.srt", "kind": "srt", "digest": "ab" * 32}]
    (part,) = record["tasks"]
    assert part == {
        "name": "lipsync/1",
        "stage": "lipsync",
        "key": f"{1:064x}",
        "engine": "visemes",
        "fingerprint": "visemes 1",
        "request_type": "rostrum.lipsync.v1.SyncRequest",
        "request": {"engine": "visemes", "speech": {"frameCount": 1}},
        "digests": [f"{1:064x}"],
        "seconds": 0.25,
        "attempts": 1,
        "reused": False,
    }


def test_what_another_video_did_is_reused(state: State, commission: Commission) -> None:
    first = state.begin_video(complete(commission), NOW)
    state.task_started(task(first), NOW)
    state.task_finished(task(first).key, made(), 0.25, LATER)
    commission.order.name = "other"
    other = state.begin_video(complete(commission), NOW)
    state.link(other, [Part(task(other), made())])
    (part,) = state.production_record(other)["tasks"]
    assert (part["reused"], part["seconds"]) == (True, 0.25)


def test_a_task_that_was_done_elsewhere_becomes_known(state: State, commission: Commission) -> None:
    video = state.begin_video(complete(commission), NOW)
    state.link(video, [Part(task(video), made())])
    (part,) = state.production_record(video)["tasks"]
    assert (part["reused"], part["seconds"], part["digests"]) == (True, None, [f"{1:064x}"])


def test_a_task_whose_end_was_not_written_down_is_mended(
    state: State, commission: Commission
) -> None:
    video = state.begin_video(complete(commission), NOW)
    state.task_started(task(video), NOW)  # killed here, its result in the store
    state.link(video, [Part(task(video), made())])
    assert state.count_tasks() == {"finished": 1}


def test_a_failed_video_keeps_its_complaints(state: State, commission: Commission) -> None:
    video = state.begin_video(complete(commission), NOW)
    state.end_video(video, FAILED, LATER, Invalid("script", "SCRIPT_EMPTY", "write a sentence"))
    assert state.production_record(video)["complaints"] == [
        {"field": "script", "reason": "SCRIPT_EMPTY", "remedy": "write a sentence"}
    ]


def test_a_failed_attempt_is_remembered_until_the_next(
    state: State, commission: Commission
) -> None:
    video = state.begin_video(complete(commission), NOW)
    state.task_started(task(video), NOW)
    state.task_failed(task(video).key, Transient("full"), LATER)
    assert state.count_tasks() == {"failed": 1}
    state.task_started(task(video), NOW)
    assert state.count_tasks() == {"running": 1}


def test_an_ended_video_is_not_gone_on_with(state: State, commission: Commission) -> None:
    first = state.begin_video(complete(commission), NOW)
    assert state.begin_video(complete(commission), LATER) == first
    state.end_video(first, FINISHED, LATER)
    assert state.begin_video(complete(commission), LATER) != first


def test_another_order_of_the_same_name_is_another_video(
    state: State, commission: Commission
) -> None:
    first = state.begin_video(complete(commission), NOW)
    commission.order.script = "Another script."
    second = state.begin_video(complete(commission), LATER)
    assert second != first
    assert state.video_named("senior-welder") == second, "the latest"


def test_a_video_nobody_knows_has_no_record(state: State) -> None:
    with pytest.raises(KeyError):
        state.production_record("nobody")
    assert state.video_named("nobody") is None


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from test_state import *
state = State(sys.argv[1])
commission = Commission()
commission.order.name = sys.argv[2]
video = state.begin_video(commission, NOW)
print(video, flush=True)
for number in range(int(sys.argv[3]), int(sys.argv[4])):
    state.task_started(task(video, number), NOW)
    state.task_finished(task(video, number).key, made(number), 0.1, LATER)
    state.link(video, [Part(task(video, number), made(number))])
state.end_video(video, FINISHED, LATER)
"""


def writer(url: str, name: str, begin: int, end: int) -> subprocess.Popen[str]:
    code = WRITER.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, url, name, str(begin), str(end)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def sound(path: Path) -> list[Any]:
    """Return what SQLite itself says about a database file."""
    with sqlite3.connect(path) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_at_any_moment_leaves_whole_transactions(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "state.sqlite"
    process = writer(f"sqlite:///{path}", "victim", 1, 100_000)
    assert process.stdout is not None
    video = process.stdout.readline().strip()
    time.sleep(random.Random(seed).uniform(0.05, 0.4))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    assert sound(path) == ("ok",)
    state = State(f"sqlite:///{path}")
    record, counts = state.production_record(video), state.count_tasks()
    state.close()
    assert record["status"] == "running"
    assert len(record["tasks"]) > 0, "it was killed before it did anything"
    assert all(part["digests"] == [part["key"]] for part in record["tasks"])
    assert 0 <= sum(counts.values()) - len(record["tasks"]) <= 1, "one task was in work"


def test_a_database_that_another_is_just_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE half_made (id)")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    state = State(f"sqlite:///{path}")
    assert state.count_tasks() == {}
    state.close()
    release.join()
    other.close()


def test_two_processes_write_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    # the first half of the tasks is shared, the second is each one's own
    both = [
        writer(f"sqlite:///{path}", name, 1 + 20 * i, 41 + 20 * i) for i, name in enumerate("ab")
    ]
    videos = [process.communicate(timeout=60)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sound(path) == ("ok",)
    state = State(f"sqlite:///{path}")
    assert state.count_tasks() == {"finished": 60}
    assert [len(state.production_record(video)["tasks"]) for video in videos] == [40, 40]
    state.close()
