"""tables.py, the revisions and `HEAD` say the same, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from typer.testing import CliRunner

from services.chassis.errors import Invalid
from services.director import migrations
from services.director.database import open_database
from services.director.tables import metadata
from services.studio.__main__ import app


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.sqlite'}"
    found: str = request.getfixturevalue("database_url")
    return found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


def layout(engine: Engine) -> dict[str, object]:
    """Return everything that can be seen of a database's tables."""
    seen = inspect(engine)
    return {
        name: {
            "columns": [{**c, "type": str(c["type"])} for c in seen.get_columns(name)],
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "foreign": sorted(map(str, seen.get_foreign_keys(name))),
            "unique": sorted(map(str, seen.get_unique_constraints(name))),
            "indexes": sorted(map(_described, seen.get_indexes(name))),
        }
        for name in seen.get_table_names()
    }


def _described(index: Mapping[str, Any]) -> str:
    options = {key: str(value) for key, value in index["dialect_options"].items()}
    return f"{index['name']} {index['column_names']} {index['unique']} {options}"


def test_the_newest_revision_is_the_one_that_is_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


def test_the_way_by_revisions_ends_at_the_tables_of_today(engine: Engine) -> None:
    with engine.begin() as connection:
        migrations._run_alembic(connection)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == [], "tables.py has changed: add a revision"
    by_revisions = layout(engine)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql(f"DROP TABLE {migrations.VERSION_TABLE}")
        migrations._make(connection)
    assert layout(engine) == by_revisions


def test_an_empty_database_is_made_once_whoever_comes_first(url: str, engine: Engine) -> None:
    found: list[str | None] = []

    def come() -> None:
        mine = open_database(url)
        found.append(migrations.upgrade(mine))
        mine.dispose()

    comers = [threading.Thread(target=come) for _ in range(4)]
    for comer in comers:
        comer.start()
    for comer in comers:
        comer.join()
    assert sorted(map(str, found)) == [migrations.HEAD] * 3 + ["None"]
    migrations.check(engine)


def test_a_director_does_not_start_on_tables_of_another_revision(engine: Engine) -> None:
    with pytest.raises(Invalid, match="rostrum migrate"):
        migrations.check(engine)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Invalid, match="9999"):
        migrations.check(engine)
    with pytest.raises(Invalid, match="newer version"):
        migrations.upgrade(engine)


def test_the_command_makes_the_tables_and_says_so(url: str, engine: Engine) -> None:
    run = CliRunner()
    first = run.invoke(app, ["migrate", "--database", url])
    assert (first.exit_code, "before: none" in first.output) == (0, True), first.output
    again = run.invoke(app, ["migrate"], env={"ROSTRUM_DATABASE_URL": url})
    assert (again.exit_code, "as they were" in again.output) == (0, True), again.output
    migrations.check(engine)
