"""Children do tasks, and one that dies takes only its own task with it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest, SyncResponse
from rostrum.media.v1.media_pb2 import Speech

from services.chassis.answers import Answer, Bug, Work, read_answer
from services.chassis.child import Setup, empty, offer_of, prove
from services.chassis.errors import Corrupt, Invalid
from services.chassis.keys import task_key
from services.chassis.media import write_timing
from services.chassis.pool import Done, Limits, Pool
from services.chassis.store import Store
from services.chassis.timeline import Phoneme, Timing

LARGE = "x" * 1_000_000
"""More than a pipe holds."""

lipsync = partial(offer_of, "services.lipsync")


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    open_store = partial(Store.in_folder, tmp_path / "store")
    return Setup(lipsync, open_store, tmp_path / "log", tmp_path / "scratch")


@pytest.fixture
def pool(setup: Setup) -> Iterator[Pool]:
    with Pool(setup, 2) as pool:
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.in_folder(tmp_path / "store", "house")


@pytest.fixture
def silence() -> int:
    """A file descriptor that never becomes readable."""
    return os.pipe()[0]


def request(store: Store, frames: int, engine: str = "") -> SyncRequest:
    samples = frames * 1920
    timing = Timing(samples, (), (Phoneme("", 0, samples, 0.0),))
    speech = Speech(
        timing_digest=write_timing(store, timing),
        sample_rate_hertz=48000,
        sample_count=samples,
        frame_count=frames,
        frame_rate=25,
    )
    return SyncRequest(speech=speech, engine=engine)


def work(store: Store, frames: int, engine: str = "", *, anew: bool = False) -> Work:
    asked = request(store, frames, engine)
    return Work(task_key(store.realm, asked, "print"), asked, store.realm, anew)


def done(pool: Pool, silence: int, count: int) -> dict[str, Done]:
    finished: list[Done] = []
    deadline = time.monotonic() + 60
    while len(finished) < count and time.monotonic() < deadline:
        finished += pool.wait([silence], 1.0)
    return {each.name: each for each in finished}


def answer_of(done: Done) -> Answer:
    assert done.answer is not None, "its process died"
    return read_answer(done.answer)


def test_answers_and_complaints_come_back_under_their_tasks(
    pool: Pool, silence: int, store: Store
) -> None:
    pool.start("good", work(store, 25))
    pool.start("bad", work(store, 25, "nobody"))
    assert pool.free == 0
    finished = done(pool, silence, 2)
    answer = answer_of(finished["good"])
    assert SyncResponse.FromString(answer.response).take.frame_count == 25
    assert answer.cpu_seconds > 0
    assert not answer.reused
    with pytest.raises(Invalid, match="ENGINE_UNKNOWN"):
        answer_of(finished["bad"])


def test_a_result_that_is_there_is_taken_unless_it_must_be_made_anew(
    pool: Pool, silence: int, store: Store
) -> None:
    wanted = work(store, 25)
    first = store.keep_result(wanted.key, b"first")
    pool.start("again", wanted)
    pool.start("anew", work(store, 25, anew=True))
    finished = done(pool, silence, 2)
    again, anew = answer_of(finished["again"]), answer_of(finished["anew"])
    assert (again.response, again.reused) == (first, True)
    assert not anew.reused, "it was worked on, whatever lay there"
    assert anew.response == first, "the first ever accepted stands"


def test_a_dead_child_fails_its_task_alone_and_is_replaced(
    pool: Pool, silence: int, store: Store
) -> None:
    pool.start("first", work(store, 25))
    pool.start("second", work(store, 50))
    os.kill(pool.process_ids["first"], signal.SIGKILL)
    finished = done(pool, silence, 2)
    assert finished["first"].answer is None
    assert finished["second"].answer is not None
    pool.start("first", work(store, 25))
    assert done(pool, silence, 1)["first"].answer is not None


def test_pools_that_share_a_scratch_folder_leave_one_another_alone(
    setup: Setup, pool: Pool, silence: int, store: Store
) -> None:
    pool.start("first", work(store, 25))
    with Pool(setup, 1) as other:
        other.start("other", work(store, 50))
        assert answer_of(done(other, silence, 1)["other"])
        assert answer_of(done(pool, silence, 1)["first"])
    pool.start("second", work(store, 75))
    assert answer_of(done(pool, silence, 1)["second"])


def test_a_scratch_folder_that_somebody_removed_is_made_anew(tmp_path: Path) -> None:
    empty(tmp_path / "deep" / "gone")
    assert (tmp_path / "deep" / "gone").is_dir()


def loaded(pool: Pool, silence: int) -> int:
    """Have a pool's children load; return the process id of the first."""
    pool.fill()
    deadline = time.monotonic() + 60
    while not pool.ready and time.monotonic() < deadline:
        pool.wait([silence], 1.0)
    return pool._children[0].process_id


def fill_up(pipe: int) -> None:
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, bytes(1000))
    os.set_blocking(pipe, True)


def test_a_child_that_dies_in_the_midst_of_its_answer_has_died(
    setup: Setup, silence: int, store: Store
) -> None:
    with Pool(setup, 1) as pool:
        process = loaded(pool, silence)
        pool.start("large", work(store, 25, LARGE))
        assert pool._children[0].connection.poll(60)
        time.sleep(0.2)  # until it waits for us to read on
        os.kill(process, signal.SIGKILL)
        assert done(pool, silence, 1)["large"].answer is None


def test_a_child_that_dies_in_the_midst_of_its_task_has_died(
    setup: Setup, silence: int, store: Store
) -> None:
    with Pool(setup, 1) as pool:
        process = loaded(pool, silence)
        os.kill(process, signal.SIGSTOP)
        fill_up(pool._children[0].connection.fileno())
        threading.Timer(0.2, os.kill, (process, signal.SIGKILL)).start()
        pool.start("next", work(store, 25))
        assert done(pool, silence, 1)["next"].answer is None


def test_a_large_task_does_not_wait_here_for_a_child_to_load(
    setup: Setup, silence: int, store: Store
) -> None:
    with Pool(setup, 1) as pool:
        pool.start("large", work(store, 25, LARGE))
        assert not pool._children[0].connection.poll(), "it had loaded when it was handed over"
        with pytest.raises(Invalid, match="ENGINE_UNKNOWN"):
            answer_of(done(pool, silence, 1)["large"])


def test_a_child_that_is_dismissed_keeps_its_process_id_until_its_group_is_ended(
    setup: Setup, silence: int
) -> None:
    with Pool(setup, 1) as pool:
        process = loaded(pool, silence)
        pool._children[0].dismiss()
        os.kill(process, 0)  # else another's group may have it by now


def test_a_bug_comes_back_with_its_traceback_and_ends_the_child(
    pool: Pool, silence: int, store: Store
) -> None:
    pool.start("bug", Work("0" * 64, Speech(), "house"))
    child = pool.process_ids["bug"]
    with pytest.raises(Bug, match=r"nobody foresaw this: KeyError: .rostrum\.media") as caught:
        answer_of(done(pool, silence, 1)["bug"])
    assert "Traceback" in caught.value.trace, "a developer wants to know where"
    pool.start("next", work(store, 25))
    assert pool.process_ids["next"] != child, "nobody knows what state it was left in"
    assert answer_of(done(pool, silence, 1)["next"])


def test_what_an_altered_object_led_to_is_said_and_the_object_is_moved(
    pool: Pool, silence: int, store: Store, tmp_path: Path
) -> None:
    wanted = work(store, 25)
    assert isinstance(wanted.request, SyncRequest)
    digest = wanted.request.speech.timing_digest
    (tmp_path / f"store/house/objects/{digest}").write_bytes(b"rot")
    pool.start("rotten", wanted)
    with pytest.raises(Exception, match="ASSET_DIGEST_MISMATCH"):
        answer_of(done(pool, silence, 1)["rotten"])
    assert (tmp_path / f"store/house/quarantine/{digest}").exists()
    assert not store.has(digest), "its producer can write it anew"


def test_a_file_that_was_handed_in_is_no_object_and_stays_where_it_is(
    pool: Pool, silence: int, store: Store
) -> None:
    wanted = work(store, 25)
    assert isinstance(wanted.request, SyncRequest)
    digest = wanted.request.speech.timing_digest
    store.intake.put(store.get(digest))
    store.delete(digest)
    pool.start("handed in", wanted)
    with pytest.raises(Corrupt, match="ASSET_NOT_FOUND"):
        answer_of(done(pool, silence, 1)["handed in"])
    assert store.intake.has(digest)


def test_an_altered_file_is_moved_and_not_the_object_of_the_same_bytes(
    store: Store, tmp_path: Path
) -> None:
    digest = store.put(b"a picture")
    store.intake.put(b"a picture")
    (tmp_path / f"store/house/intake/{digest}").write_bytes(b"rot")
    with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH") as caught:
        store.intake.get(digest)
    prove(store, caught.value)
    assert not store.intake.has(digest), "it can be handed in again"
    assert store.get(digest) == b"a picture"


@pytest.mark.parametrize("limits", [Limits(tasks=1), Limits(memory_bytes=1)])
def test_a_worn_child_finishes_and_another_takes_its_place(
    setup: Setup, silence: int, store: Store, limits: Limits
) -> None:
    with Pool(setup, 1, limits) as pool:
        pool.start("first", work(store, 25))
        child = pool.process_ids["first"]
        assert answer_of(done(pool, silence, 1)["first"])
        pool.fill()
        pool.start("second", work(store, 50))
        assert pool.process_ids["second"] != child
        assert answer_of(done(pool, silence, 1)["second"])


def test_a_task_that_hangs_is_ended(setup: Setup, silence: int, store: Store) -> None:
    with Pool(setup, 1, Limits(task_seconds=0)) as pool:
        pool.start("slow", work(store, 25))
        assert done(pool, silence, 1)["slow"].answer is None


def test_children_are_ready_once_they_have_loaded_and_say_what_they_offer(
    setup: Setup, silence: int
) -> None:
    with Pool(setup, 1) as pool:
        pool.fill()
        assert (pool.ready, pool.free) == (0, 1)
        deadline = time.monotonic() + 60
        while not pool.ready and time.monotonic() < deadline:
            pool.wait([silence], 1.0)
        assert pool.offer is not None
        assert pool.offer.kinds == ("rostrum.lipsync.v1.SyncRequest",)
        assert [name for name, _ in pool.offer.engines] == ["visemes"]


def test_a_child_that_cannot_load_says_why(setup: Setup, silence: int) -> None:
    broken = Setup(partial(offer_of, "services.nowhere"), setup.open_store, setup.log)
    with Pool(broken, 1) as pool:
        pool.fill()
        deadline = time.monotonic() + 60
        while pool.trouble is None and time.monotonic() < deadline:
            pool.wait([silence], 1.0)
        assert "ModuleNotFoundError" in str(pool.trouble)


def test_nothing_is_left_running_when_the_pool_closes(
    setup: Setup, store: Store, tmp_path: Path
) -> None:
    with Pool(setup, 1) as pool:
        pool.start("slow", work(store, 25))
        process = pool.process_ids["slow"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert not list(tmp_path.glob("scratch/*"))
