"""Rundowns of a team, and what is counted of their videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from services.director.catalogue.paging import Mark, after
from services.director.database import insert_into
from services.director.messages import OPEN, STATES, Row
from services.director.tables import rundowns, videos
from services.director.videos import FAILED


def add_rundown(connection: Connection, team: str, row: Mapping[str, object]) -> bool:
    """Write a rundown down; return whether the team had not used its request id before."""
    new = insert_into(connection, rundowns).values(team=team, **row)
    new = new.on_conflict_do_nothing(index_elements=["team", "request_id"])
    return connection.execute(new.returning(rundowns.c.id)).first() is not None


def find_rundown(connection: Connection, team: str, rundown: str) -> Row | None:
    """Return a team's rundown, or None where it has none of that id."""
    query = select(rundowns).where(rundowns.c.id == rundown, rundowns.c.team == team)
    return connection.execute(query).mappings().one_or_none()


def find_rundown_request(connection: Connection, team: str, request_id: str) -> Row | None:
    """Return the rundown that a team's request made, or None."""
    mine = (rundowns.c.team == team) & (rundowns.c.request_id == request_id)
    return connection.execute(select(rundowns).where(mine)).mappings().one_or_none()


def list_rundowns(connection: Connection, team: str, mark: Mark | None, most: int) -> Sequence[Row]:
    """Return a team's rundowns after a mark, the latest first."""
    query = select(rundowns).where(rundowns.c.team == team, *after(rundowns, mark))
    newest = query.order_by(rundowns.c.created_ms.desc(), rundowns.c.id.desc())
    return connection.execute(newest.limit(most)).mappings().all()


def count_videos(connection: Connection, of: Sequence[str], now_ms: int) -> Mapping[str, Row]:
    """Return, for each of these rundowns, what `rundown_message` says of its videos.

    Late is a video that was not ready at its deadline: one that ended after it, or has not been
    finished though it has passed. Cancelled before it, nobody waited for it any more.
    """
    query = select(videos.c.rundown, *_counts(now_ms)).where(videos.c.rundown.in_(list(of)))
    rows = connection.execute(query.group_by(videos.c.rundown)).mappings()
    return {row["rundown"]: row for row in rows}


def _counts(now_ms: int) -> list[Any]:
    unready = videos.c.state.in_([*sorted(OPEN), FAILED])
    late = or_(
        videos.c.ended_ms > videos.c.deadline_ms,
        and_(unready, videos.c.deadline_ms < now_ms),
    )
    return [
        func.count().label("videos"),
        *(_number(videos.c.state == state).label(state) for state in STATES),
        _number(late).label("late"),
        func.max(videos.c.ended_ms).label("ended_ms"),
    ]


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
