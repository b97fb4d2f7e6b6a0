"""When videos and rundowns will be ready, by measured rates; and what the line shows of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, update

from services.director.database import reading
from services.director.line.broker import Broker
from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.words import FINISHED, OUT, PARKED, READY, SLOWEST, STAGES
from services.director.line.workers import Workers
from services.director.messages import OPEN, QUEUED
from services.director.tables import outbox, rundowns, tasks, videos

Flow = tuple[str, str]

TRUST_SECONDS: Final = 10.0
"""How much expected work counts as if it had taken just as long as expected."""
MEASURED_MS: Final = 600_000
"""Tasks that ended within this time say how fast the workers are."""
NEWS: Final = 0.02
"""Share of the time left by which an expectation must move to be written down."""
MOST_WRITTEN: Final = 2_000


class Forecast:
    """Looks at the whole line every few seconds."""

    def __init__(self, means: Means, workers: Workers, broker: Broker) -> None:
        self._means = means
        self._workers = workers
        self._broker = broker
        self._is_shown = False

    def look(self) -> None:
        """Measure, forecast, and show."""
        with reading(self._means.engine) as connection:
            rate = self._rate(connection)
            waiting = _open_videos(connection)
        if rate > 0 and waiting:
            self._write(waiting, rate)
        with reading(self._means.engine) as connection:
            self._show_queues(connection)
            self._show_rundowns(connection)
        self._show_videos(waiting)
        self._is_shown = True

    def hide(self) -> None:
        """Show nothing any more: another director looks now, and sums over both must be right."""
        if self._is_shown:
            self._means.metrics.forget_line()
            self._is_shown = False

    def _rate(self, connection: Connection) -> float:
        """Return how many seconds of expected work all workers together do in one second."""
        alive = self._workers.alive(self._broker.now_ms(), SLOWEST)
        slots = sum(worker.slots for worker in alive)
        since = self._means.now_ms() - MEASURED_MS
        done = (
            (tasks.c.ended_ms > since) & (tasks.c.state == FINISHED) & tasks.c.seconds.is_not(None)
        )
        sums = select(func.sum(tasks.c.weight), func.sum(tasks.c.seconds)).where(done)
        expected, taken = connection.execute(sums).one()
        return slots * ((expected or 0) + TRUST_SECONDS) / ((taken or 0) + TRUST_SECONDS)

    def _write(self, waiting: Sequence[Mapping[str, Any]], rate: float) -> None:
        now_ms = self._means.now_ms()
        ends = expected_ends(waiting, rate, now_ms)
        moved = [row for row in waiting if _is_news(row["expected_ms"], ends[row["id"]], now_ms)]
        latest: dict[str, int] = {}
        for row in waiting:
            if row["rundown"]:
                latest[row["rundown"]] = max(latest.get(row["rundown"], 0), ends[row["id"]])
        with self._means.engine.begin() as connection:
            if moved:
                which = (videos.c.id == bindparam("which")) & videos.c.ended_ms.is_(None)
                given = [
                    {"which": row["id"], "at": ends[row["id"]]} for row in moved[:MOST_WRITTEN]
                ]
                given.sort(key=lambda each: str(each["which"]))
                expected = update(videos).where(which).values(expected_ms=bindparam("at"))
                connection.execute(expected, given)
            for rundown, at in sorted(latest.items()):
                mine = update(rundowns).where(rundowns.c.id == rundown)
                connection.execute(mine.values(expected_ms=at))

    def _show_queues(self, connection: Connection) -> None:
        metrics, now_ms = self._means.metrics, self._means.now_ms()
        states = (READY, *OUT, PARKED)
        found = {(stage, state): 0 for stage in STAGES for state in states}
        for some in ([READY], OUT, [PARKED]):
            counts = select(tasks.c.stage, tasks.c.state, func.count()).where(
                among(tasks.c.state, some)
            )
            for stage, state, count in connection.execute(
                counts.group_by(tasks.c.stage, tasks.c.state)
            ):
                found[stage, state] = count
        for (stage, state), count in found.items():
            metrics.queue_tasks.set(count, stage=stage, state=state)
        first = select(tasks.c.stage, func.min(tasks.c.not_before_ms)).group_by(tasks.c.stage)
        first = first.where(among(tasks.c.state, [READY]))
        oldest = {row[0]: row[1] for row in connection.execute(first)}
        for stage in STAGES:
            waited = max(0, now_ms - oldest.get(stage, now_ms)) / 1000
            metrics.queue_oldest_seconds.set(waited, stage=stage)
        count, since = connection.execute(
            select(func.count(), func.min(outbox.c.created_ms)).select_from(outbox)
        ).one()
        metrics.outbox_messages.set(count)
        metrics.outbox_oldest_seconds.set(max(0, now_ms - (since or now_ms)) / 1000)

    def _show_rundowns(self, connection: Connection) -> None:
        metrics, now_ms = self._means.metrics, self._means.now_ms()
        going = select(rundowns).where(rundowns.c.ended_ms.is_(None))
        rows = connection.execute(going).mappings().all()
        late = (videos.c.deadline_ms < now_ms) & among(videos.c.state, sorted(OPEN))
        count = select(func.count()).where(late, videos.c.rundown.is_not(None))
        metrics.rundowns.set(len(rows))
        metrics.rundown_late_videos.set(connection.execute(count).scalar_one())
        expected = [row for row in rows if row["expected_ms"]]
        misses = [row["expected_ms"] - row["deadline_ms"] for row in expected if row["deadline_ms"]]
        metrics.rundown_lateness_seconds.set(max(0, *misses, 0) / 1000)
        left = [row["expected_ms"] - now_ms for row in expected]
        metrics.rundown_left_seconds.set(max(0, *left, 0) / 1000)

    def _show_videos(self, waiting: Iterable[Mapping[str, Any]]) -> None:
        counts = dict.fromkeys(sorted(OPEN), 0)
        for row in waiting:
            counts[row["state"]] += 1
        for state, count in counts.items():
            self._means.metrics.videos.set(count, state=state)


def expected_ends(waiting: Sequence[Mapping[str, Any]], rate: float, now_ms: int) -> dict[str, int]:
    """Return when each open video will have ended: channels share the line evenly.

    waiting: rows with team, channel, left_weight in seconds of expected work, in the order in which
    each channel's come. rate: seconds of expected work done in one second, all workers together.
    A video ends when its channel was served what lies before it and its own; while n channels have
    work, each is served at rate / n.
    """
    ahead: dict[Flow, float] = defaultdict(float)
    served_at_end = {}
    for row in waiting:
        flow = (row["team"], row["channel"])
        ahead[flow] += row["left_weight"] or 0.0
        served_at_end[row["id"]] = ahead[flow]
    clock, level, totals = 0.0, 0.0, sorted(ahead.values())
    ends: dict[str, int] = {}
    gone = 0
    for video, served in sorted(served_at_end.items(), key=lambda each: each[1]):
        while gone < len(totals) and totals[gone] < served:
            clock += (totals[gone] - level) * (len(totals) - gone) / rate
            level, gone = totals[gone], gone + 1
        at = clock + (served - level) * (len(totals) - gone) / rate
        ends[video] = now_ms + round(at * 1000)
    return ends


def _open_videos(connection: Connection) -> list[dict[str, Any]]:
    columns = (
        *(videos.c.id, videos.c.team, videos.c.channel, videos.c.state, videos.c.rundown),
        *(videos.c.left_weight, videos.c.expected_ms),
    )
    going = select(*columns).where(among(videos.c.state, sorted(OPEN)))
    order = (
        (among(videos.c.state, [QUEUED])).asc(),
        videos.c.priority.desc(),
        videos.c.deadline_ms.asc().nulls_last(),
        videos.c.created_ms,
        videos.c.position,
    )
    return [dict(row) for row in connection.execute(going.order_by(*order)).mappings()]


def _is_news(before_ms: int | None, after_ms: int, now_ms: int) -> bool:
    if before_ms is None:
        return True
    return abs(after_ms - before_ms) > max(1000, NEWS * (after_ms - now_ms))
