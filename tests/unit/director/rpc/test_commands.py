"""Callers stop videos, go on with them, send parked tasks again and withdraw consent."""

import pytest
from rostrum.director.v1 import production_pb2 as pb
from sqlalchemy import insert, select, update

from services.director.tables import tasks, video_tasks, videos
from tests.unit.director.rpc.house import (
    House,
    digest,
    order,
    presenter,
    refusal,
    rundown_parts,
    said,
    video_request,
)


def make(house: House, name: str = "welder", team: str = "house", **fields: object) -> str:
    request = video_request(f"{team}-{name}", order=order(name), **fields)
    return house.door(team).CreateVideo(request).video.id


def end(house: House, video: str, state: str) -> None:
    with house.engine.begin() as connection:
        ended = update(videos).where(videos.c.id == video).values(state=state, ended_ms=1)
        connection.execute(ended)


def park(house: House, video: str, stage: str = "lipsync", team: str = "house") -> str:
    """Let a video wait for a task that has killed three workers."""
    key = digest(f"{video} {stage}")
    task = {
        "key": key,
        "team": team,
        "stage": stage,
        "request_type": "rostrum.lipsync.v1.SyncRequest",
        "request": b"",
        "engine": "",
        "fingerprint": "f 1",
        "state": "parked",
        "created_ms": 1,
        "video": video,
    }
    with house.engine.begin() as connection:
        connection.execute(insert(tasks), [task])
        connection.execute(
            insert(video_tasks), [{"video": video, "name": f"{stage}/1", "key": key}]
        )
    return key


def test_a_cancelled_video_is_gone_on_with_on_request(house: House) -> None:
    id_ = make(house)
    cancelled = house.door().CancelVideo(pb.CancelVideoRequest(id=id_)).video
    assert (cancelled.state, cancelled.seq) == (pb.VIDEO_STATE_CANCELLED, 2)
    assert cancelled.HasField("end_time")
    again = house.door().RetryVideo(pb.RetryVideoRequest(id=id_)).video
    assert (again.state, again.HasField("end_time")) == (pb.VIDEO_STATE_QUEUED, False)


def test_what_has_ended_cannot_be_cancelled(house: House) -> None:
    id_ = make(house)
    end(house, id_, "finished")
    refused = refusal(house.door().CancelVideo, pb.CancelVideoRequest(id=id_))
    assert said(refused) == ("FAILED_PRECONDITION", [("VIDEO_ALREADY_TERMINAL", "id")])
    refused = refusal(house.door().RetryVideo, pb.RetryVideoRequest(id=id_))
    assert said(refused) == ("FAILED_PRECONDITION", [("VIDEO_ALREADY_TERMINAL", "id")])


def test_what_goes_on_by_itself_is_not_queued_again(house: House) -> None:
    refused = refusal(house.door().RetryVideo, pb.RetryVideoRequest(id=make(house)))
    assert said(refused) == ("FAILED_PRECONDITION", [("VIDEO_NOT_ENDED", "id")])


def test_a_video_whose_order_has_mistakes_cannot_be_gone_on_with(house: House) -> None:
    bad = order("bad", script="")
    made = house.door().CreateRundown(iter(rundown_parts(bad)))
    refused = refusal(house.door().RetryVideo, pb.RetryVideoRequest(id=made.video_ids[0]))
    assert said(refused) == ("FAILED_PRECONDITION", [("VIDEO_NOT_RETRYABLE", "id")])


@pytest.mark.parametrize("method", ["CancelVideo", "RetryVideo"])
def test_videos_of_other_teams_are_not_there(house: House, method: str) -> None:
    id_ = make(house)
    request = getattr(pb, f"{method}Request")
    foreign = refusal(getattr(house.door("other"), method), request(id=id_))
    assert said(foreign) == ("NOT_FOUND", [("VIDEO_NOT_FOUND", "id")])
    malformed = refusal(getattr(house.door(), method), request(id="x' OR '1'='1"))
    assert said(malformed) == ("INVALID_ARGUMENT", [("VIDEO_ID_MALFORMED", "id")])
    with house.engine.connect() as connection:
        state = connection.execute(select(videos.c.state).where(videos.c.id == id_)).scalar()
    assert state == "queued"


def test_parked_tasks_are_sent_again_once(house: House) -> None:
    id_, elsewhere = make(house), make(house, team="other")
    park(house, id_)
    park(house, elsewhere, team="other")
    door = house.door()
    assert door.Redrive(pb.RedriveRequest(stage="motion")).task_count == 0
    assert door.Redrive(pb.RedriveRequest(video_id=id_)).task_count == 1
    assert door.Redrive(pb.RedriveRequest()).task_count == 0, "the other team's is its own affair"


@pytest.mark.parametrize(
    ("wanted", "code", "complaint"),
    [
        ({"stage": "cooking"}, "INVALID_ARGUMENT", ("STAGE_UNKNOWN", "stage")),
        ({"video_id": "x"}, "INVALID_ARGUMENT", ("VIDEO_ID_MALFORMED", "video_id")),
        ({"video_id": "0" * 32}, "NOT_FOUND", ("VIDEO_NOT_FOUND", "video_id")),
    ],
)
def test_a_redrive_names_what_there_is(
    house: House, wanted: dict[str, str], code: str, complaint: tuple[str, str]
) -> None:
    refused = refusal(house.door().Redrive, pb.RedriveRequest(**wanted))
    assert said(refused) == (code, [complaint])


def test_withdrawn_consent_stops_videos_and_ends_admission_at_once(house: House) -> None:
    own = presenter(subject="Nora N.")
    for team in ("house", "other"):
        house.own(own.portrait.digest, team=team)
    ours, theirs = make(house, presenter=own), make(house, team="other", presenter=own)
    revoked = house.door().RevokeConsent(pb.RevokeConsentRequest(subject="Nora N."))
    assert list(revoked.video_ids) == [ours], "consent is given to one team"
    video = house.door().GetVideo(pb.GetVideoRequest(id=ours)).video
    assert video.state == pb.VIDEO_STATE_CANCELLED
    assert [each.reason for each in video.complaints] == ["CONSENT_REVOKED"]
    refused = refusal(house.door().CreateVideo, video_request("r-2", presenter=own))
    assert said(refused) == ("FAILED_PRECONDITION", [("CONSENT_REVOKED", "presenter.consent")])
    other = house.door("other").GetVideo(pb.GetVideoRequest(id=theirs)).video
    assert other.state == pb.VIDEO_STATE_QUEUED


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({}, ("FIELD_REQUIRED", "subject")),
        ({"subject": "a\x00b"}, ("TEXT_CONTROL_CHARS", "subject")),
        ({"portrait_digest": "file:///x.png"}, ("URL_NOT_ALLOWED", "portrait_digest")),
        ({"portrait_digest": "../x"}, ("OBJECT_KEY_INVALID", "portrait_digest")),
    ],
)
def test_a_revocation_says_whose(
    house: House, wanted: dict[str, str], complaint: tuple[str, str]
) -> None:
    refused = refusal(house.door().RevokeConsent, pb.RevokeConsentRequest(**wanted))
    assert said(refused) == ("INVALID_ARGUMENT", [complaint])
