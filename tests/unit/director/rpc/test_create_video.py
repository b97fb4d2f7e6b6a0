"""Orders come in once for each request id, and everything wrong with one is said at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Commission, MediaFile
from sqlalchemy import func, select

from services.director.tables import events, outbox, revocations, videos
from tests.unit.director.rpc.house import (
    SCRIPT,
    House,
    channel,
    digest,
    in_seconds,
    order,
    presenter,
    refusal,
    said,
    video_request,
)

Request = pb.CreateVideoRequest
Spoil = Callable[[Request], object]


def test_a_video_is_accepted_with_what_was_said_of_it(house: House) -> None:
    deadline = in_seconds(3600)
    video = house.door().CreateVideo(video_request(priority=7, deadline=deadline)).video
    assert len(video.id) == 32
    assert (video.name, video.channel, video.priority) == ("welder", "jobs", 7)
    assert (video.state, video.seq) == (pb.VIDEO_STATE_QUEUED, 1)
    assert video.deadline.ToMilliseconds() == deadline.ToMilliseconds()
    assert house.door().GetVideo(pb.GetVideoRequest(id=video.id)).video == video


def test_a_video_without_a_priority_has_the_usual_one_and_zero_is_a_priority(house: House) -> None:
    assert house.door().CreateVideo(video_request()).video.priority == 5
    assert house.door().CreateVideo(video_request("r-2", priority=0)).video.priority == 0


def test_a_video_its_event_and_its_message_are_there_together(house: House) -> None:
    house.door().CreateVideo(video_request())
    with house.engine.connect() as connection:
        for table in (videos, events, outbox):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 1


@pytest.mark.parametrize(
    ("spoil", "code", "complaints"),
    [
        (
            lambda r: r.Clear(),
            "INVALID_ARGUMENT",
            [
                ("FIELD_REQUIRED", "order.name"),
                ("FIELD_REQUIRED", "order.script"),
                ("FIELD_REQUIRED", "order.presenter"),
                ("FIELD_REQUIRED", "request_id"),
            ],
        ),
        (lambda r: setattr(r.order, "script", " \n "), "", [("SCRIPT_EMPTY", "order.script")]),
        (
            lambda r: setattr(r.order, "script", "x" * 20_001),
            "",
            [("SCRIPT_TOO_LONG", "order.script")],
        ),
        (
            lambda r: r.order.formats.add(aspect="16:9", height=8192),
            "",
            [("DIMENSION_TOO_LARGE", "order.formats[0].height")],
        ),
        (lambda r: setattr(r.order, "frame_rate", 1001), "", [("FPS_INVALID", "order.frame_rate")]),
        (
            lambda r: setattr(r.order, "template", "../../x"),
            "",
            [("TEMPLATE_ID_INVALID", "order.template")],
        ),
        (
            lambda r: r.order.data.update({"name": "a \u202e b"}),
            "",
            [("TEXT_BIDI_CONTROL", "order.data.name")],
        ),
        (lambda r: setattr(r.deadline, "seconds", 1), "", [("DEADLINE_PAST", "deadline")]),
        (lambda r: setattr(r.deadline, "seconds", -1), "", [("VALUE_OUT_OF_RANGE", "deadline")]),
        (
            lambda r: setattr(r, "priority", 11),
            "OUT_OF_RANGE",
            [("PRIORITY_OUT_OF_RANGE", "priority")],
        ),
        (
            lambda r: setattr(r, "request_id", "x" * 257),
            "",
            [("IDEMPOTENCY_KEY_INVALID", "request_id")],
        ),
        (
            lambda r: setattr(r, "request_id", "a b"),
            "",
            [("IDEMPOTENCY_KEY_INVALID", "request_id")],
        ),
        (lambda r: setattr(r, "team", "other"), "PERMISSION_DENIED", [("TEAM_MISMATCH", "team")]),
        (
            lambda r: setattr(r.order, "presenter", "nobody"),
            "",
            [("PRESENTER_UNKNOWN", "order.presenter")],
        ),
        (
            lambda r: setattr(r.order, "channel", "nowhere"),
            "",
            [("CHANNEL_UNKNOWN", "order.channel")],
        ),
        (
            lambda r: setattr(r.order, "presenter", "../../secret.png"),
            "",
            [("OBJECT_KEY_INVALID", "order.presenter")],
        ),
        (
            lambda r: setattr(r.order, "presenter", "gopher://host/x"),
            "",
            [("URL_NOT_ALLOWED", "order.presenter")],
        ),
        (
            lambda r: setattr(r.order, "motion", "~/drive.mp4"),
            "",
            [("OBJECT_KEY_INVALID", "order.motion")],
        ),
        (
            lambda r: setattr(r.order, "motion", "C:\\drive.mp4"),
            "",
            [("OBJECT_KEY_INVALID", "order.motion")],
        ),
        (lambda r: setattr(r.order, "motion", "calm"), "", [("MOTION_UNKNOWN", "order.motion")]),
        (
            lambda r: setattr(r.order, "recording", "file:///etc/passwd"),
            "",
            [("URL_NOT_ALLOWED", "order.recording")],
        ),
        (
            lambda r: setattr(r.order, "recording", "read.wav"),
            "",
            [("RECORDING_UNKNOWN", "order.recording")],
        ),
        (
            lambda r: setattr(r.motion, "digest", digest("never uploaded")),
            "NOT_FOUND",
            [("ASSET_NOT_FOUND", "motion")],
        ),
        (
            lambda r: setattr(r.motion, "digest", "http://169.254.169.254/"),
            "",
            [("URL_NOT_ALLOWED", "motion")],
        ),
        (
            lambda r: setattr(r.recording, "digest", "../../secret"),
            "",
            [("OBJECT_KEY_INVALID", "recording")],
        ),
        (
            lambda r: r.presenter.CopyFrom(presenter()),
            "NOT_FOUND",
            [("ASSET_NOT_FOUND", "presenter.portrait")],
        ),
        (
            lambda r: r.presenter.CopyFrom(presenter("malik")),
            "",
            [("NAME_MISMATCH", "presenter.name")],
        ),
        (
            lambda r: setattr(r.channel, "name", "sports"),
            "",
            [("NAME_MISMATCH", "channel.name")],
        ),
        (
            lambda r: setattr(r.order.consent, "kind", "self"),
            "",
            [("CONSENT_DUPLICATE", "order.consent")],
        ),
    ],
)
def test_a_bad_order_is_refused_and_the_next_good_one_works(
    house: House, spoil: Spoil, code: str, complaints: list[tuple[str, str]]
) -> None:
    request = video_request()
    spoil(request)
    answer = said(refusal(house.door().CreateVideo, request))
    assert answer == (code or "INVALID_ARGUMENT", complaints)
    assert house.door().CreateVideo(video_request()).video.id


def test_everything_wrong_is_said_in_one_answer(house: House) -> None:
    bad = video_request(order=order("Not A Name", script="", frame_rate=7), priority=99)
    code, complaints = said(refusal(house.door().CreateVideo, bad))
    assert code == "INVALID_ARGUMENT", "the caller's own mistakes come first"
    assert complaints == [
        ("NAME_INVALID", "order.name"),
        ("FIELD_REQUIRED", "order.script"),
        ("FPS_INVALID", "order.frame_rate"),
        ("PRIORITY_OUT_OF_RANGE", "priority"),
    ]


@pytest.mark.parametrize(
    ("consent", "reason"),
    [
        ({"kind": ""}, "CONSENT_MISSING"),
        ({"expires": "2020-01-01"}, "CONSENT_EXPIRED"),
        ({"channels": ["sports"]}, "CONSENT_SCOPE"),
        ({"scope": ["final"]}, "CONSENT_SCOPE"),
    ],
)
def test_a_likeness_is_shown_only_with_consent(
    house: House, consent: dict[str, object], reason: str
) -> None:
    own = presenter(**consent)
    house.own(own.portrait.digest)
    refused = refusal(house.door().CreateVideo, video_request(presenter=own))
    assert said(refused) == ("FAILED_PRECONDITION", [(reason, "presenter.consent")])
    assert house.door().CreateVideo(video_request()).video.id


def test_consent_for_a_portrait_of_ones_own_may_stand_in_the_order(house: House) -> None:
    own = presenter()
    own.ClearField("consent")
    house.own(own.portrait.digest)
    agreed = order(consent={"kind": "self", "expires": "2020-01-01"})
    expired = refusal(house.door().CreateVideo, video_request(presenter=own, order=agreed))
    assert said(expired) == ("FAILED_PRECONDITION", [("CONSENT_EXPIRED", "order.consent")])
    agreed.consent.expires = ""
    assert house.door().CreateVideo(video_request(presenter=own, order=agreed)).video.id


@pytest.mark.parametrize(
    "revoked",
    [
        {"subject": "Nora N.", "portrait_digest": ""},
        {"subject": "", "portrait_digest": digest("portrait of nora")},
    ],
)
def test_withdrawn_consent_ends_admission(house: House, revoked: dict[str, str]) -> None:
    own = presenter(subject="Nora N.")
    house.own(own.portrait.digest)
    with house.engine.begin() as connection:
        connection.execute(revocations.insert().values(team="house", time_ms=1, **revoked))
    refused = refusal(house.door().CreateVideo, video_request(presenter=own))
    assert said(refused) == ("FAILED_PRECONDITION", [("CONSENT_REVOKED", "presenter.consent")])
    house.own(own.portrait.digest, team="other")
    assert house.door("other").CreateVideo(video_request(presenter=own)).video.id


def test_files_of_another_team_are_not_there(house: House) -> None:
    drive = MediaFile(digest=digest("drive"), extension="mp4")
    house.own(drive.digest, team="other")
    refused = refusal(house.door().CreateVideo, video_request(motion=drive))
    assert said(refused) == ("NOT_FOUND", [("ASSET_NOT_FOUND", "motion")])
    assert house.door("other").CreateVideo(video_request(motion=drive)).video.id


def test_a_picture_that_nobody_checked_is_no_logo(house: House) -> None:
    own = channel()
    own.brand.logo_digest = digest("unchecked bytes")
    refused = said(refusal(house.door().CreateVideo, video_request(channel=own)))
    assert refused == ("INVALID_ARGUMENT", [("FIELD_NOT_ALLOWED", "channel.brand.logo_digest")]), (
        "intake decodes pictures behind walls; nothing may lead around it"
    )


def test_the_same_request_gives_the_same_video_whenever_it_comes(house: House) -> None:
    request = video_request(deadline=in_seconds(1.0))
    first = house.door().CreateVideo(request).video
    assert house.door().CreateVideo(request).video == first
    house.desk.now_ms = lambda: 2**41  # the deadline has long passed
    assert house.door().CreateVideo(request).video == first


def test_the_same_id_with_another_body_is_refused(house: House) -> None:
    house.door().CreateVideo(video_request())
    reused = ("ALREADY_EXISTS", [("IDEMPOTENCY_KEY_REUSED", "request_id")])
    changed = video_request(order=order(script=f"{SCRIPT} More."))
    assert said(refusal(house.door().CreateVideo, changed)) == reused
    worse = video_request(order=order(script=""))
    assert said(refusal(house.door().CreateVideo, worse)) == reused
    assert house.door().CreateVideo(video_request("r-2")).video.id


def test_the_same_id_of_another_team_is_another_video(house: House) -> None:
    ours = house.door().CreateVideo(video_request()).video
    theirs = house.door("other").CreateVideo(video_request(order=order("other-one"))).video
    assert ours.id != theirs.id


def test_sixty_four_callers_with_one_id_make_one_video(house: House) -> None:
    door = house.door()
    with ThreadPoolExecutor(64) as callers:
        for key in range(5):
            request = video_request(f"key-{key}")
            answers = callers.map(lambda _, r=request: door.CreateVideo(r).video, range(64))
            assert len({video.id for video in answers}) == 1
    with house.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(videos)).scalar() == 5


def test_a_request_of_a_newer_version_is_refused_rather_than_half_understood(house: House) -> None:
    newer = pb.CreateVideoRequest.FromString(video_request().SerializeToString() + b"\xfa\x01\x01x")
    code, complaints = said(refusal(house.door().CreateVideo, newer))
    assert (code, complaints[0][0]) == ("INVALID_ARGUMENT", "FIELD_UNKNOWN")


def test_a_team_s_own_presenter_hides_the_one_shipped(house: House) -> None:
    own = presenter(channels=["sports"])
    house.own(own.portrait.digest)
    house.door().PutPresenter(pb.PutPresenterRequest(presenter=own))
    refused = refusal(house.door().CreateVideo, video_request())
    assert said(refused) == ("FAILED_PRECONDITION", [("CONSENT_SCOPE", "order.consent")])
    assert house.door("other").CreateVideo(video_request()).video.id


def test_an_order_too_large_to_travel_is_refused(house: House) -> None:
    request = video_request(channel=channel())
    for index in range(160):
        request.channel.pronunciations.add(written=f"word {index}", spoken="x" * 1900)
    code, complaints = said(refusal(house.door().CreateVideo, request))
    assert (code, complaints) == ("INVALID_ARGUMENT", [("ORDER_TOO_LARGE", "order")])


def test_an_order_is_kept_as_it_was_said_with_defaults_filled_in(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    with house.engine.connect() as connection:
        kept = connection.execute(select(videos.c.commission).where(videos.c.id == video.id))
        commission = Commission.FromString(kept.scalar_one())
    said_of_it = (commission.order.script, commission.order.language, commission.order.frame_rate)
    assert said_of_it == (SCRIPT, "en-US", 25)
    assert commission.presenter == presenter()
    assert commission.channel == channel()
