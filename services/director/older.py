"""Brings a one-machine database of the first layout up to the present one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from google.protobuf.json_format import Parse
from rostrum.director.v1.director_pb2 import Commission
from sqlalchemy import Table, insert, inspect
from sqlalchemy.engine import Connection

from services.director.schema import message_class
from services.director.tables import metadata, tasks, video_tasks, videos

REALM: Final = "public"
"""Where one machine keeps everything."""
Convert = Callable[[Mapping[str, Any]], dict[str, Any]]
TABLES: Final = ("video_tasks", "videos", "tasks")


def bring_up_to_date(connection: Connection) -> None:
    """Move what the first layout held into the tables of today; one of today is left as it is."""
    if not is_first_layout(connection):
        return
    connection.exec_driver_sql("DROP INDEX IF EXISTS videos_by_name")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")  # renames the table alone
    for name in TABLES:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO first_{name}")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
    metadata.create_all(connection)
    _copy(connection, "videos", videos, _video)
    _copy(connection, "tasks", tasks, _task)
    _copy(connection, "video_tasks", video_tasks, dict)
    for name in TABLES:
        connection.exec_driver_sql(f"DROP TABLE first_{name}")


def is_first_layout(connection: Connection) -> bool:
    """Return whether the tables are those that had no teams yet."""
    known = inspect(connection)
    if not known.has_table("videos"):
        return False
    return "team" not in {column["name"] for column in known.get_columns("videos")}


def _copy(connection: Connection, name: str, table: Table, convert: Convert) -> None:
    rows = connection.exec_driver_sql(f"SELECT * FROM first_{name}").mappings()  # noqa: S608
    for row in rows:
        connection.execute(insert(table).values(convert(dict(row))))


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
