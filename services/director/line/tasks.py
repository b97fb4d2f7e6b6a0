"""Changes of tasks that several parts of the line make."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from rostrum.director.v1.line_pb2 import Control, FailureKind
from sqlalchemy import Connection, Update, bindparam, exists, func, select, update

from services.chassis.envelope import wrap
from services.chassis.errors import Corrupt, Invalid, Transient, Violation
from services.chassis.topics import CONTROL
from services.director.line import outbox
from services.director.line.lookups import among
from services.director.line.videos import SOURCE
from services.director.line.words import DROPPED, OPEN
from services.director.messages import OPEN as OPEN_VIDEOS
from services.director.tables import tasks, video_tasks, videos

KEYS_AT_ONCE = 200
"""Keys in one word to the workers."""


HOLD = (
    select(*(column for column in tasks.c if column.name != "request"))
    .where(tasks.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(tasks.c.key)
    .with_for_update()
)
WAITING = (
    select(videos.c.id)
    .where(
        videos.c.id.in_(
            select(video_tasks.c.video).where(
                video_tasks.c.key.in_(bindparam("keys", expanding=True))
            )
        ),
        among(videos.c.state, sorted(OPEN_VIDEOS)),
    )
    .order_by(videos.c.id)
    .with_for_update()
)
_TRACE = select(videos.c.trace).where(videos.c.id == tasks.c.video).scalar_subquery()
TRACE = func.coalesce(_TRACE, "").label("trace")
"""Of a task's video."""
WAKE = (
    update(videos)
    .where(videos.c.id.in_(bindparam("ids", expanding=True)))
    .values(changes=videos.c.changes + 1)
)


class Fault(Exception):
    """Why a task is given up that no error of ours says: a bug, or three deaths."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{reason}: {message}")


@dataclass(frozen=True)
class Trouble:
    """What went wrong with a task, as its row holds it."""

    kind: str
    """"transient", "invalid", "corrupt", "bug" or "death"."""
    reason: str
    message: str
    digest: str = ""
    """The broken object, of "corrupt"."""
    faults: tuple[tuple[str, str, str], ...] = ()
    """Field, reason and remedy of each complaint, of "invalid"; fields are the stage's own."""

    def text(self) -> str:
        """Return it as the row holds it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def error(self) -> Exception:
        """Return it as the error that a video hears of."""
        if self.kind == "invalid" and self.faults:
            return Invalid.every(Violation(*fault) for fault in self.faults)
        if self.kind == "corrupt":
            return Corrupt(self.digest, self.reason)
        if self.kind == "transient":
            return Transient(self.message)
        return Fault(self.reason, self.message)


def trouble_of(text: str) -> Trouble:
    """Return what a row holds."""
    said = json.loads(text)
    said["faults"] = tuple(tuple(fault) for fault in said["faults"])
    return Trouble(**said)


def hold(connection: Connection, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return tasks by key, without their requests, and keep others from changing them meanwhile.

    Rows are always taken in the order of their keys, and tasks before videos, so that transactions
    wait for each other and never in a ring.
    """
    wanted = sorted(set(keys))
    rows = connection.execute(HOLD, {"keys": wanted}).mappings() if wanted else ()
    return {row["key"]: dict(row) for row in rows}


def save(connection: Connection, rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Write some columns of rows that are held."""
    if rows:
        names = tuple(columns)
        given = [{"which": row["key"], **{f"new_{n}": row[n] for n in names}} for row in rows]
        connection.execute(_saving(names), given)


@cache
def _saving(columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    return update(tasks).where(tasks.c.key == bindparam("which")).values(values)


def wake(connection: Connection, keys: Collection[str]) -> None:
    """Have the recipe asked of every open video that waits for one of these tasks."""
    if not keys:
        return
    ids = list(connection.execute(WAITING, {"keys": sorted(keys)}).scalars())
    if ids:
        connection.execute(WAKE, {"ids": ids})


def drop_unwanted(connection: Connection, ended: Collection[str], now_ms: int) -> list[str]:
    """Drop the tasks that only these videos wait for, and tell the workers; return their keys.

    Call it before the videos' rows are written: tasks are taken before videos. A video that joins
    one of them at this moment is woken, and asks for it again.
    """
    of_ended = select(video_tasks.c.key).where(video_tasks.c.video.in_(sorted(ended)))
    candidates = select(tasks.c.key).where(tasks.c.key.in_(of_ended), among(tasks.c.state, OPEN))
    held = hold(connection, connection.execute(candidates).scalars())
    waits = video_tasks.join(videos, videos.c.id == video_tasks.c.video)
    wanted = (
        exists()
        .select_from(waits)
        .where(
            video_tasks.c.key == tasks.c.key,
            among(videos.c.state, sorted(OPEN_VIDEOS)),
            videos.c.id.not_in(sorted(ended)),
        )
    )
    gone = (
        update(tasks)
        .where(tasks.c.key.in_(sorted(held)), tasks.c.state.in_(OPEN), ~wanted)
        .values(state=DROPPED, ended_ms=now_ms)
        .returning(tasks.c.key)
    )
    keys = sorted(connection.execute(gone).scalars())
    _stop(connection, [key for key in keys if held[key]["worker"]], now_ms)
    wake(connection, keys)
    return keys


def failure_word(kind: FailureKind.ValueType) -> str:
    """Return a kind of failure as rows and metrics say it: "transient".

    One that this version does not know is a "bug": nobody here knows that trying again helps.
    """
    if kind not in FailureKind.values():
        return "bug"
    return FailureKind.Name(kind).removeprefix("FAILURE_KIND_").lower()


def _stop(connection: Connection, keys: Sequence[str], now_ms: int) -> None:
    for begin in range(0, len(keys), KEYS_AT_ONCE):
        word = Control()
        word.cancel_tasks.task_keys.extend(keys[begin : begin + KEYS_AT_ONCE])
        message = wrap(CONTROL, word, id=uuid.uuid4().hex, source=SOURCE)
        outbox.post(connection, [message], now_ms)
