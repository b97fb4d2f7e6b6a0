"""One look at what there is to do: the one statement of a turn in which nothing happens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, bindparam, func, literal, select, union_all

from services.director.database import reading
from services.director.line.lookups import among
from services.director.line.words import READY
from services.director.messages import OPEN
from services.director.tables import outbox, tasks, videos

STALE_AT_ONCE: Final = 25
"""Videos asked between two looks at what has come in."""

_STALE: Final = (
    select(
        *(literal("video").label("kind"), videos.c.id.label("name")),
        videos.c.trace,
    )
    .where(
        videos.c.changes > videos.c.seen,
        videos.c.part.in_(bindparam("parts", expanding=True)),
        among(videos.c.state, sorted(OPEN)),
    )
    .order_by(videos.c.priority.desc(), videos.c.created_ms)
    .limit(STALE_AT_ONCE)
    .subquery()
)
_READY: Final = (
    select(
        *(literal("stage").label("kind"), tasks.c.stage.label("name")),
        literal("").label("trace"),
    )
    .where(among(tasks.c.state, [READY]), tasks.c.not_before_ms <= bindparam("now_ms"))
    .group_by(tasks.c.stage)
)
_WAITING: Final = select(
    *(literal("outbox").label("kind"), func.max(outbox.c.topic).label("name")),
    literal("").label("trace"),
).where(outbox.c.id.in_(select(outbox.c.id).limit(1).scalar_subquery()))
LOOK: Final = union_all(select(_STALE), _READY, _WAITING)


@dataclass(frozen=True)
class Pulse:
    """What there is to do."""

    stale: Mapping[str, str]
    """Videos of these report partitions that something has happened to, each with its trace."""
    ready: frozenset[str]
    """Stages that have tasks to send."""
    waiting: bool
    """Whether messages wait to be published."""


def feel(engine: Engine, parts: Collection[int], now_ms: int) -> Pulse:
    """Look."""
    with reading(engine) as connection:
        rows = connection.execute(LOOK, {"parts": sorted(parts), "now_ms": now_ms}).all()
    return Pulse(
        {row.name: row.trace for row in rows if row.kind == "video"},
        frozenset(row.name for row in rows if row.kind == "stage"),
        any(row.kind == "outbox" and row.name for row in rows),
    )
