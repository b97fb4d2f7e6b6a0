"""Changes of videos: row, event and message to other teams, together or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rostrum.director.v1.production_pb2 import Video, VideoEvent
from sqlalchemy import ColumnElement, Connection, insert, select, update

from services.chassis.bus import Outgoing
from services.chassis.envelope import wrap
from services.chassis.topics import VIDEOS
from services.director.database import insert_each
from services.director.line import outbox
from services.director.line.lookups import among
from services.director.messages import OPEN, moment, video_message
from services.director.tables import events, rundowns, videos

Row = Mapping[str, Any]

SOURCE: Final = "director"
COMPLAINTS_TOLD: Final = 40
"""Of a video, in its events: they travel in one message."""
REMEDY_CHARACTERS: Final = 500
SHOWN: Final = [column for column in videos.c if column.name != "commission"]
"""What of a row is read where the order itself is not needed: it may be long."""
NEW_EVENTS: Final = insert(events).returning(events.c.id)


def change(
    connection: Connection,
    video: str,
    kind: str,
    now_ms: int,
    values: Mapping[str, Any],
    *conditions: ColumnElement[bool],
) -> Row | None:
    """Change a video and tell of it; None, and nothing, where a condition does not hold any more.

    kind: "progress", "finished", "failed" or "cancelled". Returns the row, without its commission.
    """
    changed = (
        update(videos)
        .where(videos.c.id == video, *conditions)
        .values(seq=videos.c.seq + 1, **values)
        .returning(*SHOWN)
    )
    row = connection.execute(changed).mappings().first()
    if row is None:
        return None
    tell(connection, [dict(row)], kind, now_ms)
    if row["rundown"] and row["state"] not in OPEN:
        _end_rundown(connection, row["rundown"], now_ms)
    return dict(row)


def ended(state: str, now_ms: int) -> dict[str, Any]:
    """Return what is written of every video that ends."""
    return {"state": state, "ended_ms": now_ms, "stage": "", "left_weight": 0.0}


def tell(connection: Connection, rows: Sequence[Row], kind: str, now_ms: int) -> None:
    """Write an event for each of some videos, and the message that carries it to other teams."""
    said = [_bounded(video_message(row)) for row in rows]
    written = [
        {
            "video": row["id"],
            "team": row["team"],
            "rundown": row["rundown"],
            "seq": row["seq"],
            "kind": kind,
            "time_ms": now_ms,
            "video_bytes": video.SerializeToString(),
        }
        for row, video in zip(rows, said, strict=True)
    ]
    cursors = insert_each(connection, NEW_EVENTS, written)
    told = zip(rows, said, cursors, strict=True)
    outbox.post(
        connection,
        [_message(row, video, kind, cursor, now_ms) for row, video, cursor in told],
        now_ms,
    )


def _message(row: Row, video: Video, kind: str, cursor: int, now_ms: int) -> Outgoing:
    event = VideoEvent(kind=kind, video=video, time=moment(now_ms), team=row["team"], cursor=cursor)
    return wrap(
        VIDEOS,
        event,
        id=f"{video.id}/{video.seq}",
        source=SOURCE,
        key=video.id,
        trace={"traceparent": row["trace"]},
        kind=kind,
        time_ms=now_ms,
    )


def _bounded(video: Video) -> Video:
    """Leave out what would not fit into one message; the video's row has all of it."""
    for said in (video.complaints, video.warnings):
        del said[COMPLAINTS_TOLD:]
    for complaint in video.complaints:
        complaint.remedy = complaint.remedy[:REMEDY_CHARACTERS]
    for warning in video.warnings:
        warning.message = warning.message[:REMEDY_CHARACTERS]
    return video


def _end_rundown(connection: Connection, rundown: str, now_ms: int) -> None:
    """Note when the last video of a rundown has ended; two that end at once wait for each other."""
    mine = rundowns.c.id == rundown
    if connection.execute(select(rundowns.c.id).where(mine).with_for_update()).first() is None:
        return
    still = select(videos.c.id).where(
        videos.c.rundown == rundown, among(videos.c.state, sorted(OPEN))
    )
    if connection.execute(still.limit(1)).first() is None:
        ended = update(rundowns).where(mine, rundowns.c.ended_ms.is_(None))
        connection.execute(ended.values(ended_ms=now_ms))


def reopen_rundown(connection: Connection, rundown: str) -> None:
    """Note that a video of a rundown goes on."""
    mine = (rundowns.c.id == rundown) & rundowns.c.ended_ms.is_not(None)
    connection.execute(update(rundowns).where(mine).values(ended_ms=None))
