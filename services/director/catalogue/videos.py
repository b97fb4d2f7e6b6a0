"""Videos of a team: one, by request id, and page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rostrum.director.v1.director_pb2 import Commission
from sqlalchemy import Connection, select

from services.director.catalogue.paging import Mark, after
from services.director.messages import Row
from services.director.tables import videos

SEEN: Final = tuple(
    videos.c[name]
    for name in (
        "id",
        "name",
        "channel",
        "state",
        "stage",
        "progress_permille",
        "priority",
        "deadline_ms",
        "rundown",
        "section",
        "created_ms",
        "started_ms",
        "ended_ms",
        "expected_ms",
        "seq",
        "complaints",
        "warnings",
        "outputs",
    )
)
"""What `video_message` reads."""


@dataclass(frozen=True)
class Filter:
    """Which videos are listed; what is empty is no condition."""

    states: tuple[str, ...] = ()
    channel: str = ""
    rundown: str = ""

    def said(self) -> tuple[str, ...]:
        """Return it as words."""
        return (*sorted(self.states), "", self.channel, self.rundown)


def find_video(connection: Connection, team: str, video: str) -> Row | None:
    """Return a team's video, or None where it has none of that id."""
    query = select(*SEEN).where(videos.c.id == video, videos.c.team == team)
    return connection.execute(query).mappings().one_or_none()


def find_request(connection: Connection, team: str, request_id: str) -> Row | None:
    """Return the video that a team's request made, with `request_digest`, or None."""
    query = select(*SEEN, videos.c.request_digest)
    mine = (videos.c.team == team) & (videos.c.request_id == request_id)
    return connection.execute(query.where(mine)).mappings().one_or_none()


def was_admitted(connection: Connection, team: str, video: str) -> bool:
    """Return whether nothing was wrong with a video's order; of one that is not there, True.

    Where something was, neither presenter nor channel were put in place.
    """
    query = select(videos.c.commission).where(videos.c.id == video, videos.c.team == team)
    data = connection.execute(query).scalar()
    return data is None or Commission.FromString(data).HasField("presenter")


def list_videos(
    connection: Connection, team: str, wanted: Filter, mark: Mark | None, most: int
) -> Sequence[Row]:
    """Return a team's videos after a mark, the latest first."""
    query = select(*SEEN).where(videos.c.team == team, *after(videos, mark))
    if wanted.states:
        query = query.where(videos.c.state.in_(sorted(wanted.states)))
    if wanted.channel:
        query = query.where(videos.c.channel == wanted.channel)
    if wanted.rundown:
        query = query.where(videos.c.rundown == wanted.rundown)
    newest = query.order_by(videos.c.created_ms.desc(), videos.c.id.desc())
    return connection.execute(newest.limit(most)).mappings().all()


def videos_of_rundown(connection: Connection, rundown: str) -> tuple[str, ...]:
    """Return the ids of a rundown's videos, in the order in which they came."""
    query = select(videos.c.id).where(videos.c.rundown == rundown).order_by(videos.c.position)
    return tuple(connection.execute(query).scalars())
