"""Takes orders in: video, first event and its message, within the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rostrum.director.v1.director_pb2 import Commission
from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.errors import Violation
from services.director.database import insert_each, pipelined
from services.director.line.videos import Row, tell
from services.director.line.words import part_of
from services.director.messages import QUEUED, complaints_text
from services.director.recipes.costs import of_whole
from services.director.tables import videos
from services.director.videos import FAILED

NAME_CHARACTERS: Final = 80
PRIORITY: Final = 5
"""Of what is ordered without one."""
ADMIT: Final = {
    dialect: new.on_conflict_do_nothing(index_elements=["team", "request_id"]).returning(
        videos.c.id
    )
    for dialect, new in (
        ("sqlite", sqlite.insert(videos)),
        ("postgresql", postgresql.insert(videos)),
    )
}
"""Put together once: that costs as much as running it."""


@dataclass(frozen=True)
class Admission:
    """What is asked for."""

    commission: Commission
    """Defaults filled in."""
    priority: int = PRIORITY
    deadline_ms: int | None = None
    request_id: str | None = None
    request_digest: str | None = None
    rundown: str | None = None
    section: str = ""
    position: int = 0
    """In its rundown."""
    complaints: Sequence[Violation] = ()
    """What is wrong with it: it is listed as failed then."""
    trace: str = ""
    """W3C traceparent."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


def admit(connection: Connection, team: str, asked: Admission, now_ms: int) -> Row | None:
    """Take a video in and return its row; None where the team has used the request id before.

    Two callers with one request id wait for each other: the second is told None once the first
    stands. No recipe is asked here.
    """
    (row,) = admit_new(connection, [(team, asked)], now_ms)
    return row


def admit_new(
    connection: Connection, asked: Sequence[tuple[str, Admission]], now_ms: int
) -> list[Row | None]:
    """Take videos of several teams in as `admit` does, and return what it does of each, in order.

    Rows are written in the order of their request ids: two who do so at once never lock each other.
    """
    rows = [_row(team, one, now_ms) for team, one in asked]
    in_order = sorted(rows, key=lambda row: (row["team"], row["request_id"] or ""))
    with pipelined(connection):
        new = set(insert_each(connection, ADMIT[connection.dialect.name], in_order))
        _tell(connection, [row for row in rows if row["id"] in new], now_ms)
    return [row if row["id"] in new else None for row in rows]


def admit_all(
    connection: Connection, team: str, asked: Sequence[Admission], now_ms: int
) -> list[Row]:
    """Take many videos in, none of them with a request id, and return their rows in order."""
    rows: list[Row] = [_row(team, one, now_ms) for one in asked]
    if rows:
        connection.execute(insert(videos), rows)
    _tell(connection, rows, now_ms)
    return rows


def _tell(connection: Connection, rows: Sequence[Row], now_ms: int) -> None:
    for state in (QUEUED, FAILED):
        if of_state := [row for row in rows if row["state"] == state]:
            tell(connection, of_state, _kind(state), now_ms)


def _kind(state: str) -> str:
    return "created" if state == QUEUED else state


def _row(team: str, asked: Admission, now_ms: int) -> dict[str, Any]:
    """Return all that is shown of a new video: nothing of it has to be read back."""
    order, presenter = asked.commission.order, asked.commission.presenter
    return {
        "id": asked.id,
        "team": team,
        "channel": order.channel[:NAME_CHARACTERS],
        "name": order.name[:NAME_CHARACTERS],
        "request_id": asked.request_id,
        "request_digest": asked.request_digest,
        "commission": asked.commission.SerializeToString(deterministic=True),
        "state": FAILED if asked.complaints else QUEUED,
        "stage": "",
        "progress_permille": 0,
        "priority": asked.priority,
        "deadline_ms": asked.deadline_ms,
        "rundown": asked.rundown,
        "section": asked.section[:NAME_CHARACTERS],
        "position": asked.position,
        "part": part_of(asked.id),
        "created_ms": now_ms,
        "started_ms": None,
        "expected_ms": None,
        "ended_ms": now_ms if asked.complaints else None,
        "seq": 1,
        "left_weight": 0.0 if asked.complaints else of_whole(asked.commission),
        "complaints": complaints_text(asked.complaints),
        "warnings": "[]",
        "outputs": "[]",
        "subject": presenter.consent.subject,
        "portrait": presenter.portrait.digest,
        "trace": asked.trace,
    }
