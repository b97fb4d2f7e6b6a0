"""What the director remembers: videos, tasks, and which video was made from which task."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rostrum.director.v1.director_pb2 import Commission
from sqlalchemy import Connection, Select, func, insert, select, update

from services.chassis.errors import Invalid, Violation
from services.chassis.fields import digests_in
from services.chassis.licences import ledger_of
from services.director.database import insert_into, open_tables
from services.director.recipes import Output
from services.director.schema import message_class
from services.director.tables import tasks, video_tasks, videos
from services.director.videos import FAILED, FINISHED, RUNNING, Part, Task

REALM: Final = "public"
"""The team of one machine."""


class State:
    """The tables behind the director. Each method is one transaction; times are the caller's.

    Killed anywhere, what was committed stands and nothing else is seen. Several processes may
    share one database.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_tables(url)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def begin_video(
        self, commission: Commission, now: datetime, in_work: Iterable[str] = ()
    ) -> str:
        """Return the id under which a video is remembered.

        One that the same commission began and nobody ended is gone on with: it was interrupted,
        unless it is in work with the caller.
        """
        data = commission.SerializeToString(deterministic=True)
        name = commission.order.name[:80]
        interrupted = select(videos.c.id).where(
            videos.c.team == REALM,
            videos.c.name == name,
            videos.c.state == RUNNING,
            videos.c.commission == data,
            videos.c.id.not_in(list(in_work)),
        )
        with self._engine.begin() as connection:
            if known := connection.execute(interrupted).scalar():
                return str(known)
            video = uuid.uuid4().hex
            row: dict[str, Any] = {
                "id": video,
                "team": REALM,
                "channel": commission.order.channel[:80],
            }
            row |= {"name": name, "commission": data, "state": RUNNING}
            row["created_ms"] = milliseconds(now)
            connection.execute(insert(videos).values(row))
            return video

    def end_video(
        self,
        video: str,
        status: str,
        now: datetime,
        error: Exception | None = None,
        outputs: Iterable[Output] = (),
    ) -> None:
        """Remember how a video ended: with files, or with complaints."""
        files = [{"name": o.name, "kind": o.kind, "digest": o.digest} for o in outputs]
        values = {
            "state": status,
            "ended_ms": milliseconds(now),
            "complaints": json.dumps([asdict(v) for v in violations_of(error)]),
            "outputs": json.dumps(files),
        }
        with self._engine.begin() as connection:
            connection.execute(update(videos).where(videos.c.id == video).values(values))

    def task_started(self, task: Task, now: datetime) -> None:
        """Remember that a task is being done, and for which video."""
        begun: dict[str, Any] = {"state": RUNNING, "started_ms": milliseconds(now)}
        begun |= {"attempt": task.attempt, "video": task.video}
        with self._engine.begin() as connection:
            self._know(connection, task, begun)
            connection.execute(update(tasks).where(tasks.c.key == task.key).values(begun))

    def task_finished(self, key: str, response: Message, seconds: float, now: datetime) -> None:
        """Remember what a task made and how long it took."""
        done: dict[str, Any] = {"state": FINISHED, "seconds": seconds, "error": None}
        done["ended_ms"] = milliseconds(now)
        made = {"digests": json.dumps(digests_in(response))}
        with self._engine.begin() as connection:
            connection.execute(update(tasks).where(tasks.c.key == key).values(done | made))

    def task_failed(self, key: str, error: Exception, now: datetime) -> None:
        """Remember that an attempt at a task failed, and why."""
        failed = {"state": FAILED, "error": str(error), "ended_ms": milliseconds(now)}
        with self._engine.begin() as connection:
            connection.execute(update(tasks).where(tasks.c.key == key).values(failed))

    def link(self, video: str, parts: Iterable[Part]) -> None:
        """Remember results as parts of a video, and whether each was done for it or reused.

        A result is proof enough that its task is finished: a row that a killed process left behind
        is mended here, and a task that was done elsewhere is made known.
        """
        with self._engine.begin() as connection:
            for part in parts:
                self._mend(connection, part)
                done_for = select(tasks.c.video).where(tasks.c.key == part.task.key)
                reused = connection.execute(done_for).scalar() != video
                row = {"key": part.task.key, "reused": reused}
                upsert = insert_into(connection, video_tasks).values(
                    video=video, name=part.task.name, **row
                )
                connection.execute(
                    upsert.on_conflict_do_update(index_elements=["video", "name"], set_=row)
                )

    def video_named(self, name: str) -> str | None:
        """Return the id of the latest video of that name, or None."""
        latest = select(videos.c.id).where(videos.c.name == name)
        with self._engine.begin() as connection:
            return connection.execute(latest.order_by(videos.c.created_ms.desc())).scalar()

    def status_of(self, video: str) -> str:
        """Return a video's status. Raises KeyError for one nobody knows."""
        return str(self._video(video)["state"])

    def count_tasks(self) -> Mapping[str, int]:
        """Return how many tasks there are of each status."""
        counts = select(tasks.c.state, func.count()).group_by(tasks.c.state)
        with self._engine.begin() as connection:
            return {str(status): int(count) for status, count in connection.execute(counts)}

    def production_record(self, video: str) -> dict[str, Any]:
        """Return what a video was made from: the document `production.json`.

        Raises KeyError for a video nobody knows.
        """
        row = self._video(video)
        commission = Commission.FromString(row["commission"])
        parts = [self._task_record(task) for task in self._rows(_tasks_of(video))]
        return {
            "name": row["name"],
            "status": row["state"],
            "created": stamp(row["created_ms"]),
            "ended": stamp(row["ended_ms"]),
            "order": MessageToDict(commission.order, preserving_proto_field_name=True),
            "presenter": MessageToDict(commission.presenter, preserving_proto_field_name=True),
            "channel": MessageToDict(commission.channel, preserving_proto_field_name=True),
            "complaints": json.loads(row["complaints"] or "[]"),
            "outputs": json.loads(row["outputs"] or "[]"),
            "licences": ledger_of(part["engine"] for part in parts),
            "tasks": parts,
        }

    def _task_record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": row["name"],
            "stage": row["stage"],
            "key": row["key"],
            "engine": row["engine"],
            "fingerprint": row["fingerprint"],
            "request_type": row["request_type"],
            "request": MessageToDict(message_class(row["request_type"]).FromString(row["request"])),
            "digests": json.loads(row["digests"]),
            "seconds": row["seconds"],
            "attempts": row["attempt"],
            "reused": row["reused"],
        }

    def _video(self, video: str) -> Mapping[str, Any]:
        rows = self._rows(select(videos).where(videos.c.id == video))
        if not rows:
            raise KeyError(video)
        return rows[0]

    def _rows(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        with self._engine.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _know(self, connection: Connection, task: Task, values: dict[str, Any]) -> None:
        row: dict[str, Any] = {
            "key": task.key,
            "team": REALM,
            "stage": task.stage,
            "request_type": task.request.DESCRIPTOR.full_name,
            "request": task.request.SerializeToString(deterministic=True),
            "engine": getattr(task.request, "engine", ""),
            "fingerprint": task.fingerprint,
            "created_ms": values.get("started_ms", 0),
        }
        connection.execute(
            insert_into(connection, tasks).values(row | values).on_conflict_do_nothing()
        )

    def _mend(self, connection: Connection, part: Part) -> None:
        done = {"state": FINISHED, "digests": json.dumps(digests_in(part.response))}
        self._know(connection, part.task, done)
        unfinished = (tasks.c.key == part.task.key) & (tasks.c.state != FINISHED)
        connection.execute(update(tasks).where(unfinished).values(done))


def _tasks_of(video: str) -> Select[Any]:
    joined = video_tasks.join(tasks, video_tasks.c.key == tasks.c.key)
    chosen = select(video_tasks.c.name, video_tasks.c.reused, tasks).select_from(joined)
    return chosen.where(video_tasks.c.video == video).order_by(tasks.c.stage, video_tasks.c.name)


def violations_of(error: Exception | None) -> tuple[Violation, ...]:
    """Return what an error says as complaints; an error without a field has an empty one."""
    if error is None:
        return ()
    if isinstance(error, Invalid):
        return error.violations
    return (Violation("", type(error).__name__.upper(), str(error)),)


def milliseconds(now: datetime) -> int:
    """Return a time as the tables hold it: ms since 1970 UTC."""
    return round(now.timestamp() * 1000)


def stamp(time_ms: int | None) -> str | None:
    """Return a time of the tables as documents say it: ISO 8601 in UTC, to the millisecond."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
