"""Layouts of the tables, one after another: each revision leads on from the one before it.

To change a table: change tables.py, add a revision to versions/, and name it in `HEAD`. A contract
test holds the three together. Alembic is imported only where there is something to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from services.chassis.errors import Invalid
from services.director.tables import metadata

HEAD: Final = "0001"
"""The revision that tables.py is."""
VERSION_TABLE: Final = "alembic_version"
LOCK: Final = text("SELECT pg_advisory_xact_lock(7202611210001)")


def upgrade(engine: Engine) -> str | None:
    """Bring a database up to `HEAD`; return the revision it had, None for none.

    Two processes may do so at once: one waits for the other. It is done as a whole or not at all.
    Raises Invalid for a database that a newer version made.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(LOCK)
        if (before := revision_of(connection)) != HEAD:
            _upgrade(connection, before)
    return before


def check(engine: Engine) -> None:
    """Raise Invalid where a database is not at `HEAD`."""
    with engine.connect() as connection:
        revision = revision_of(connection)
    if revision != HEAD:
        found = f"revision {revision}" if revision else "no tables"
        remedy = f"it has {found}, and {HEAD} is needed; run `rostrum migrate`"
        raise Invalid("ROSTRUM_DATABASE_URL", "DATABASE_LAYOUT", remedy)


def revision_of(connection: Connection) -> str | None:
    """Return a database's revision, or None where it has none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608


def _upgrade(connection: Connection, revision: str | None) -> None:
    if revision is not None and revision > HEAD:
        remedy = f"revision {revision} was made by a newer version than this; update it"
        raise Invalid("ROSTRUM_DATABASE_URL", "DATABASE_LAYOUT", remedy)
    if revision is None and not inspect(connection).has_table("videos"):
        _make(connection)
    else:
        _run_alembic(connection)


def _make(connection: Connection) -> None:
    """Make all tables as they are today; this is quicker than by way of all before them."""
    metadata.create_all(connection)
    connection.exec_driver_sql(
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL,"
        f" CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES ('{HEAD}')")  # noqa: S608


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # slow, and rarely wanted
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
