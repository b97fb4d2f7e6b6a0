"""What videos were made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from services.director.catalogue.videos import SEEN
from services.director.messages import Row
from services.director.tables import tasks, video_tasks, videos

AT_ONCE: Final = 50
"""Tasks of a video that are read at once: their requests may be long."""
MADE_FROM: Final = tuple(
    tasks.c[name]
    for name in (
        "stage",
        "key",
        "engine",
        "fingerprint",
        "request_type",
        "request",
        "digests",
        "seconds",
        "attempt",
    )
)


def find_record(connection: Connection, team: str, video: str) -> Row | None:
    """Return a team's video with its commission, or None where it has none of that id."""
    query = select(*SEEN, videos.c.commission, videos.c.frame_count, videos.c.frame_rate)
    mine = (videos.c.id == video) & (videos.c.team == team)
    return connection.execute(query.where(mine)).mappings().one_or_none()


def tasks_of_video(connection: Connection, video: str, after: str = "") -> Sequence[Row]:
    """Return some of what a video was made from, by name, those that come after a name."""
    joined = video_tasks.join(tasks, video_tasks.c.key == tasks.c.key)
    chosen = select(video_tasks.c.name, video_tasks.c.reused, *MADE_FROM).select_from(joined)
    query = chosen.where(video_tasks.c.video == video, video_tasks.c.name > after)
    return connection.execute(query.order_by(video_tasks.c.name).limit(AT_ONCE)).mappings().all()
