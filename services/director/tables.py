"""The director's tables, and the one way to open them safely."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PoolProxiedConnection,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine import Connection

BUSY_SECONDS: Final = 60
"""How long one process waits for another's transaction."""

metadata = MetaData()

videos = Table(
    "videos",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("commission", LargeBinary, nullable=False),  # serialised, defaults filled in
    Column("status", String(16), nullable=False),
    Column("created", String(32), nullable=False),  # times are ISO 8601 in UTC
    Column("ended", String(32)),
    Column("complaints", Text),  # JSON list of {field, reason, remedy}
    Column("outputs", Text),  # JSON list of {name, kind, digest}
    Index("videos_by_name", "name", "created"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("stage", String(32), nullable=False),
    Column("request_type", String(120), nullable=False),
    Column("request", Text, nullable=False),  # JSON mapping: what it was made from
    Column("engine", String(120), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("seconds", Float),
    Column("attempts", Integer, nullable=False),
    Column("digests", Text, nullable=False),  # JSON list: what it made
    Column("video", String(32)),  # the one it was last done for
    Column("started", String(32)),
    Column("ended", String(32)),
    Column("error", Text),
)

video_tasks = Table(
    "video_tasks",
    metadata,
    Column("video", String(32), ForeignKey("videos.id"), primary_key=True),
    Column("name", String(80), primary_key=True),  # the step's: "lipsync/3"
    Column("key", String(64), ForeignKey("tasks.key"), nullable=False),
    Column("reused", Boolean, nullable=False),
)


def open_tables(url: str) -> Engine:
    """Open a database and make the tables it lacks.

    SQLite runs with a write-ahead log and syncs at every commit: a transaction that was committed
    survives the power cord. Every transaction takes the write lock at its beginning, so that two
    processes wait for each other and never meet half-way.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    metadata.create_all(engine)
    return engine


def _prepare(connection: sqlite3.Connection, _: PoolProxiedConnection) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log; SQLite itself does not wait where two do so at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
