"""Who is taken up when, what becomes of what is in the way, and how long it will take."""

import json
from typing import Any

import pytest
from rostrum.director.v1.line_pb2 import Failed, Task
from sqlalchemy import func, insert, select

from services.chassis.bus import MESSAGE_TOO_LARGE
from services.chassis.errors import Invalid, Transient
from services.director.line import commands
from services.director.line.admission import Admission, admit_all
from services.director.line.forecast import expected_ends
from services.director.line.retention import Retention
from services.director.orders import complete
from services.director.tables import events, inbox, rundowns, tasks, videos
from tests.unit.director.line.floor import Floor


def test_a_channel_has_a_bounded_number_of_videos_in_work(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=1.0)
    ids = order_many(floor, 60)
    floor.pass_time(3.0)
    for _ in range(40):
        floor.pass_time()
        states = [floor.video(id_)["state"] for id_ in ids]
        assert states.count("running") <= 4 + 1, "its window, and one for the idle compositor"
    began = [n for n, state in enumerate(states) if state != "queued"]
    assert began == list(range(len(began))), "in the order in which they came"


def test_ten_thousand_queued_videos_cost_a_turn_nothing(floor: Floor) -> None:
    line = floor.hire()
    order_many(floor, 2_000)
    floor.pass_time(1.0)
    assert len(line._advance.minds) == 0, "no worker is there: nothing is thought of them"
    with floor.engine.connect() as connection:
        stale = select(func.count()).where(videos.c.changes > videos.c.seen)
        assert connection.execute(stale).scalar_one() == 0
        looked_at = select(func.count()).where(videos.c.changes > 0)
        assert connection.execute(looked_at).scalar_one() <= 4 + 8


def test_an_urgent_video_overtakes_its_own_channel(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=1.0)
    order_many(floor, 20)
    floor.spin(lambda: len(floor.attempts) > 10)
    urgent = floor.order(floor.make(name="urgent", script="Breaking news."), priority=10)
    floor.spin(lambda: floor.video(urgent)["state"] == "running", 3)
    asked = floor.clock()
    floor.finish(urgent)
    assert floor.video(urgent)["state"] == "finished"
    assert floor.clock() - asked < 15.0


def test_mistakes_in_orders_far_down_the_queue_are_told_soon(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=1.0)
    ids = order_many(floor, 10, script="Number {n}. Good night. " * 8)
    bad = ids[9]

    def fault(task: Task) -> Failed | None:
        if task.video_id != bad:
            return None
        failed = Failed(kind="FAILURE_KIND_INVALID")
        failed.faults.add(field="script", reason="LANGUAGE_UNSUPPORTED", remedy="another voice")
        return failed

    floor.worker("speech").fault = fault
    floor.finish(bad, seconds=40)
    assert floor.video(bad)["state"] == "failed"
    assert floor.video(ids[8])["state"] == "queued"


def test_a_cancelled_video_stops_its_own_tasks_and_nobody_else_s(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=1.0)
    one, other = floor.order(floor.make(name="one")), floor.order(floor.make(name="other"))
    floor.spin(lambda: floor.worker("lipsync").task is not None)
    with floor.engine.begin() as connection:
        row = commands.cancel(connection, "house", one, floor.now_ms())
    assert row["state"] == "cancelled"
    floor.finish(other)
    assert floor.video(other)["state"] == "finished", "they shared every task but the drawing"
    alone = floor.order(floor.make(name="alone", script="Another script. With two sentences."))
    floor.spin(lambda: any(t["video"] == alone and t["state"] == "running" for t in floor.tasks()))
    running = [t["key"] for t in floor.tasks() if t["video"] == alone and t["state"] == "running"]
    with floor.engine.begin() as connection:
        commands.cancel(connection, "house", alone, floor.now_ms())
    floor.pass_time()
    said = b"".join(record.value for record in floor.bus.log["rostrum.control", 0])
    assert all(key.encode() in said for key in running)
    assert {t["state"] for t in floor.tasks() if t["key"] in running} == {"dropped"}


def test_what_has_ended_stays_as_it_is(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    video = floor.order()
    floor.finish(video)
    before = floor.video(video)
    for command in (commands.cancel, commands.retry):
        with (
            pytest.raises(Invalid, match="VIDEO_ALREADY_TERMINAL"),
            floor.engine.begin() as connection,
        ):
            command(connection, "house", video, floor.now_ms())
        with pytest.raises(Invalid, match="VIDEO_NOT_FOUND"), floor.engine.begin() as connection:
            command(connection, "other-team", video, floor.now_ms())
    assert floor.video(video) == before


def test_a_cancelled_video_goes_on_where_it_was(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    video = floor.order()
    floor.spin(lambda: len(floor.work) > 12)
    with floor.engine.begin() as connection:
        commands.cancel(connection, "house", video, floor.now_ms())
    floor.pass_time(1.0)
    with floor.engine.begin() as connection:
        commands.retry(connection, "house", video, floor.now_ms())
    with pytest.raises(Invalid, match="VIDEO_NOT_ENDED"), floor.engine.begin() as connection:
        commands.retry(connection, "house", video, floor.now_ms())
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert max(floor.work.values()) == 1


def test_a_message_too_large_for_the_broker_fails_its_video_and_blocks_nothing(
    floor: Floor,
) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    publish, refused = floor.bus.publish, []

    def refuse(messages: Any, timeout_seconds: float = 15) -> None:
        for message in messages:
            if message.topic == "rostrum.restoration.tasks" and len(refused) < 2:
                refused.append(message)
                raise Invalid("data", MESSAGE_TOO_LARGE, "the broker takes less")
        publish(messages)

    floor.bus.publish = refuse
    bad = floor.order(floor.make(name="bad"))
    floor.finish(bad)
    assert json.loads(floor.video(bad)["complaints"])[0]["reason"] == MESSAGE_TOO_LARGE
    good = floor.order(floor.make(name="good"))
    floor.finish(good)
    assert floor.video(good)["state"] == "finished"


def test_a_video_nobody_can_think_about_does_not_stop_the_others(floor: Floor) -> None:
    line = floor.hire()
    floor.staff(seconds=0.3)
    bad, good = floor.order(floor.make(name="bad")), floor.order(floor.make(name="good"))
    advance = line._advance.advance

    def stumble(video: str) -> None:
        if video == bad:
            raise ZeroDivisionError("a bug of ours")
        advance(video)

    line._advance.advance = stumble
    floor.finish(bad, good)
    assert [floor.video(id_)["state"] for id_ in (bad, good)] == ["failed", "finished"]
    assert json.loads(floor.video(bad)["complaints"])[0]["reason"] == "INTERNAL"


def test_a_store_that_is_away_for_a_while_fails_nothing(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    video = floor.order()
    floor.spin(lambda: len(floor.work) > 5)
    store_of, until = floor.store_of, floor.clock() + 8.0

    def away(team: str) -> Any:
        if floor.clock() < until:
            raise Transient("STORAGE_UNAVAILABLE: out")
        return store_of(team)

    for line in floor.lines:
        object.__setattr__(line._means, "store_of", away)
    while floor.clock() < until:
        floor.clock.now += 0.1
        for line in floor.lines:
            try:
                line.turn()
            except Transient:
                floor.clock.now += 1.0
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"


def test_a_rundown_ends_with_its_last_video(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    with floor.engine.begin() as connection:
        row = {"id": "r" * 32, "team": "house", "name": "day", "created_ms": floor.now_ms()}
        connection.execute(insert(rundowns).values(row))
    ids = order_many(floor, 2, rundown="r" * 32)
    ended = select(rundowns.c.ended_ms)
    floor.spin(lambda: any(floor.video(id_)["state"] == "finished" for id_ in ids))
    floor.finish(*ids)
    with floor.engine.connect() as connection:
        at = connection.execute(ended).scalar_one()
    assert at == max(floor.video(id_)["ended_ms"] for id_ in ids)


def test_old_events_ids_and_tasks_are_forgotten_a_little_at_a_time(floor: Floor) -> None:
    line = floor.hire()
    floor.staff(seconds=0.3)
    video = floor.order()
    floor.finish(video)
    floor.clock.now += 31 * 86_400
    fresh = floor.order(floor.make(name="fresh"))
    assert Retention(line._means).prune() > 50
    with floor.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(inbox)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(tasks)).scalar_one() == 0
        (left,) = connection.execute(select(events.c.video)).scalars()
    assert left == fresh
    assert floor.video(video)["state"] == "finished", "videos stay"


def test_consent_that_ends_overnight_ends_the_video_before_the_next_frame(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    commission = floor.make()
    commission.presenter.consent.expires = "2026-11-21"
    floor.clock.now = 1_795_262_400.0  # 2026-11-21, noon
    video = floor.order(commission)
    floor.spin(lambda: floor.worker("speech").done != [])
    floor.clock.now += 86_400.0
    floor.finish(video)
    assert json.loads(floor.video(video)["complaints"])[0]["reason"] == "CONSENT_EXPIRED"
    assert not any(t["stage"] == "compositing" and not t["is_check"] for t in floor.tasks())


def test_expected_ends_share_the_line_between_channels() -> None:
    def row(id_: str, channel: str, weight: float) -> dict[str, Any]:
        return {"id": id_, "team": "t", "channel": channel, "left_weight": weight}

    waiting = [row("a1", "a", 10.0), row("a2", "a", 10.0), row("b1", "b", 10.0)]
    ends = expected_ends(waiting, rate=2.0, now_ms=0)
    assert ends == {"a1": 10_000, "b1": 10_000, "a2": 15_000}
    assert expected_ends([], 1.0, 0) == {}


def test_what_is_expected_is_written_down_and_shown(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=1.0)
    ids = order_many(floor, 12)
    floor.spin(lambda: floor.video(ids[-1])["expected_ms"] is not None, 30)
    ends = [floor.video(id_)["expected_ms"] for id_ in ids]
    assert ends == sorted(ends)
    text = floor.metrics.text().decode()
    assert 'rostrum_videos{state="queued"}' in text
    assert 'rostrum_queue_tasks{stage="compositing",state="ready"}' in text


def order_many(
    floor: Floor, count: int, script: str = "Number {n}. Good night.", rundown: str | None = None
) -> list[str]:
    asked = []
    for n in range(count):
        commission = complete(floor.make(name=f"video-{n}", script=script.format(n=n)))
        asked.append(Admission(commission, position=n, rundown=rundown))
    with floor.engine.begin() as connection:
        admit_all(connection, "house", asked, floor.now_ms())
    return [one.id for one in asked]
