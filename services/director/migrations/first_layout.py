"""What one machine's database held in its first layout, which had no teams yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from google.protobuf.json_format import Parse
from rostrum.director.v1.director_pb2 import Commission

from services.chassis.errors import Invalid
from services.director.schema import message_class

REALM: Final = "public"
"""Where one machine keeps everything."""
TABLES: Final = ("video_tasks", "videos", "tasks")
COLUMNS: Final = {"commission", "status", "created", "ended", "complaints", "outputs"}
Convert = Callable[[Mapping[Any, Any]], dict[str, Any]]


def put_aside(connection: sa.Connection) -> bool:
    """Rename its tables, so that those of today find room; return whether there were any.

    Raises Invalid for tables that are of no layout we know.
    """
    known = sa.inspect(connection)
    if not known.has_table("videos"):
        return False
    if not {column["name"] for column in known.get_columns("videos")} >= COLUMNS:
        remedy = "it is of no layout that was ever released; move it away, results are kept apart"
        raise Invalid("database", "DATABASE_LAYOUT", remedy)
    connection.exec_driver_sql("DROP INDEX IF EXISTS videos_by_name")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")  # renames the table alone
    for name in TABLES:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO first_{name}")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
    return True


def take_over(connection: sa.Connection) -> None:
    """Move what was put aside into the tables of revision 0001."""
    _copy(connection, "videos", _video)
    _copy(connection, "tasks", _task)
    _copy(connection, "video_tasks", dict)
    for name in TABLES:
        connection.exec_driver_sql(f"DROP TABLE first_{name}")


def _copy(connection: sa.Connection, name: str, convert: Convert) -> None:
    rows = connection.exec_driver_sql(f"SELECT * FROM first_{name}").mappings()  # noqa: S608
    for row in rows.all():
        values = convert(row)
        table = sa.table(name, *map(sa.column, values))
        connection.execute(sa.insert(table).values(values))


def _video(row: Mapping[str, Any]) -> dict[str, Any]:
    commission = Commission.FromString(row["commission"])
    return {
        "id": row["id"],
        "team": REALM,
        "channel": commission.order.channel[:80],
        "name": row["name"],
        "commission": row["commission"],
        "state": row["status"],
        "created_ms": _milliseconds(row["created"]),
        "ended_ms": _milliseconds(row["ended"]),
        "complaints": row["complaints"] or "[]",
        "outputs": row["outputs"] or "[]",
        "subject": commission.presenter.consent.subject,
        "portrait": commission.presenter.portrait.digest,
    }


def _task(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": row["key"],
        "team": REALM,
        "stage": row["stage"],
        "request_type": row["request_type"],
        "request": _request(row["request_type"], row["request"]),
        "engine": row["engine"],
        "fingerprint": row["fingerprint"],
        "state": row["status"],
        "video": row["video"],
        "attempt": row["attempts"],
        "created_ms": _milliseconds(row["started"]) or 0,
        "started_ms": _milliseconds(row["started"]),
        "ended_ms": _milliseconds(row["ended"]),
        "seconds": row["seconds"],
        "digests": row["digests"],
        "error": row["error"],
    }


def _request(name: str, text: str) -> bytes:
    return Parse(text, message_class(name)()).SerializeToString(deterministic=True)


def _milliseconds(stamp: str | None) -> int | None:
    return None if stamp is None else round(datetime.fromisoformat(stamp).timestamp() * 1000)
