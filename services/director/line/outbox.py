"""The outbox: messages that are written with what causes them, and published afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from services.chassis.bus import Outgoing
from services.director.database import insert_each
from services.director.line.lookups import plain
from services.director.tables import outbox

NEW_MESSAGES: Final = insert(outbox).returning(outbox.c.id)


def post(connection: Connection, messages: Sequence[Outgoing], now_ms: int) -> None:
    """Write messages down; they are published once the transaction stands."""
    if messages:
        insert_each(connection, NEW_MESSAGES, [_row(message, now_ms) for message in messages])


def oldest(connection: Connection, most: int) -> list[tuple[int, Outgoing]]:
    """Return the first messages by id.

    Ids of transactions that have not ended yet may be lower: they are found at the next look. A
    video's own events are in order all the same: each is written while its row is held.
    """
    rows = connection.execute(select(outbox).order_by(outbox.c.id).limit(most)).mappings()
    return [(row["id"], _message(dict(row))) for row in rows]


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Remove messages that the broker has."""
    connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))


def _row(message: Outgoing, now_ms: int) -> dict[str, Any]:
    return {
        "topic": message.topic,
        "partition": message.partition,
        "key": plain(message.key),
        "headers": json.dumps([[name, value.decode("latin-1")] for name, value in message.headers]),
        "value": message.value or b"",
        "created_ms": now_ms,
    }


def _message(row: dict[str, Any]) -> Outgoing:
    headers = tuple((name, text.encode("latin-1")) for name, text in json.loads(row["headers"]))
    return Outgoing(row["topic"], bytes(row["value"]), row["key"], row["partition"], headers)
