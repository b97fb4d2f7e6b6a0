"""Rows of the director's tables as the messages that people see, and what of messages rows hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1.production_pb2 import (
    Complaint,
    OutputFile,
    Rundown,
    Video,
    VideoEvent,
    VideoState,
)
from rostrum.media.v1.media_pb2 import Warning as Caution

from services.chassis.errors import Violation
from services.director.recipes import Output
from services.director.videos import CANCELLED, FAILED, FINISHED, RUNNING

Row = Mapping[Any, Any]
"""Values by column, as SQLAlchemy returns them or as a dict has them."""

QUEUED: Final = "queued"
OPEN: Final = frozenset({QUEUED, RUNNING})
"""States of videos that have not ended."""
STATES: Final[Mapping[str, VideoState.ValueType]] = {
    QUEUED: VideoState.VIDEO_STATE_QUEUED,
    RUNNING: VideoState.VIDEO_STATE_RUNNING,
    FINISHED: VideoState.VIDEO_STATE_FINISHED,
    FAILED: VideoState.VIDEO_STATE_FAILED,
    CANCELLED: VideoState.VIDEO_STATE_CANCELLED,
}
STATE_NAMES: Final = {number: name for name, number in STATES.items()}


def video_message(row: Row) -> Video:
    """Return a row of `videos` as callers see it; its `commission` need not be in the row."""
    return Video(
        id=row["id"],
        name=row["name"],
        channel=row["channel"],
        state=STATES[row["state"]],
        stage=row["stage"] or "",
        progress_permille=row["progress_permille"] or 0,
        create_time=moment(row["created_ms"]),
        start_time=moment(row["started_ms"]),
        end_time=moment(row["ended_ms"]),
        deadline=moment(row["deadline_ms"]),
        expected_end_time=moment(row["expected_ms"] if row["state"] in OPEN else None),
        priority=row["priority"],
        rundown_id=row["rundown"] or "",
        section=row["section"] or "",
        complaints=_listed(row["complaints"]),
        warnings=_listed(row["warnings"]),
        outputs=_listed(row["outputs"]),
        seq=row["seq"],
    )


def event_message(row: Row) -> VideoEvent:
    """Return a row of `events` as callers and other teams see it."""
    return VideoEvent(
        kind=row["kind"],
        video=Video.FromString(row["video_bytes"]),
        time=moment(row["time_ms"]),
        team=row["team"],
        cursor=row["id"],
    )


def rundown_message(row: Row, counts: Row) -> Rundown:
    """Return a row of `rundowns` with what was counted of its videos.

    counts: how many there are by state and in all ("videos"), how many are "late", and when the
    last of them ended ("ended_ms").
    """
    is_open = any(counts[state] for state in OPEN)
    rundown = Rundown(
        id=row["id"],
        name=row["name"],
        create_time=moment(row["created_ms"]),
        deadline=moment(row["deadline_ms"]),
        end_time=None if is_open else moment(counts["ended_ms"]),
        expected_end_time=moment(row["expected_ms"]) if is_open else None,
        video_count=counts["videos"],
        late_count=counts["late"],
    )
    for state in STATES:
        setattr(rundown, f"{state}_count", counts[state])
    return rundown


def complaints_text(violations: Iterable[Violation]) -> str:
    """Return complaints as `videos.complaints` holds them; fields are paths in the order."""
    return _text([Complaint(field=v.field, reason=v.reason, remedy=v.remedy) for v in violations])


def warnings_text(warnings: Iterable[Caution]) -> str:
    """Return warnings as `videos.warnings` holds them; fields are paths in the order."""
    return _text(list(warnings))


def outputs_text(outputs: Iterable[Output]) -> str:
    """Return files as `videos.outputs` holds them."""
    return _text(
        [OutputFile(name=o.name, kind=o.kind, digest=o.digest, format=o.format) for o in outputs]
    )


def moment(unix_ms: int | None) -> Timestamp | None:
    """Return a time of the tables as messages say it."""
    if unix_ms is None:
        return None
    seconds, rest = divmod(unix_ms, 1000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000_000)


def unix_ms(time: Timestamp) -> int:
    """Return a time of a message as the tables hold it."""
    return time.seconds * 1000 + time.nanos // 1_000_000


def _listed(text: str) -> Any:  # noqa: ANN401  # a list of fields, of which protobuf makes messages
    return () if text == "[]" else json.loads(text)


def _text(messages: list[Complaint] | list[Caution] | list[OutputFile]) -> str:
    rows = [MessageToDict(each, preserving_proto_field_name=True) for each in messages]
    return json.dumps(rows, ensure_ascii=False)
