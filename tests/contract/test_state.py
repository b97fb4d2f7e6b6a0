"""One suite for both databases: what SQLite keeps on one machine, PostgreSQL keeps in a cluster."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rostrum.director.v1.line_pb2 import EngineInfo, Failed, WorkerStatus
from sqlalchemy import func, insert, select

from services.director.database import open_database
from services.director.line import commands
from services.director.line.admission import Admission, admit, admit_all
from services.director.line.broker import Broker
from services.director.line.dispatch import Dispatch
from services.director.line.loop import Line
from services.director.line.means import Means
from services.director.line.words import Rules
from services.director.line.workers import Workers
from services.director.orders import complete
from services.director.tables import events, outbox, tasks, videos
from tests.unit.director.conftest import Stages, make_production
from tests.unit.director.line.floor import Floor

CLAIMED_TASKS = 1_000
CLAIMERS = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def floor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Floor]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'line.sqlite'}"
    else:
        url = request.getfixturevalue("database_url")
    made = Floor(url, tmp_path / "store", lambda store: Stages(store).answer, make_production)
    yield made
    made.close()


def short(name: str, sentences: int = 2) -> Any:
    script = " ".join(
        f"Sentence {n} of {name} is long enough to be spoken." for n in range(sentences)
    )
    return make_production(name=name, script=script)


def test_videos_go_their_way_past_deaths_of_workers_and_directors(floor: Floor) -> None:
    floor.hire()
    floor.hire()
    floor.staff(2, seconds=0.3)
    ids = [floor.order(short(f"video-{n}")) for n in range(3)]
    floor.spin(lambda: len(floor.attempts) >= 6)
    floor.lines.pop(0).close()
    victim = floor.worker("speech")
    victim.die()
    floor.finish(*ids)
    assert {floor.video(id_)["state"] for id_ in ids} == {"finished"}
    assert max(floor.work.values()) == 1
    kinds = [event.kind for event in floor.told(ids[0])]
    assert (kinds[0], kinds[-1], kinds.count("finished")) == ("created", "finished", 1)


def test_mistakes_retries_and_cancellation(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    bug = Failed(kind="FAILURE_KIND_BUG", reason="INTERNAL", message="trace")
    floor.worker("lipsync").fault = lambda task: bug
    first, other = floor.order(short("first")), floor.order(short("other"))
    floor.finish(first)
    assert floor.video(first)["state"] == "failed"
    with floor.engine.begin() as connection:
        if floor.video(other)["state"] not in {"failed"}:
            commands.cancel(connection, "house", other, floor.now_ms())
    floor.worker("lipsync").fault = lambda task: None
    with floor.engine.begin() as connection:
        commands.retry(connection, "house", first, floor.now_ms())
    floor.finish(first)
    assert floor.video(first)["state"] == "finished"


def test_a_parked_task_is_redriven(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    killer = floor.worker("restoration")
    killer.fault = lambda task: Failed(kind="FAILURE_KIND_DEATH", reason="WORKER_DIED")
    video = floor.order(short("one"))
    floor.finish(video)
    assert json.loads(floor.video(video)["complaints"])[0]["reason"] == "TASK_PARKED"
    killer.fault = lambda task: None
    with floor.engine.begin() as connection:
        assert commands.redrive(connection, "house", floor.now_ms()) == (1, [video])
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"


def test_withdrawn_consent_stops_what_runs_and_holds_back_what_is_done(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    done = floor.order(short("done"))
    floor.finish(done)
    running, queued = floor.order(short("running", 4)), floor.order(short("queued"))
    floor.spin(lambda: floor.video(running)["state"] == "running")
    portrait = make_production().presenter.portrait.digest
    with floor.engine.begin() as connection:
        ids = commands.revoke(connection, "house", floor.now_ms(), portrait_digest=portrait)
    assert set(ids) == {done, running, queued}
    assert [floor.video(id_)["state"] for id_ in (done, running, queued)] == [
        "finished",
        "cancelled",
        "cancelled",
    ]
    assert json.loads(floor.video(running)["complaints"])[0]["reason"] == "CONSENT_REVOKED"
    assert floor.video(done)["outputs"] == "[]"
    late = floor.order(short("late"))
    floor.finish(late)
    assert floor.video(late)["state"] == "cancelled"


def test_eight_that_send_at_once_send_nothing_twice(floor: Floor) -> None:
    """R19: rows decide, whatever the locks say."""
    fill(floor, CLAIMED_TASKS)
    url = floor.engine.url.render_as_string(hide_password=False)
    barrier = threading.Barrier(CLAIMERS)

    def claim(number: int) -> int:
        engine = open_database(url)
        dispatch = dispatcher(floor, engine, number)
        barrier.wait()
        sent = 0
        while count := dispatch.send("lipsync"):
            sent += count
        engine.dispose()
        return sent

    with ThreadPoolExecutor(CLAIMERS) as pool:
        sent = sum(pool.map(claim, range(CLAIMERS)))
    with floor.engine.connect() as connection:
        states = connection.execute(select(tasks.c.state, tasks.c.attempt)).all()
        keys = Counter(connection.execute(select(outbox.c.key)).scalars())
    assert sent == CLAIMED_TASKS
    assert set(map(tuple, states)) == {("sent", 1)}
    assert len(keys) == CLAIMED_TASKS
    assert set(keys.values()) == {1}


def dispatcher(floor: Floor, engine: Any, number: int) -> Dispatch:
    """Return who sends tasks to a worker of its own with room for all."""
    means = Means(
        engine, floor.bus, floor.store_of, floor.metrics_of(), Rules(), floor.clock, floor.clock
    )
    broker, workers = Broker(floor.clock, 5_000), Workers(5_000)
    broker.stamp(floor.now_ms())
    info = EngineInfo(name="visemes", fingerprint="lipsync 1")
    status = WorkerStatus(
        worker=f"w{number}", stage="lipsync", partitions=[number], free_slots=50, engines=[info]
    )
    workers.hear(status, floor.now_ms())
    dispatch = Dispatch(means, workers, broker)
    original = dispatch.rooms

    def endless(*arguments: Any) -> Any:
        rooms = original(*arguments)
        for room in rooms:
            room.busy = 0
        return rooms

    dispatch.rooms = endless  # type: ignore[method-assign]
    return dispatch


def fill(floor: Floor, count: int) -> None:
    row = {
        "team": "house",
        "stage": "lipsync",
        "request_type": "rostrum.lipsync.v1.SyncRequest",
        "request": b"",
        "engine": "visemes",
        "fingerprint": "lipsync 1",
        "state": "ready",
        "weight": 0.1,
        "video": "0" * 32,
        "created_ms": 0,
    }
    rows = [row | {"key": f"{n:064x}", "channel": f"channel-{n % 7}"} for n in range(count)]
    with floor.engine.begin() as connection:
        connection.execute(insert(tasks), rows)


def test_a_rundown_of_1900_videos_is_taken_in_as_a_whole(floor: Floor) -> None:
    full = complete(make_production())
    asked = [Admission(full, section="s", position=n) for n in range(1_900)]
    with floor.engine.begin() as connection:
        rows = admit_all(connection, "house", asked, floor.now_ms())
    assert [row["position"] for row in rows] == list(range(1_900))
    with floor.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(events)).scalar_one()
        assert count == connection.execute(select(func.count()).select_from(outbox)).scalar_one()
    assert count == 1_900


def test_one_request_id_is_one_video_however_many_ask_at_once(floor: Floor) -> None:
    """R16: the same id from many threads."""
    full = complete(make_production())

    def order(_: int) -> bool:
        with floor.engine.begin() as connection:
            asked = Admission(full, request_id="same", request_digest="0" * 64)
            return admit(connection, "house", asked, floor.now_ms()) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(order, range(32))) == 1
    with floor.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(videos)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 1


def test_two_directors_share_duties_and_take_over(floor: Floor) -> None:
    first, second = floor.hire(), floor.hire()
    floor.pass_time()
    held: Callable[[Line], bool] = lambda line: line._locks.holds("relay")  # noqa: E731
    if floor.engine.dialect.name == "sqlite":
        return  # one director at a time is the rule there
    assert (held(first), held(second)) == (True, False)
    floor.lines.remove(first)
    first.close()
    floor.pass_time(2.0)
    assert held(second)
