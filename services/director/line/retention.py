"""Forgets what is old, a little at a time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select

from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.words import DROPPED, FAILED, FINISHED
from services.director.messages import OPEN
from services.director.tables import events, inbox, tasks, video_tasks, videos

AT_ONCE: Final = 1_000
"""Rows of a table that one look removes: nobody waits long for it."""
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


class Retention:
    """Removes events, message ids and ended tasks past their time. Videos and objects stay."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def prune(self) -> int:
        """Remove some of what is old; return how many rows."""
        rules, now_ms = self._means.rules, self._means.now_ms()
        old_events = events.c.time_ms < now_ms - rules.events_days * DAY_MS
        old_ids = inbox.c.received_ms < now_ms - rules.inbox_hours * HOUR_MS
        with self._means.engine.begin() as connection:
            count = _remove(connection, events, events.c.id, old_events)
            count += _remove(connection, inbox, inbox.c.received_ms, old_ids)
            return count + _remove_tasks(connection, now_ms - rules.outputs_days * DAY_MS)


def _remove(
    connection: Connection, table: Table, order: ColumnElement[int], old: ColumnElement[bool]
) -> int:
    """Remove the oldest rows of a table that has an `id`."""
    some = select(table.c.id).where(old).order_by(order).limit(AT_ONCE)
    return connection.execute(delete(table).where(table.c.id.in_(some))).rowcount


def _remove_tasks(connection: Connection, before_ms: int) -> int:
    """Remove ended tasks that no open video waits for; their results stay in the store."""
    waits = video_tasks.join(videos, videos.c.id == video_tasks.c.video)
    wanted = (
        exists()
        .select_from(waits)
        .where(video_tasks.c.key == tasks.c.key, among(videos.c.state, sorted(OPEN)))
    )
    old = tasks.c.state.in_((FINISHED, FAILED, DROPPED)) & (tasks.c.ended_ms < before_ms)
    some = select(tasks.c.key).where(old, ~wanted).order_by(tasks.c.ended_ms).limit(AT_ONCE)
    keys = sorted(connection.execute(some).scalars())
    if not keys:
        return 0
    connection.execute(delete(video_tasks).where(video_tasks.c.key.in_(keys)))
    return connection.execute(delete(tasks).where(tasks.c.key.in_(keys))).rowcount
