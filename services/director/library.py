"""What orders call for by name: a team's own presenters and channels, behind them those shipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from rostrum.director.v1.director_pb2 import Channel, Presenter
from sqlalchemy import Connection, Table, func, select

from services.chassis.errors import Invalid
from services.director.database import insert_into
from services.director.tables import channels, presenters

SHIPPED: Final = "public"
"""The team whose presenters and channels all others see."""
LARGEST_BYTES: Final = 131_072
"""Of one of them: every video that calls for it holds a copy."""
SHELF_BYTES: Final = 3 << 20
"""Of all that a team may put: they are listed in one message."""
Kept = TypeVar("Kept", Presenter, Channel)


def put_presenter(connection: Connection, team: str, presenter: Presenter) -> None:
    """Make a presenter known to a team, or replace it. Raises Invalid for what is too large."""
    _put(connection, presenters, team, presenter)


def put_channel(connection: Connection, team: str, channel: Channel) -> None:
    """Make a channel known to a team, or replace it. Raises Invalid for what is too large."""
    _put(connection, channels, team, channel)


def presenter_named(connection: Connection, team: str, name: str) -> Presenter | None:
    """Return the presenter that a team knows by a name, or None."""
    return next(_read(connection, presenters, Presenter, team, name), None)


def channel_named(connection: Connection, team: str, name: str) -> Channel | None:
    """Return the channel that a team knows by a name, or None."""
    return next(_read(connection, channels, Channel, team, name), None)


def presenters_of(connection: Connection, team: str) -> list[Presenter]:
    """Return all presenters that a team can call for, by name."""
    return list(_read(connection, presenters, Presenter, team))


def channels_of(connection: Connection, team: str) -> list[Channel]:
    """Return all channels that a team can call for, by name."""
    return list(_read(connection, channels, Channel, team))


def seed(
    connection: Connection, shipped: Iterable[Presenter], shipped_channels: Iterable[Channel]
) -> None:
    """Put what comes with the product where every team sees it; their files are in its realm."""
    for presenter in shipped:
        _put(connection, presenters, SHIPPED, presenter)
    for channel in shipped_channels:
        _put(connection, channels, SHIPPED, channel)


def _put(connection: Connection, table: Table, team: str, message: Presenter | Channel) -> None:
    data = message.SerializeToString(deterministic=True)
    word = message.DESCRIPTOR.name.lower()
    if len(data) > LARGEST_BYTES:
        remedy = f"{len(data)} bytes of at most {LARGEST_BYTES}"
        raise Invalid(word, f"{word.upper()}_TOO_LARGE", remedy)
    others = (table.c.team == team) & (table.c.name != message.name)
    held = connection.execute(select(func.sum(func.length(table.c.message))).where(others)).scalar()
    if (held or 0) + len(data) > SHELF_BYTES:
        remedy = f"a team's {word}s have at most {SHELF_BYTES} bytes together"
        raise Invalid(word, "QUOTA_STORAGE", remedy)
    upsert = insert_into(connection, table).values(team=team, name=message.name, message=data)
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["team", "name"], set_={"message": data})
    )


def _read(
    connection: Connection, table: Table, kind: type[Kept], team: str, name: str = ""
) -> Iterator[Kept]:
    """Yield what a team sees, by name; its own hides what is shipped under the same name."""
    query = select(table.c.name, table.c.team, table.c.message)
    query = query.where(table.c.team.in_([team, SHIPPED]))
    if name:
        query = query.where(table.c.name == name)
    rows = connection.execute(query).all()
    own = {row.name for row in rows if row.team == team}
    for row in sorted(rows, key=lambda each: str(each.name)):
        if row.team == team or row.name not in own:
            yield kind.FromString(row.message)
