"""Whoever watches sees every event once and in order, from wherever they left off."""

import threading
import time
from collections.abc import Iterator

import grpc
from rostrum.director.v1 import production_pb2 as pb

from services.chassis.server import Size
from services.chassis.status import Refused
from services.director.catalogue.events import Horizon, Subject
from services.director.line.videos import change
from services.director.rpc import feed
from services.director.rpc.feed import Feed, Watcher
from tests.unit.director.rpc.house import (
    House,
    order,
    refusal,
    rundown_parts,
    said,
    video_request,
)


def happen(house: House, video: str, kind: str, **values: object) -> None:
    """Let something happen to a video."""
    state = "running" if kind == "progress" else kind
    with house.engine.begin() as connection:
        change(connection, video, kind, house.desk.now_ms(), {"state": state, **values})


def watch(house: House, video: str, after: int = 0, seconds: float = 10) -> Iterator[pb.VideoEvent]:
    request = pb.WatchVideoRequest(id=video, after=after)
    for response in house.door().WatchVideo(request, timeout=seconds):
        yield response.event


def test_a_video_is_followed_from_its_first_event_to_its_end(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    events = watch(house, video.id)
    created = next(events)
    assert (created.kind, created.team, created.video) == ("created", "house", video)
    happen(house, video.id, "progress", progress_permille=250, stage="speech")
    progress = next(events)
    assert (progress.video.stage, progress.video.progress_permille) == ("speech", 250)
    happen(house, video.id, "finished", ended_ms=9_000)
    assert [each.kind for each in events] == ["finished"], "the stream ends with the video"


def test_a_watch_goes_on_from_the_cursor_of_the_last_event_seen(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    happen(house, video.id, "progress")
    happen(house, video.id, "finished", ended_ms=9_000)
    seen = list(watch(house, video.id))
    assert [each.video.seq for each in seen] == [1, 2, 3]
    assert [each.kind for each in watch(house, video.id, seen[0].cursor)] == [
        "progress",
        "finished",
    ]
    assert not list(watch(house, video.id, seen[-1].cursor)), "all was seen: it ends at once"


def test_a_video_that_is_gone_on_with_is_followed_past_its_failure(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    happen(house, video.id, "failed", ended_ms=1)
    happen(house, video.id, "progress", ended_ms=None)
    events = watch(house, video.id)
    assert [next(events).kind for _ in range(3)] == ["created", "failed", "progress"]
    happen(house, video.id, "finished", ended_ms=2)
    assert [each.kind for each in events] == ["finished"]


def test_a_rundown_is_followed_until_its_last_video_has_ended(house: House) -> None:
    made = house.door().CreateRundown(iter(rundown_parts(order("one"), order("two"))))
    elsewhere = house.door().CreateVideo(video_request()).video
    request = pb.WatchRundownRequest(id=made.rundown.id)
    events = house.door().WatchRundown(request, timeout=10)
    assert [next(events).event.video.name for _ in range(2)] == ["one", "two"]
    happen(house, elsewhere.id, "finished", ended_ms=1)
    happen(house, made.video_ids[0], "finished", ended_ms=1)
    assert next(events).event.video.name == "one"
    happen(house, made.video_ids[1], "failed", ended_ms=1)
    assert [each.event.video.name for each in events] == ["two"]


def test_only_ones_own_videos_can_be_watched(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    for team, id_, answer in [
        ("other", video.id, ("NOT_FOUND", [("VIDEO_NOT_FOUND", "id")])),
        ("house", "x", ("INVALID_ARGUMENT", [("VIDEO_ID_MALFORMED", "id")])),
    ]:
        assert said(refusal(house.door(team).WatchVideo, pb.WatchVideoRequest(id=id_))) == answer
    made = house.door().CreateRundown(iter(rundown_parts(order("one"))))
    request = pb.WatchRundownRequest(id=made.rundown.id)
    foreign = refusal(house.door("other").WatchRundown, request)
    assert said(foreign) == ("NOT_FOUND", [("RUNDOWN_NOT_FOUND", "id")])
    beyond = pb.WatchVideoRequest(id=video.id, after=2**64 - 1)
    answer = ("INVALID_ARGUMENT", [("VALUE_OUT_OF_RANGE", "after")])
    assert said(refusal(house.door().WatchVideo, beyond)) == answer


def test_too_many_watchers_are_told_so_and_those_who_leave_make_room(house: House) -> None:
    video = house.door(size=Size(threads=4, streams=3)).CreateVideo(video_request()).video
    watching = [
        house.door().WatchVideo(pb.WatchVideoRequest(id=video.id), timeout=30) for _ in range(3)
    ]
    for stream in watching:
        assert next(stream).event.kind == "created"
    refused = refusal(house.door().WatchVideo, pb.WatchVideoRequest(id=video.id))
    assert isinstance(refused, Refused)
    assert str(refused).startswith("STREAMS_TOO_MANY")
    watching[0].cancel()
    assert next(eventually(lambda: watch(house, video.id, seconds=5))).kind == "created"


def eventually(start):
    """Start a stream again until it is let in."""
    for _ in range(100):
        stream = start()
        try:
            first = next(stream)
        except grpc.RpcError:
            time.sleep(0.05)
        else:
            return iter([first])
    raise AssertionError("nobody made room")


def test_a_hundred_watchers_see_everything_and_the_database_is_asked_by_one(house: House) -> None:
    door = house.door(size=Size(threads=4, streams=128))
    video = door.CreateVideo(video_request()).video
    seen: list[list[int]] = [[] for _ in range(100)]

    def follow(kept: list[int]) -> None:
        for event in watch(house, video.id, seconds=30):
            kept.append(event.video.seq)

    threads = [threading.Thread(target=follow, args=(kept,)) for kept in seen]
    for thread in threads:
        thread.start()
    for permille in range(1, 20):
        happen(house, video.id, "progress", progress_permille=permille)
        time.sleep(0.02)
    happen(house, video.id, "finished", ended_ms=1)
    for thread in threads:
        thread.join()
    assert all(kept == list(range(1, 22)) for kept in seen)


def test_a_slow_watcher_misses_nothing(house: House, monkeypatch) -> None:
    monkeypatch.setattr(feed, "MOST_WAITING", 3)
    video = house.door().CreateVideo(video_request()).video
    events = watch(house, video.id)
    kept = [next(events).video.seq]
    for permille in range(400):
        happen(house, video.id, "progress", progress_permille=permille, stage="x" * 30)
    happen(house, video.id, "finished", ended_ms=1)
    kept += [each.video.seq for each in events]
    assert kept == list(range(1, 403))


def test_an_event_waits_for_those_that_may_still_come_before_it(house: House) -> None:
    quiet = Feed(house.desk)
    assert quiet._settle(Horizon(last=7, oldest=50, next=60)) is None, "50 may hold number 6"
    assert quiet._settle(Horizon(last=9, oldest=55, next=70)) is None
    assert quiet._settle(Horizon(last=9, oldest=60, next=80)) == 7, "all before 60 have ended"
    assert quiet._settle(Horizon(last=9, oldest=90, next=90)) == 9
    assert quiet._settle(Horizon(last=12, oldest=95, next=99)) is None
    assert quiet._settle(Horizon(last=12, oldest=93, next=93)) == 12, "the database has crashed"
    quiet.close()


def test_a_watcher_that_is_called_away_just_before_it_waits_does_not_wait() -> None:
    watcher = Watcher(Subject(video="v"))
    watcher.keep_up()
    watcher.wake()
    began = time.monotonic()
    assert watcher.take(30) == []
    assert time.monotonic() - began < 1, "its caller has gone, and keeps a place"


def test_a_video_is_watched_from_now_on(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    happen(house, video.id, "progress")
    now = house.door().GetVideo(pb.GetVideoRequest(id=video.id))
    events = watch(house, video.id, now.cursor)
    happen(house, video.id, "finished", ended_ms=9_000)
    assert (now.video.seq, [each.video.seq for each in events]) == (2, [3])


def test_a_rundown_is_watched_from_now_on(house: House) -> None:
    made = house.door().CreateRundown(iter(rundown_parts(order("one"), order("two"))))
    happen(house, made.video_ids[0], "progress")
    listed = house.door().ListVideos(pb.ListVideosRequest(rundown_id=made.rundown.id))
    looked = house.door().GetRundown(pb.GetRundownRequest(id=made.rundown.id))
    happen(house, made.video_ids[0], "finished", ended_ms=1)
    happen(house, made.video_ids[1], "finished", ended_ms=1)
    for cursor in (listed.cursor, looked.cursor):
        request = pb.WatchRundownRequest(id=made.rundown.id, after=cursor)
        events = [each.event for each in house.door().WatchRundown(request, timeout=10)]
        new = [(each.video.name, each.kind) for each in events if each.video.seq > 2]
        assert ("one", "finished") in new, "it happened after the look"
        assert events[-1].video.name == "two"
        assert "created" not in {each.kind for each in events}, "all that was known comes again"


def test_a_cursor_of_long_ago_is_not_given_to_whoever_asks_again(house: House, monkeypatch) -> None:
    monkeypatch.setattr(feed, "KEEP_SECONDS", 0.01)
    first = house.feed.cursor()
    time.sleep(0.2)  # it has stopped looking
    for number in range(3):
        video = house.door().CreateVideo(video_request(f"r-{number}")).video
    assert house.feed.cursor() == first + 3
    assert house.door().GetVideo(pb.GetVideoRequest(id=video.id)).cursor == first + 3


def test_a_cursor_is_given_though_somebody_writes_for_long(house: House, monkeypatch) -> None:
    busy = iter(Horizon(last=5 + n, oldest=3, next=9 + n) for n in range(10_000))
    monkeypatch.setattr(feed, "look", lambda _: next(busy))
    began = time.monotonic()
    assert house.feed.cursor() == 0, "nothing is known to be complete"
    assert time.monotonic() - began < 2
