"""The one way to open the director's database, and to read and write it safely."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from typing import Any, Final

from sqlalchemy import Engine, Insert, PoolProxiedConnection, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.chassis.errors import Transient
from services.director import migrations

BUSY_SECONDS: Final = 60
"""How long one process waits for another's transaction, on SQLite."""
PATIENCE_SECONDS: Final = 5
"""How long somebody waits for a connection, on PostgreSQL."""
NOTICED: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""What is out of reach is given up: after 11 s of silence, or 10 s with words unanswered (ms)."""
READING: Final = "rostrum_reading"
AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError)


def open_tables(url: str) -> Engine:
    """Open a database, its tables made or brought up to now where need be.

    For one machine's files and for tests: in a cluster `rostrum migrate` does that. Raises Invalid
    for a database that a newer version made.
    """
    engine = open_database(url)
    with reading(engine) as connection:
        revision = migrations.revision_of(connection)
    if revision != migrations.HEAD:
        migrations.upgrade(engine)
    return engine


def open_database(url: str, connections: int = 16) -> Engine:
    """Open a database whose tables are there.

    SQLite runs with a write-ahead log and syncs at every commit: a transaction that was committed
    survives the power cord. Transactions that write take the write lock at their beginning, so that
    two processes wait for each other and never meet half-way.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=PATIENCE_SECONDS,
        connect_args={"connect_timeout": PATIENCE_SECONDS, **NOTICED},
    )


def is_sqlite(bound: Engine | Connection) -> bool:
    """Return whether this is one machine's file; it has one writer at a time."""
    return bound.dialect.name == "sqlite"


@contextmanager
def database_errors() -> Iterator[None]:
    """Say in our own words that the database is away, or that a transaction lost to another."""
    try:
        yield
    except AWAY as error:
        raise Transient(f"DATABASE_UNAVAILABLE: {error}") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection that only reads: each statement sees what was committed before it."""
    if is_sqlite(engine):
        options: dict[str, Any] = {READING: True}
    else:
        options = {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


def insert_into(bound: Engine | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT in the database's own words."""
    return sqlite.insert(table) if is_sqlite(bound) else postgresql.insert(table)


def insert_each(
    connection: Connection, new: Insert, rows: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Insert rows within a transaction; return what each RETURNING gave first, None for nothing.

    new: a statement that is made once. On PostgreSQL the driver prepares it once and sends all rows
    in one go: a statement of many rows, put together anew, costs twice as much of a core.
    """
    if is_sqlite(connection):
        return [_first(connection.execute(new, row).first()) for row in rows]
    words = _driver_words(new, connection.dialect, tuple(rows[0]))
    cursor: Any = connection.connection.cursor()
    with _driver_errors(connection), closing(cursor):
        cursor.executemany(words, rows, returning=True)
        return [_first(result.fetchone()) for result in cursor.results()]


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Have `insert_each` wait for the database once for each statement, where it can be told so."""
    driver: Any = connection.connection.driver_connection
    with ExitStack() as stack:
        if not is_sqlite(connection):
            stack.enter_context(_driver_errors(connection))
            stack.enter_context(driver.pipeline())
        yield


@contextmanager
def _driver_errors(connection: Connection) -> Iterator[None]:
    """Have what the driver itself raises look like what SQLAlchemy raises."""
    driver = connection.dialect.dbapi
    assert driver is not None, "an engine has one"
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error) from error


@cache
def _driver_words(new: Insert, dialect: Dialect, columns: tuple[str, ...]) -> str:
    return str(new.compile(dialect=dialect, column_keys=columns))


def _first(row: Sequence[Any] | None) -> Any:  # noqa: ANN401  # whatever a column holds
    return None if row is None else row[0]


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
    reads = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
