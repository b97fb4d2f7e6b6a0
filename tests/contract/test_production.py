"""The door Production answers over PostgreSQL as it does over SQLite: the same tests once more."""
# ruff: noqa: F401  # pytest finds here what is imported

import time
from collections.abc import Iterator

import pytest
from rostrum.director.v1 import production_pb2 as pb

from services.chassis.errors import Transient
from services.director.line.videos import change
from services.studio.servers.postgres import PostgresServer
from tests.unit.director.rpc.house import (
    House,
    open_house,
    order,
    refusal,
    rundown_parts,
    video_request,
)
from tests.unit.director.rpc.test_commands import (
    test_a_cancelled_video_is_gone_on_with_on_request,
    test_parked_tasks_are_sent_again_once,
    test_videos_of_other_teams_are_not_there,
    test_withdrawn_consent_stops_videos_and_ends_admission_at_once,
)
from tests.unit.director.rpc.test_create_video import (
    test_a_bad_order_is_refused_and_the_next_good_one_works,
    test_a_video_its_event_and_its_message_are_there_together,
    test_sixty_four_callers_with_one_id_make_one_video,
    test_the_same_id_of_another_team_is_another_video,
    test_the_same_id_with_another_body_is_refused,
    test_the_same_request_gives_the_same_video_whenever_it_comes,
)
from tests.unit.director.rpc.test_library import (
    test_a_second_put_replaces_the_first,
    test_a_team_calls_for_what_it_has_put_at_once,
    test_a_team_cannot_put_more_than_fits_into_one_list,
)
from tests.unit.director.rpc.test_lists import (
    test_a_list_is_asked_for_in_words_that_make_sense,
    test_pages_hold_every_video_once_though_new_ones_come_meanwhile,
    test_videos_are_listed_by_state_and_channel_and_rundown,
)
from tests.unit.director.rpc.test_records import (
    test_a_record_is_its_team_s_own,
    test_a_record_names_order_presenter_channel_and_every_task,
)
from tests.unit.director.rpc.test_rundowns import (
    test_a_rundown_s_videos_come_back_in_their_order,
    test_a_video_whose_texts_no_database_takes_fails_alone,
    test_a_video_with_mistakes_is_listed_as_failed_with_all_of_them,
    test_late_is_what_was_not_ready_at_its_deadline,
    test_nothing_of_a_stream_that_breaks_off_is_kept,
    test_rundowns_are_found_and_listed_by_their_team_alone,
    test_the_same_stream_gives_the_same_rundown,
)
from tests.unit.director.rpc.test_watching import (
    test_a_cursor_of_long_ago_is_not_given_to_whoever_asks_again,
    test_a_hundred_watchers_see_everything_and_the_database_is_asked_by_one,
    test_a_rundown_is_followed_until_its_last_video_has_ended,
    test_a_rundown_is_watched_from_now_on,
    test_a_slow_watcher_misses_nothing,
    test_a_video_is_followed_from_its_first_event_to_its_end,
    test_a_video_is_watched_from_now_on,
    test_a_watch_goes_on_from_the_cursor_of_the_last_event_seen,
)


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with open_house(database_url) as opened:
        yield opened


def test_a_watcher_of_a_rundown_waits_for_events_that_were_numbered_first(house: House) -> None:
    made = house.door().CreateRundown(iter(rundown_parts(order("one"), order("two"))))
    request = pb.WatchRundownRequest(id=made.rundown.id)
    stream = house.door().WatchRundown(request, timeout=20)
    assert [next(stream).event.kind for _ in range(2)] == ["created", "created"]
    with house.engine.begin() as slow:
        change(slow, made.video_ids[0], "finished", 1, {"state": "finished", "ended_ms": 1})
        with house.engine.begin() as quick:
            change(quick, made.video_ids[1], "progress", 1, {"progress_permille": 5})
        time.sleep(0.5)  # many looks: the second number is there, the first is not
    first, second = next(stream).event, next(stream).event
    assert (first.kind, second.kind) == ("finished", "progress"), "a cursor would have skipped one"
    assert first.cursor < second.cursor
    stream.cancel()


def test_a_look_at_a_rundown_does_not_hide_what_was_numbered_before_and_seen_after(
    house: House,
) -> None:
    door = house.door()
    made = door.CreateRundown(iter(rundown_parts(order("one"), order("two"))))
    rundown, first, second = made.rundown.id, *made.video_ids
    with house.engine.begin() as slow:
        change(slow, first, "finished", 1, {"state": "finished", "ended_ms": 1})
        with house.engine.begin() as quick:
            change(quick, second, "progress", 1, {"state": "running"})
        time.sleep(0.2)
        listed = door.ListVideos(pb.ListVideosRequest(rundown_id=rundown))
        looked = door.GetRundown(pb.GetRundownRequest(id=rundown))
        states = {video.id: video.state for video in listed.videos}
        assert (states[first], states[second]) == (pb.VIDEO_STATE_QUEUED, pb.VIDEO_STATE_RUNNING)
    with house.engine.begin() as later:
        change(later, second, "finished", 1, {"state": "finished", "ended_ms": 1})
    for cursor in (listed.cursor, looked.cursor):
        request = pb.WatchRundownRequest(id=rundown, after=cursor)
        events = [each.event for each in door.WatchRundown(request, timeout=20)]
        assert first in {each.video.id for each in events}, "a cursor has skipped its end"


def test_a_database_that_is_away_is_said_at_once_and_found_again(
    house: House, postgres: PostgresServer
) -> None:
    first = house.door().CreateVideo(video_request()).video
    postgres.kill()
    try:
        for _ in range(3):
            away = refusal(house.door().CreateVideo, video_request("r-2"))
            assert isinstance(away, Transient)
            assert str(away).startswith("DATABASE_UNAVAILABLE")
    finally:
        postgres.start()
    for _ in range(20):  # connections from before are found broken one by one
        try:
            second = house.door().CreateVideo(video_request("r-2")).video
            break
        except Exception:  # noqa: BLE001
            continue
    assert second.id != first.id
    assert house.door().GetVideo(pb.GetVideoRequest(id=first.id)).video == first
