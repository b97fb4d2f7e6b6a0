"""Takes videos up from the queue, in fair measure: ten thousand that wait cost nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, case, func, select, update

from services.chassis.telemetry.logs import get_log
from services.director.database import reading
from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.words import RUNNING
from services.director.messages import QUEUED
from services.director.tables import videos

Flow = tuple[str, str]
"""Team and channel."""


QUEUES: Final = (
    select(
        videos.c.team,
        videos.c.channel,
        func.count(),
        func.sum(case((videos.c.changes > 0, 1), else_=0)),
        func.max(videos.c.priority),
    )
    .where(among(videos.c.state, [QUEUED]))
    .group_by(videos.c.team, videos.c.channel)
    .order_by(videos.c.team, videos.c.channel)
)


@dataclass(frozen=True)
class Queue:
    """What waits in a channel."""

    team: str
    channel: str
    length: int
    checked: int
    """Videos whose orders are being checked ahead, or were."""
    most_urgent: int

    @property
    def flow(self) -> Flow:
        """Whose queue it is."""
        return self.team, self.channel


class Intake:
    """Keeps a bounded number of videos of each channel in work, the most urgent first.

    A video counts against the window of those as urgent as itself or more: what is more urgent
    than all that is in work is taken up at once.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._log = get_log()

    def take_up(self, idle_slots: int) -> int:
        """Take up what there is room for; return how many. `idle_slots` ask for more work."""
        with reading(self._means.engine) as connection:
            queues = [Queue(*row) for row in connection.execute(QUEUES)]
            if not queues:
                return 0
            running = _running(connection)
            chosen: list[str] = []
            ahead: list[str] = []
            window = self._means.rules.window + idle_slots
            for queue in queues:
                if not self._has_room(queue, running[queue.flow], window):
                    continue
                waiting = self._waiting(connection, queue.flow, window)
                taken = _fitting(waiting, running[queue.flow], window)
                chosen += taken
                rest = [row for row in waiting if row["id"] not in taken]
                ahead += [
                    row["id"] for row in rest[: self._means.rules.lookahead] if not row["changes"]
                ]
        return self._write(chosen, ahead)

    def _has_room(self, queue: Queue, running: Counter[int], window: int) -> bool:
        """Return whether any video of a queue may be taken up, or should be checked ahead."""
        unchecked = queue.checked < min(self._means.rules.lookahead, queue.length)
        return unchecked or _as_urgent(running, queue.most_urgent) < window

    def _waiting(self, connection: Connection, flow: Flow, window: int) -> list[Mapping[str, Any]]:
        """Return the first videos of a channel's queue: those to take up, and those to check."""
        team, channel = flow
        first = (
            select(videos.c.id, videos.c.priority, videos.c.changes)
            .where(
                among(videos.c.state, [QUEUED]), videos.c.team == team, videos.c.channel == channel
            )
            .order_by(
                videos.c.priority.desc(),
                videos.c.deadline_ms.asc().nulls_last(),
                videos.c.created_ms,
                videos.c.position,
                videos.c.id,
            )
            .limit(window + self._means.rules.lookahead)
        )
        return [dict(row) for row in connection.execute(first).mappings()]

    def _write(self, chosen: list[str], ahead: list[str]) -> int:
        """Mark videos; each only if it is still queued."""
        with self._means.engine.begin() as connection:
            queued = update(videos).where(among(videos.c.state, [QUEUED]))
            stale = {"changes": videos.c.changes + 1}
            taken = 0
            for video in sorted(chosen):
                mine = queued.where(videos.c.id == video)
                taken += connection.execute(mine.values(state=RUNNING, **stale)).rowcount
            for video in sorted(ahead):
                unseen = queued.where(videos.c.id == video, videos.c.changes == 0)
                connection.execute(unseen.values(stale))
        if taken:
            self._log.info("videos taken up", count=taken)
        return taken


def _as_urgent(running: Counter[int], least: int) -> int:
    """Return how many videos in work are as urgent, or more."""
    return sum(count for priority, count in running.items() if priority >= least)


def _running(connection: Connection) -> defaultdict[Flow, Counter[int]]:
    """Return how many videos are in work, by channel and priority."""
    by = (videos.c.team, videos.c.channel, videos.c.priority)
    counts = (
        select(*by, func.count().label("number"))
        .where(among(videos.c.state, [RUNNING]))
        .group_by(*by)
    )
    found: defaultdict[Flow, Counter[int]] = defaultdict(Counter)
    for row in connection.execute(counts):
        found[row.team, row.channel][row.priority] = row.number
    return found


def _fitting(waiting: list[Mapping[str, Any]], running: Counter[int], window: int) -> list[str]:
    """Return the ids that fit into a channel's window, and count them in."""
    taken = []
    for row in waiting:
        if _as_urgent(running, row["priority"]) < window:
            running[row["priority"]] += 1
            taken.append(row["id"])
    return taken
