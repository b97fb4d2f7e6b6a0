"""Workers answer tasks, and one that dies takes only its own task with it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest, SyncResponse
from rostrum.media.v1.media_pb2 import Speech

from services.chassis.errors import Invalid
from services.chassis.media import write_timing
from services.chassis.store import Store
from services.chassis.timeline import Phoneme, Timing
from services.studio.pool import Done, Pool
from services.studio.tasks import Bug, read_answer


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(tmp_path / "store", tmp_path / "log", 2) as pool:
        yield pool


@pytest.fixture
def silence() -> int:
    """A file descriptor that never becomes readable."""
    return os.pipe()[0]


def speech(store: Store, frames: int) -> Speech:
    samples = frames * 1920
    timing = Timing(samples, (), (Phoneme("", 0, samples, 0.0),))
    return Speech(
        timing_digest=write_timing(store, timing),
        sample_rate_hertz=48000,
        sample_count=samples,
        frame_count=frames,
        frame_rate=25,
    )


def done(pool: Pool, silence: int, count: int) -> dict[str, Done]:
    finished: list[Done] = []
    deadline = time.monotonic() + 60
    while len(finished) < count and time.monotonic() < deadline:
        finished += pool.wait([silence], 1.0)
    return {each.key: each for each in finished}


def test_answers_and_complaints_come_back_under_their_tasks(
    pool: Pool, silence: int, tmp_path: Path
) -> None:
    store = Store.in_folder(tmp_path / "store")
    pool.start("good", SyncRequest(speech=speech(store, 25)))
    pool.start("bad", SyncRequest(engine="nobody", speech=speech(store, 25)))
    assert pool.free == 0
    finished = done(pool, silence, 2)
    good = finished["good"].answer
    bad = finished["bad"].answer
    assert good is not None
    answer = read_answer(good)
    assert SyncResponse.FromString(answer.response).take.frame_count == 25
    assert answer.cpu_seconds > 0
    assert bad is not None
    with pytest.raises(Invalid, match="ENGINE_UNKNOWN"):
        read_answer(bad)


def test_a_dead_worker_fails_its_task_alone_and_is_replaced(
    pool: Pool, silence: int, tmp_path: Path
) -> None:
    store = Store.in_folder(tmp_path / "store")
    pool.start("first", SyncRequest(speech=speech(store, 25)))
    pool.start("second", SyncRequest(speech=speech(store, 50)))
    os.kill(pool.process_ids["first"], signal.SIGKILL)
    finished = done(pool, silence, 2)
    assert finished["first"].answer is None
    assert finished["second"].answer is not None
    pool.start("first", SyncRequest(speech=speech(store, 25)))
    assert done(pool, silence, 1)["first"].answer is not None


def test_a_bug_comes_back_with_its_traceback(pool: Pool, silence: int) -> None:
    pool.start("bug", Speech())
    answer = done(pool, silence, 1)["bug"].answer
    assert answer is not None
    with pytest.raises(Bug, match="nobody foresaw this: KeyError: 'media'") as caught:
        read_answer(answer)
    assert "Traceback" in caught.value.trace, "a developer wants to know where"


def test_nothing_is_left_running_when_the_pool_closes(tmp_path: Path) -> None:
    with Pool(tmp_path / "store", tmp_path / "log", 1) as pool:
        pool.start("slow", SyncRequest())
        process = pool.process_ids["slow"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
