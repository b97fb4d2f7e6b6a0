"""Forgets what is old, a little at a time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, exists, select

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
        """Remove some of what is old; return how many rows; from AT_ONCE on there may be more."""
        rules, now_ms = self._means.rules, self._means.now_ms()
        with self._means.engine.begin() as connection:
            count = _remove_events(connection, now_ms - rules.events_days * DAY_MS)
            count += _remove_ids(connection, now_ms - rules.inbox_hours * HOUR_MS)
            return count + _remove_tasks(connection, now_ms - rules.outputs_days * DAY_MS)


def _remove_events(connection: Connection, before_ms: int) -> int:
    """Remove old events: by number, which grows with time, for no index knows their times."""
    first = select(events.c.id, events.c.time_ms).order_by(events.c.id).limit(AT_ONCE).subquery()
    some = select(first.c.id).where(first.c.time_ms < before_ms)
    return connection.execute(delete(events).where(events.c.id.in_(some))).rowcount


def _remove_ids(connection: Connection, before_ms: int) -> int:
    """Remove old message ids."""
    old = inbox.c.received_ms < before_ms
    some = select(inbox.c.id).where(old).order_by(inbox.c.received_ms).limit(AT_ONCE)
    return connection.execute(delete(inbox).where(inbox.c.id.in_(some))).rowcount


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
    held = list(connection.execute(some.with_for_update(skip_locked=True)).scalars())
    if not held:
        return 0
    # Who wanted one just before it was held has linked with it by now, as this look sees.
    still = select(tasks.c.key).where(tasks.c.key.in_(held), old, ~wanted)
    keys = sorted(connection.execute(still).scalars())
    connection.execute(delete(video_tasks).where(video_tasks.c.key.in_(keys)))
    return connection.execute(delete(tasks).where(tasks.c.key.in_(keys))).rowcount
