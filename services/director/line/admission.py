"""Takes orders in: video, first event and its message, within the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rostrum.director.v1.director_pb2 import Commission
from sqlalchemy import Connection, insert

from services.chassis.errors import Violation
from services.director.database import insert_into
from services.director.line.videos import SHOWN, Row, tell
from services.director.line.words import part_of
from services.director.messages import QUEUED, complaints_text
from services.director.recipes.costs import of_whole
from services.director.tables import videos
from services.director.videos import FAILED

NAME_CHARACTERS: Final = 80
PRIORITY: Final = 5
"""Of what is ordered without one."""


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
    new = insert_into(connection, videos).values(_row(team, asked, now_ms))
    new = new.on_conflict_do_nothing(index_elements=["team", "request_id"])
    row = connection.execute(new.returning(*SHOWN)).mappings().first()
    if row is None:
        return None
    tell(connection, [dict(row)], _kind(row["state"]), now_ms)
    return dict(row)


def admit_all(
    connection: Connection, team: str, asked: Sequence[Admission], now_ms: int
) -> list[Row]:
    """Take many videos in, none of them with a request id, and return their rows in order."""
    if not asked:
        return []
    new = insert(videos).returning(*SHOWN, sort_by_parameter_order=True)
    given = [_row(team, one, now_ms) for one in asked]
    rows: list[Row] = [dict(row) for row in connection.execute(new, given).mappings()]
    for state in (QUEUED, FAILED):
        if of_state := [row for row in rows if row["state"] == state]:
            tell(connection, of_state, _kind(state), now_ms)
    return rows


def _kind(state: str) -> str:
    return "created" if state == QUEUED else state


def _row(team: str, asked: Admission, now_ms: int) -> dict[str, Any]:
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
        "priority": asked.priority,
        "deadline_ms": asked.deadline_ms,
        "rundown": asked.rundown,
        "section": asked.section[:NAME_CHARACTERS],
        "position": asked.position,
        "part": part_of(asked.id),
        "created_ms": now_ms,
        "ended_ms": now_ms if asked.complaints else None,
        "seq": 1,
        "left_weight": 0.0 if asked.complaints else of_whole(asked.commission),
        "complaints": complaints_text(asked.complaints),
        "subject": presenter.consent.subject,
        "portrait": presenter.portrait.digest,
        "trace": asked.trace,
    }
