"""What a director says a video was made from, in the words of `rostrum produce`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1.production_pb2 import Record, TaskRecord

from services.chassis.licences import ledger_of
from services.studio.remote.board import state_name


def document_of(record: Record) -> dict[str, Any]:
    """Return a record as `production.json` has it, with what a line alone knows of a video."""
    video, commission = record.video, record.commission
    return {
        "name": video.name,
        "id": video.id,
        "status": state_name(video),
        "created": _iso(video, "create_time"),
        "started": _iso(video, "start_time"),
        "ended": _iso(video, "end_time"),
        "rundown": video.rundown_id,
        "section": video.section,
        "order": _fields(commission.order),
        "presenter": _fields(commission.presenter),
        "channel": _fields(commission.channel),
        "complaints": [
            {"field": said.field, "reason": said.reason, "remedy": said.remedy}
            for said in video.complaints
        ],
        "outputs": [_fields(output) for output in video.outputs],
        "licences": ledger_of(task.engine for task in record.tasks),
        "tasks": [
            _task(task) for task in sorted(record.tasks, key=lambda task: (task.stage, task.name))
        ],
        "rostrum": record.director_version,
        "frame_count": record.frame_count,
        "frame_rate": record.frame_rate,
        "warnings": [
            {"field": said.field, "reason": said.reason, "message": said.message}
            for said in video.warnings
        ],
    }


def _task(task: TaskRecord) -> dict[str, Any]:
    seconds = task.work_time.ToMicroseconds() / 1_000_000 if task.HasField("work_time") else None
    return {
        "name": task.name,
        "stage": task.stage,
        "key": task.key,
        "engine": task.engine,
        "fingerprint": task.fingerprint,
        "request_type": task.request_type,
        "request": _whole(MessageToDict(task.request)),
        "digests": list(task.digests),
        "seconds": seconds,
        "attempts": task.attempts,
        "reused": task.reused,
    }


def _fields(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)


def _whole(value: Any) -> Any:  # noqa: ANN401  # whatever JSON can say
    """Return a value with whole numbers as such, and in order: a Struct keeps neither."""
    if isinstance(value, Mapping):
        return {name: _whole(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _iso(message: Message, name: str) -> str | None:
    moment: Timestamp = getattr(message, name)
    if not message.HasField(name):
        return None
    return moment.ToDatetime(tzinfo=UTC).isoformat(timespec="milliseconds")
