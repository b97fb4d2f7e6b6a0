"""What happened, from a cursor on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select, text

from services.director.database import is_sqlite
from services.director.messages import OPEN, Row
from services.director.tables import events, videos

LOOK: Final = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,"
    " pg_current_xact_id()::text::bigint AS next,"
    " coalesce((SELECT max(id) FROM events), 0) AS last"
)
"""The look takes a transaction number itself: the snapshot's own end is the last that has ended,
and those that go on may lie beyond it."""
FINAL: Final = frozenset({"finished", "failed", "cancelled"})
"""Kinds of events that may be a video's last."""


@dataclass(frozen=True)
class Subject:
    """What somebody watches: a video, or all videos of a rundown."""

    video: str = ""
    rundown: str = ""

    def covers(self, row: Row) -> bool:
        """Return whether an event is one of its own."""
        return bool(row["video"] == self.video if self.video else row["rundown"] == self.rundown)

    def condition(self) -> ColumnElement[bool]:
        """Return the same for the table."""
        return events.c.video == self.video if self.video else events.c.rundown == self.rundown


@dataclass(frozen=True)
class Horizon:
    """How far the numbers of events were given out, as one look at the database saw it."""

    last: int
    """The last that was seen; earlier ones may still be in a transaction that has not ended."""
    oldest: int
    """Transaction that began first of those that had not ended."""
    next: int
    """A transaction that began later than any that has a number up to `last`: once none before it
    goes on, all of those are seen. (A video's row is written before its event is.)"""


def look(connection: Connection) -> Horizon:
    """Return how far the events go."""
    if is_sqlite(connection):  # one writer at a time: numbers are seen in order
        last = connection.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one()
        return Horizon(last, 0, 0)
    row = connection.execute(LOOK).mappings().one()
    return Horizon(row["last"], row["oldest"], row["next"])


def events_between(
    connection: Connection, first: int, last: int, most: int, of: Subject | None = None
) -> Sequence[Row]:
    """Return events with numbers above `first` and up to `last`, in order; of anything, or of one.

    first: a cursor, beyond which the caller goes on.
    """
    query = select(events).where(events.c.id > first, events.c.id <= last)
    if of is not None:
        query = query.where(of.condition())
    return connection.execute(query.order_by(events.c.id).limit(most)).mappings().all()


def last_of_video(connection: Connection, video: str) -> int:
    """Return the number of a video's last event, 0 for none.

    A cursor as of which the video's row is true that is read later: whoever tells of a video holds
    its row, so that its events are seen in order.
    """
    mine = select(func.coalesce(func.max(events.c.id), 0)).where(events.c.video == video)
    return int(connection.execute(mine).scalar_one())


def is_over(connection: Connection, subject: Subject, cursor: int) -> bool:
    """Return whether all has ended that a subject stands for, and its last event was seen."""
    mine = videos.c.id == subject.video if subject.video else videos.c.rundown == subject.rundown
    still = select(videos.c.id).where(mine, videos.c.state.in_(sorted(OPEN))).limit(1)
    if connection.execute(still).first() is not None:
        return False
    last = select(func.coalesce(func.max(events.c.id), 0)).where(subject.condition())
    return bool(connection.execute(last).scalar_one() <= cursor)
