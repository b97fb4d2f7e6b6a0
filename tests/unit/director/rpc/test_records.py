"""A team can tell what each of its videos was made from."""

import hashlib

import rfc8785
from google.protobuf.json_format import MessageToDict
from rostrum.compositing.v1.compositing_pb2 import CompositeRequest
from rostrum.director.v1 import production_pb2 as pb
from sqlalchemy import insert, update

from services.chassis.keys import task_key
from services.director.catalogue.records import AT_ONCE
from services.director.tables import tasks, video_tasks, videos
from tests.unit.director.rpc.house import House, refusal, said, video_request


def composite(number: int) -> CompositeRequest:
    request = CompositeRequest(engine="puppet", frame_rate=25, start_frame=number)
    request.scene.data.update({"salary": 1500, "share": 0.5, "skills": ["MIG", None, True]})
    return request


def make_from(house: House, video: str, count: int, team: str = "house") -> None:
    """Let a video be made from so many tasks."""
    keys = [task_key(team, composite(number), "puppet 1") for number in range(count)]
    work = [
        {
            "key": key,
            "team": team,
            "stage": "compositing",
            "request_type": CompositeRequest.DESCRIPTOR.full_name,
            "request": composite(number).SerializeToString(deterministic=True),
            "engine": "puppet",
            "fingerprint": "puppet 1",
            "state": "finished",
            "attempt": 2,
            "created_ms": 1,
            "seconds": None if number else 12.345678,
            "digests": f'["{number:064x}"]',
        }
        for number, key in enumerate(keys)
    ]
    links = [
        {"video": video, "name": f"compositing/{number}", "key": key, "reused": not number}
        for number, key in enumerate(keys)
    ]
    with house.engine.begin() as connection:
        connection.execute(insert(tasks), work)
        connection.execute(insert(video_tasks), links)
        done = {"state": "finished", "frame_count": 250, "frame_rate": 25, "ended_ms": 9_000}
        connection.execute(update(videos).where(videos.c.id == video).values(done))


def record_of(house: House, video: str, team: str = "house") -> pb.Record:
    record = pb.Record()
    for part in house.door(team).GetRecord(pb.GetRecordRequest(id=video), timeout=10):
        record.MergeFrom(part.record)
    return record


def test_a_record_names_order_presenter_channel_and_every_task(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    count = 2 * AT_ONCE
    make_from(house, video.id, count)
    record = record_of(house, video.id)
    assert (record.video.id, record.video.state) == (video.id, pb.VIDEO_STATE_FINISHED)
    assert (record.frame_count, record.frame_rate) == (250, 25)
    assert record.commission.order.frame_rate == 25, "defaults are part of what was made"
    assert record.commission.presenter.consent.kind == "synthetic"
    assert record.commission.channel.brand.logo_text == "JOBS 24"
    assert record.director_version
    names = [f"compositing/{number}" for number in range(count)]
    assert sorted(task.name for task in record.tasks) == sorted(names)
    first = next(task for task in record.tasks if task.name == "compositing/0")
    assert (first.stage, first.engine, first.fingerprint) == ("compositing", "puppet", "puppet 1")
    assert (first.work_time.ToMicroseconds(), first.attempts, first.reused) == (12_345_678, 2, True)
    assert list(first.digests) == [f"{0:064x}"]
    assert not record.tasks[-1].HasField("work_time")


def test_a_task_s_key_can_be_checked_by_everybody(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    make_from(house, video.id, 3)
    for task in record_of(house, video.id).tasks:
        said_of_it = ["house", task.request_type, task.fingerprint, MessageToDict(task.request)]
        assert hashlib.sha256(rfc8785.dumps(said_of_it)).hexdigest() == task.key


def test_a_video_that_is_not_made_yet_has_a_record_without_tasks(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    record = record_of(house, video.id)
    assert record.video == video
    assert record.commission.order.name == "welder"
    assert not record.tasks


def test_a_record_is_its_team_s_own(house: House) -> None:
    video = house.door().CreateVideo(video_request()).video
    for team, id_, answer in [
        ("other", video.id, ("NOT_FOUND", [("VIDEO_NOT_FOUND", "id")])),
        ("house", "0" * 32, ("NOT_FOUND", [("VIDEO_NOT_FOUND", "id")])),
        ("house", "x", ("INVALID_ARGUMENT", [("VIDEO_ID_MALFORMED", "id")])),
    ]:
        assert said(refusal(house.door(team).GetRecord, pb.GetRecordRequest(id=id_))) == answer
