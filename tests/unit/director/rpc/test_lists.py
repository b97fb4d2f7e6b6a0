"""A team sees its own videos and rundowns, page by page, and nobody else's."""

import pytest
from rostrum.director.v1 import production_pb2 as pb
from sqlalchemy import update

from services.director.catalogue import paging
from services.director.tables import videos
from tests.unit.director.rpc.house import (
    House,
    order,
    refusal,
    rundown_parts,
    said,
    video_request,
)


def make(house: House, count: int, team: str = "house") -> list[str]:
    """Make videos, one in each millisecond, and return their ids, the latest first."""
    ids = []
    for number in range(count):
        house.desk.now_ms = lambda n=number: 1_800_000_000_000 + n
        name = f"video-{number}"
        made = house.door(team).CreateVideo(video_request(f"{team}-{name}", order=order(name)))
        ids.insert(0, made.video.id)
    return ids


def test_a_video_is_found_by_its_team_alone(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    for id_, team, answer in [
        (video.id, "other", ("NOT_FOUND", [("VIDEO_NOT_FOUND", "id")])),
        ("0" * 32, "house", ("NOT_FOUND", [("VIDEO_NOT_FOUND", "id")])),
        ("../../x", "house", ("INVALID_ARGUMENT", [("VIDEO_ID_MALFORMED", "id")])),
        (video.id.upper(), "house", ("INVALID_ARGUMENT", [("VIDEO_ID_MALFORMED", "id")])),
        ("", "house", ("INVALID_ARGUMENT", [("VIDEO_ID_MALFORMED", "id")])),
    ]:
        assert said(refusal(house.door(team).GetVideo, pb.GetVideoRequest(id=id_))) == answer
    assert house.door().GetVideo(pb.GetVideoRequest(id=video.id)).video == video


def test_pages_hold_every_video_once_though_new_ones_come_meanwhile(house: House) -> None:
    ids, seen, token = make(house, 7), [], ""
    make(house, 2, team="other")
    while True:
        page = house.door().ListVideos(pb.ListVideosRequest(page_size=3, page_token=token))
        seen += [video.id for video in page.videos]
        house.desk.now_ms = lambda: 1_900_000_000_000
        newer = video_request(f"new-{len(seen)}", order=order("newer"))
        house.door().CreateVideo(newer)
        if not (token := page.next_page_token):
            break
    assert seen == ids


def test_a_last_page_that_is_full_has_no_page_after_it(house: House) -> None:
    make(house, 3)
    assert not house.door().ListVideos(pb.ListVideosRequest(page_size=3)).next_page_token
    assert house.door().ListVideos(pb.ListVideosRequest(page_size=2)).next_page_token


def test_videos_are_listed_by_state_and_channel_and_rundown(house: House) -> None:
    finished, *rest = make(house, 3)
    plain = order("plain")
    plain.ClearField("channel")
    bare = house.door().CreateVideo(video_request("bare", order=plain)).video.id
    made = house.door().CreateRundown(iter(rundown_parts(order("of-day"))))
    with house.engine.begin() as connection:
        done = update(videos).where(videos.c.id == finished).values(state="finished")
        connection.execute(done)

    def listed(**wanted: object) -> set[str]:
        request = pb.ListVideosRequest(**wanted)  # type: ignore[arg-type]
        return {video.id for video in house.door().ListVideos(request).videos}

    assert listed(states=[pb.VIDEO_STATE_FINISHED]) == {finished}
    both = [pb.VIDEO_STATE_FINISHED, pb.VIDEO_STATE_QUEUED]
    assert listed(states=both, channel="jobs") == {finished, *rest, *made.video_ids}
    assert listed(rundown_id=made.rundown.id) == set(made.video_ids)
    assert listed(channel="sports") == set()
    assert bare in listed()


@pytest.mark.parametrize(
    ("wanted", "reason", "field"),
    [
        ({"page_size": 501}, "VALUE_OUT_OF_RANGE", "page_size"),
        ({"page_token": "AAAA"}, "PAGE_TOKEN_INVALID", "page_token"),
        ({"page_token": "not base64 !"}, "PAGE_TOKEN_INVALID", "page_token"),
        ({"channel": "\x00"}, "NAME_INVALID", "channel"),
        ({"rundown_id": "x"}, "RUNDOWN_ID_MALFORMED", "rundown_id"),
        ({"states": [0]}, "ENUM_UNKNOWN", "states"),
        ({"states": [9999]}, "ENUM_UNKNOWN", "states[0]"),
    ],
)
def test_a_list_is_asked_for_in_words_that_make_sense(
    house: House, wanted: dict[str, object], reason: str, field: str
) -> None:
    request = pb.ListVideosRequest(**wanted)  # type: ignore[arg-type]
    code, complaints = said(refusal(house.door().ListVideos, request))
    assert (code, complaints) == ("INVALID_ARGUMENT", [(reason, field)])


def test_a_page_token_is_good_for_its_own_list_alone(house: House) -> None:
    make(house, 3)
    token = house.door().ListVideos(pb.ListVideosRequest(page_size=1)).next_page_token
    flipped = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    refused = ("INVALID_ARGUMENT", [("PAGE_TOKEN_INVALID", "page_token")])
    for team, request in [
        ("house", pb.ListVideosRequest(page_token=token, channel="jobs")),
        ("house", pb.ListVideosRequest(page_token=flipped)),
        ("other", pb.ListVideosRequest(page_token=token)),
    ]:
        assert said(refusal(house.door(team).ListVideos, request)) == refused
    other_list = pb.ListRundownsRequest(page_token=token)
    assert said(refusal(house.door().ListRundowns, other_list)) == refused
    assert len(house.door().ListVideos(pb.ListVideosRequest(page_token=token)).videos) == 2


def test_a_token_says_exactly_where_a_page_ends() -> None:
    mark = paging.Mark(1_800_000_000_123, "0123456789abcdef" * 2)
    assert paging.read_token(paging.write_token(mark, ["a", "b"]), ["a", "b"]) == mark
