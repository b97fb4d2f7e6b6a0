"""Callers and the line share the slots of a service, and nobody's task harms another's."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest
from rostrum.lipsync.v1.lipsync_pb2 import SyncResponse

from services.chassis.answers import Answer, Bug, Death, Outcome, Stopped
from services.chassis.calls import Call
from services.chassis.child import Sight
from services.chassis.crew import Crew
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.pool import Limits
from services.chassis.status import Abandoned, Late, Refused
from services.chassis.store import Store
from services.chassis.telemetry.metrics import Metrics
from tests.unit.chassis import tiny

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """Work processes import the tiny stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        yield


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("lipsync")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crew")


@pytest.fixture(scope="module")
def common(home: Path) -> Iterator[Crew]:
    with Crew("lipsync", tiny.setup(home), Metrics("lipsync")) as crew:
        yield crew


@pytest.fixture
def crew(common: Crew) -> Crew:
    """One crew for all tests: each waits until the one before has left the slot."""
    assert wait_until(lambda: common.free == 1)
    return common


def call(seconds: float | None = 30.0, team: str = "house") -> Call:
    return Call("rostrum.lipsync.v1.LipsyncService/Sync", team, deadline_seconds=seconds)


def ask(crew: Crew, word: str, number: int = 0, seconds: float | None = 30.0) -> SyncResponse:
    answer = crew.answer(tiny.request(word, number), call(seconds))
    return SyncResponse.FromString(answer)


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def outcome_of(crew: Crew, name: str, word: str) -> SimpleQueue[Outcome]:
    """Have the line begin a task."""
    assert crew.claim()
    box: SimpleQueue[Outcome] = SimpleQueue()
    crew.begin(name, tiny.work(word), box.put)
    return box


def test_a_caller_is_answered_and_the_result_is_kept(crew: Crew, home: Path) -> None:
    response = ask(crew, "", 7)
    assert response.take.frame_count == 7
    store = Store.in_folder(home / "store", "house")
    kept = store.result(tiny.key_of(tiny.request("", 7)))
    assert kept == response.SerializeToString(deterministic=True)
    assert ask(crew, "", 7) == response, "the result that is there stands"


@pytest.mark.parametrize(
    ("word", "error", "says"),
    [
        ("invalid", Invalid, "SPEECH_LENGTH_INVALID"),
        ("transient", Transient, "STORAGE_UNAVAILABLE: the disk sleeps"),
        (f"corrupt {'0' * 64}", Corrupt, "ASSET_NOT_FOUND"),
        ("bug", Bug, "ZeroDivisionError"),
        ("die", Death, "WORKER_DIED"),
    ],
)
def test_what_goes_wrong_reaches_the_caller_and_the_next_one_is_answered(
    crew: Crew, word: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        ask(crew, word)
    assert wait_until(lambda: crew.free == 1)
    assert ask(crew, "", 1)


def test_an_engine_that_is_not_here_is_refused_before_any_work(crew: Crew) -> None:
    with pytest.raises(Invalid, match="choose from tiny, other"):
        crew.answer(tiny.request("", engine="nobody"), call())


def test_without_a_free_slot_a_caller_is_sent_away_with_a_time_to_come_again(
    crew: Crew, tmp_path: Path
) -> None:
    box = outcome_of(crew, "long", f"wait {tmp_path}/go")
    with pytest.raises(Refused, match="BUSY") as refused:
        ask(crew, "")
    assert refused.value.retry_seconds > 0
    (tmp_path / "go").touch()
    assert isinstance(box.get(timeout=20), Answer)
    assert ask(crew, "")


def test_the_line_gets_the_next_slot_it_waits_for(crew: Crew, tmp_path: Path) -> None:
    box = outcome_of(crew, "long", f"wait {tmp_path}/go")
    assert not crew.claim()
    (tmp_path / "go").touch()
    assert isinstance(box.get(timeout=20), Answer)
    with pytest.raises(Refused):
        ask(crew, "")
    crew.unclaim(kept=False)
    assert ask(crew, ""), "it does not wait any more"


def test_a_caller_who_goes_away_frees_the_slot(crew: Crew) -> None:
    gone = call()
    threading.Timer(0.3, gone.stop).start()
    began = time.monotonic()
    with pytest.raises(Abandoned):
        crew.answer(tiny.request("sleep 60"), gone)
    assert wait_until(lambda: crew.free == 1)
    assert time.monotonic() - began < 10, "it was not waited for"
    assert ask(crew, "")


def test_a_caller_whose_deadline_passes_frees_the_slot(crew: Crew, home: Path) -> None:
    with pytest.raises(Late):
        ask(crew, "sleep 60", seconds=0.3)
    assert wait_until(lambda: crew.free == 1)
    assert not list(home.glob("scratch/*/half")), "nothing of it is left"


def test_temporary_files_do_not_outlive_their_task(crew: Crew, home: Path) -> None:
    ask(crew, "sleep 0")
    assert list(home.glob("scratch/*")), "its process lives on"
    assert not list(home.glob("scratch/*/*"))


def test_the_line_may_stop_a_task(crew: Crew) -> None:
    box = outcome_of(crew, "unwanted", "sleep 60")
    crew.stop("unwanted")
    crew.stop("never heard of")
    outcome = box.get(timeout=20)
    assert isinstance(outcome, Stopped)
    assert outcome.cause == "cancelled"


def test_a_process_that_is_worn_is_replaced_before_the_next_task(
    tmp_path: Path, metrics: Metrics
) -> None:
    store = Store.in_folder(tmp_path / "store", "house")
    with Crew("lipsync", tiny.setup(tmp_path), metrics, 1, Limits(tasks=1)) as crew:
        first = store.get(ask(crew, "", 1).take.digest)
        assert wait_until(lambda: crew.free == 1)
        assert store.get(ask(crew, "", 2).take.digest) != first, "another process answers"


def test_teams_work_in_realms_of_their_own(crew: Crew, home: Path) -> None:
    crew.answer(tiny.request("", 5), call(team="other"))
    key = tiny.key_of(tiny.request("", 5), "other")
    assert Store.in_folder(home / "store", "other").result(key) is not None
    assert Store.in_folder(home / "store", "house").result(key) is None


def test_what_cannot_load_says_why_at_once(tmp_path: Path, metrics: Metrics) -> None:
    setup = replace(tiny.setup(tmp_path), open_offer=tiny.broken)
    with pytest.raises(Transient, match="MODEL_UNAVAILABLE"):
        Crew("lipsync", setup, metrics).__enter__()


def test_closing_tells_everybody_who_waits(tmp_path: Path, metrics: Metrics) -> None:
    with Crew("lipsync", tiny.setup(tmp_path), metrics) as crew:
        box = outcome_of(crew, "long", "sleep 60")
    assert isinstance(box.get(timeout=1), Stopped)
    assert not crew.is_ready()


def test_what_work_processes_log_names_the_task_and_the_callers_trace(
    tmp_path: Path, metrics: Metrics
) -> None:
    setup = replace(tiny.setup(tmp_path), sight=Sight("lipsync"))
    asked = Call("m", "house", trace={"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"})
    with Crew("lipsync", setup, metrics) as crew:
        crew.answer(tiny.request("log"), asked)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (said,) = [line for line in lines if line["event"] == "hard to say"]
    assert (said["service"], said["team"], said["trace"]) == ("lipsync", "house", "a" * 32)
    assert said["task"] == tiny.key_of(tiny.request("log"))


def test_tasks_are_counted_by_how_they_ended(tmp_path: Path, metrics: Metrics) -> None:
    with Crew("lipsync", tiny.setup(tmp_path), metrics) as crew:
        ask(crew, "", 3)
        ask(crew, "", 3)
        with pytest.raises(Death):
            ask(crew, "die")
    said = metrics.text().decode()
    for outcome, cause in (("finished", ""), ("reused", ""), ("failed", "death")):
        labels = f'cause="{cause}",engine="tiny",outcome="{outcome}",stage="lipsync"'
        assert f"rostrum_tasks_total{{{labels}}} 1.0" in said
    assert 'rostrum_child_deaths_total{stage="lipsync"} 1.0' in said
