"""A rundown is accepted as a whole, once; what is wrong with one video fails that one alone."""

import pytest
from rostrum.director.v1 import production_pb2 as pb
from sqlalchemy import func, select, update

from services.director.rpc import streams
from services.director.tables import videos
from tests.unit.director.rpc.house import (
    House,
    channel,
    in_seconds,
    order,
    presenter,
    refusal,
    rundown_parts,
    said,
)


def get(house: House, video: str) -> pb.Video:
    return house.door().GetVideo(pb.GetVideoRequest(id=video)).video


def test_a_rundown_s_videos_come_back_in_their_order(house: House) -> None:
    deadline = in_seconds(3600)
    parts = rundown_parts(*(order(f"item-{n}") for n in range(20)), deadline=deadline)
    parts[3].item.deadline.CopyFrom(in_seconds(60))
    parts[3].item.priority = 9
    made = house.door().CreateRundown(iter(parts))
    assert [get(house, id_).name for id_ in made.video_ids] == [f"item-{n}" for n in range(20)]
    first, third = get(house, made.video_ids[0]), get(house, made.video_ids[2])
    assert (first.section, first.rundown_id) == ("local", made.rundown.id)
    assert first.deadline.ToMilliseconds() == deadline.ToMilliseconds(), "with its rundown"
    assert third.deadline.ToMilliseconds() < deadline.ToMilliseconds()
    assert (first.priority, third.priority) == (5, 9)
    assert (made.rundown.name, made.rundown.video_count, made.rundown.queued_count) == (
        "monday",
        20,
        20,
    )
    shown = house.door().GetRundown(pb.GetRundownRequest(id=made.rundown.id)).rundown
    assert shown == made.rundown


def test_a_video_with_mistakes_is_listed_as_failed_with_all_of_them(house: House) -> None:
    bad = order("Not A Name", script="", presenter="nobody")
    made = house.door().CreateRundown(iter(rundown_parts(order("good"), bad, order("good"))))
    good, failed, twin = (get(house, id_) for id_ in made.video_ids)
    assert (good.state, failed.state, twin.state) == (
        pb.VIDEO_STATE_QUEUED,
        pb.VIDEO_STATE_FAILED,
        pb.VIDEO_STATE_FAILED,
    )
    assert {(each.field, each.reason) for each in failed.complaints} == {
        ("presenter", "PRESENTER_UNKNOWN"),
        ("name", "NAME_INVALID"),
        ("script", "FIELD_REQUIRED"),
    }
    assert [(each.field, each.reason) for each in twin.complaints] == [("name", "NAME_DUPLICATE")]
    counts = made.rundown
    assert (counts.video_count, counts.queued_count, counts.failed_count) == (3, 1, 2)
    assert not counts.HasField("end_time")


def test_a_video_whose_texts_no_database_takes_fails_alone(house: House) -> None:
    bad = order("a\x00b", channel="c\x00d")
    own = presenter("p\x00")
    own.portrait.digest = "x" * 500
    own.consent.subject = "s\x00" * 300
    bad.presenter = own.name
    made = house.door().CreateRundown(iter(rundown_parts(order("good"), bad, presenters=[own])))
    assert get(house, made.video_ids[1]).state == pb.VIDEO_STATE_FAILED
    assert made.rundown.queued_count == 1


def test_a_rundown_brings_its_presenters_and_channels_along(house: House) -> None:
    own = presenter("ada")
    parts = rundown_parts(
        order("one", presenter="ada", channel="sports"),
        order("two"),
        presenters=[own],
        channels=[channel("sports")],
    )
    made = house.door().CreateRundown(iter(parts))
    assert made.rundown.failed_count == 1, "nobody has uploaded ada's portrait"
    wrong = [(each.field, each.reason) for each in get(house, made.video_ids[0]).complaints]
    assert wrong == [("presenter.portrait", "ASSET_NOT_FOUND")]
    house.own(own.portrait.digest)
    parts[0].head.request_id = "day-2"
    assert house.door().CreateRundown(iter(parts)).rundown.queued_count == 2


def test_the_same_stream_gives_the_same_rundown(house: House) -> None:
    parts = rundown_parts(order("one"), order("two"))
    made = house.door().CreateRundown(iter(parts))
    assert house.door().CreateRundown(iter(parts)) == made
    reused = ("ALREADY_EXISTS", [("IDEMPOTENCY_KEY_REUSED", "head.request_id")])
    assert said(refusal(house.door().CreateRundown, iter(parts[:-1]))) == reused
    theirs = house.door("other").CreateRundown(iter(parts[:-1]))
    assert theirs.rundown.id != made.rundown.id
    with house.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(videos)).scalar() == 3


def test_nothing_of_a_stream_that_breaks_off_is_kept(house: House) -> None:
    def broken():
        yield from rundown_parts(order("one"), order("two"))
        yield pb.CreateRundownRequest()

    refused = said(refusal(house.door().CreateRundown, broken()))
    assert refused == ("INVALID_ARGUMENT", [("FIELD_REQUIRED", "item")])
    assert not house.door().ListRundowns(pb.ListRundownsRequest()).rundowns
    assert not house.door().ListVideos(pb.ListVideosRequest()).videos
    assert house.door().CreateRundown(iter(rundown_parts(order("one")))).rundown.id


HEAD = [("FIELD_REQUIRED", "head")]


@pytest.mark.parametrize(
    ("parts", "complaints"),
    [
        ([], HEAD),
        (rundown_parts(order())[1:], HEAD),
        ([*rundown_parts(order()), *rundown_parts()], HEAD),
        (rundown_parts(), [("FIELD_REQUIRED", "item")]),
        (rundown_parts(order(), request_id=""), [("FIELD_REQUIRED", "head.request_id")]),
        (
            rundown_parts(order(), request_id="x" * 257),
            [("IDEMPOTENCY_KEY_INVALID", "head.request_id")],
        ),
        (rundown_parts(order(), name="../x"), [("NAME_INVALID", "head.name")]),
        (rundown_parts(order(), deadline=in_seconds(-5)), [("DEADLINE_PAST", "head.deadline")]),
        (
            rundown_parts(order(), presenters=[presenter(), presenter()]),
            [("NAME_DUPLICATE", "head.presenters[1].name")],
        ),
        (
            rundown_parts(order(), channels=[channel("")]),
            [("FIELD_REQUIRED", "head.channels[0].name")],
        ),
    ],
)
def test_a_stream_that_is_no_rundown_is_refused_as_a_whole(
    house: House, parts: list[pb.CreateRundownRequest], complaints: list[tuple[str, str]]
) -> None:
    refused = said(refusal(house.door().CreateRundown, iter(parts)))
    assert refused == ("INVALID_ARGUMENT", complaints)
    assert not house.door().ListVideos(pb.ListVideosRequest()).videos


def test_a_rundown_has_bounds(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_ITEMS", 2)
    parts = rundown_parts(*(order(f"item-{n}") for n in range(3)))
    many = said(refusal(house.door().CreateRundown, iter(parts)))
    assert many == ("INVALID_ARGUMENT", [("TOO_MANY_VIDEOS", "item")])
    monkeypatch.setattr(streams, "MOST_BYTES", 300)
    large = said(refusal(house.door().CreateRundown, iter(parts)))
    assert large == ("RESOURCE_EXHAUSTED", [("REQUEST_TOO_LARGE", "item")])


def test_late_is_what_was_not_ready_at_its_deadline(house: House) -> None:
    deadline = in_seconds(1000)
    parts = rundown_parts(*(order(f"item-{n}") for n in range(6)), deadline=deadline)
    made = house.door().CreateRundown(iter(parts))
    due = deadline.ToMilliseconds()
    fates = [
        ("finished", due - 1),
        ("finished", due + 1),
        ("failed", due - 1),
        ("cancelled", due - 1),
        ("running", None),
    ]
    with house.engine.begin() as connection:
        for id_, (state, ended) in zip(made.video_ids, fates, strict=False):
            fate = update(videos).where(videos.c.id == id_).values(state=state, ended_ms=ended)
            connection.execute(fate)

    def late(now_ms: int) -> int:
        house.desk.now_ms = lambda: now_ms
        request = pb.GetRundownRequest(id=made.rundown.id)
        return house.door().GetRundown(request).rundown.late_count

    assert late(due - 1) == 1, "the one that was finished after it"
    assert late(due + 1) == 4, "with it the failed, the running and the queued; nobody waited"


def test_a_rundown_has_ended_when_its_last_video_has(house: House) -> None:
    made = house.door().CreateRundown(iter(rundown_parts(order("one"), order("two"))))
    for index, ended in enumerate((5_000, 7_000)):
        shown = house.door().GetRundown(pb.GetRundownRequest(id=made.rundown.id)).rundown
        assert not shown.HasField("end_time")
        with house.engine.begin() as connection:
            connection.execute(
                update(videos)
                .where(videos.c.id == made.video_ids[index])
                .values(state="finished", ended_ms=ended)
            )
    shown = house.door().GetRundown(pb.GetRundownRequest(id=made.rundown.id)).rundown
    assert (shown.end_time.ToMilliseconds(), shown.finished_count) == (7_000, 2)


def test_rundowns_are_found_and_listed_by_their_team_alone(house: House) -> None:
    ids = []
    for number in range(3):
        house.desk.now_ms = lambda n=number: 1_800_000_000_000 + n
        parts = rundown_parts(order("one"), request_id=f"day-{number}", name=f"day-{number}")
        ids.insert(0, house.door().CreateRundown(iter(parts)).rundown.id)
    first = house.door().ListRundowns(pb.ListRundownsRequest(page_size=2))
    token = first.next_page_token
    rest = house.door().ListRundowns(pb.ListRundownsRequest(page_size=2, page_token=token))
    assert [each.id for each in (*first.rundowns, *rest.rundowns)] == ids
    assert not rest.next_page_token
    assert not house.door("other").ListRundowns(pb.ListRundownsRequest()).rundowns
    foreign = refusal(house.door("other").GetRundown, pb.GetRundownRequest(id=ids[0]))
    assert said(foreign) == ("NOT_FOUND", [("RUNDOWN_NOT_FOUND", "id")])
    malformed = refusal(house.door().GetRundown, pb.GetRundownRequest(id="day"))
    assert said(malformed) == ("INVALID_ARGUMENT", [("RUNDOWN_ID_MALFORMED", "id")])
