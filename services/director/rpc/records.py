"""What a video was made from, for whoever has to answer for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from rostrum.director.v1.director_pb2 import Commission
from rostrum.director.v1.production_pb2 import (
    GetRecordRequest,
    GetRecordResponse,
    Record,
    TaskRecord,
)

from services.chassis.calls import Call
from services.director.catalogue.records import find_record, tasks_of_video
from services.director.messages import Row, video_message
from services.director.rpc.desk import Desk
from services.director.rpc.names import check_id, not_found
from services.director.schema import message_class


class Records:
    """The method that tells what a video was made from."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get(self, request: GetRecordRequest, call: Call) -> Iterator[GetRecordResponse]:
        """Yield the record of a video of the caller's team in parts, each small enough to send."""
        check_id(request.id, "video")
        with self._desk.reading() as connection:
            row = find_record(connection, call.team, request.id)
        if row is None:
            raise not_found("video")
        yield GetRecordResponse(record=_head(row))
        last = ""
        while tasks := self._tasks(request.id, last):  # no connection is held for slow callers
            for task in tasks:
                call.check()
                yield GetRecordResponse(record=Record(tasks=[_task(task)]))
            last = tasks[-1]["name"]

    def _tasks(self, video: str, after: str) -> Sequence[Row]:
        with self._desk.reading() as connection:
            return tasks_of_video(connection, video, after)


def _head(row: Row) -> Record:
    return Record(
        video=video_message(row),
        commission=Commission.FromString(row["commission"]),
        frame_count=row["frame_count"],
        frame_rate=row["frame_rate"],
        director_version=version("rostrum"),
    )


def _task(row: Row) -> TaskRecord:
    request = message_class(row["request_type"]).FromString(row["request"])
    return TaskRecord(
        name=row["name"],
        stage=row["stage"],
        key=row["key"],
        engine=row["engine"],
        fingerprint=row["fingerprint"],
        request_type=row["request_type"],
        request=ParseDict(MessageToDict(request), Struct()),
        digests=json.loads(row["digests"]),
        work_time=_duration(row["seconds"]),
        attempts=row["attempt"],
        reused=row["reused"],
    )


def _duration(seconds: float | None) -> Duration | None:
    if seconds is None:
        return None
    told = Duration()
    told.FromMicroseconds(round(seconds * 1_000_000))
    return told
