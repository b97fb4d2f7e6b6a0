"""The command `rostrum migrate`: the director's tables, made or brought up to date."""
# ruff: noqa: PLC0415
# Commands import late, so that --help is there at once.

from __future__ import annotations

from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command to the `rostrum` command."""
    app.command(epilog="Example: rostrum migrate --database postgresql+psycopg://host/rostrum")(
        migrate
    )


def migrate(
    database: Annotated[
        str, typer.Option(help="The database, as SQLAlchemy says it; ROSTRUM_DATABASE_URL else.")
    ] = "",
) -> None:
    """Make the director's tables, or bring them up to date; run it before a newer director."""
    from services.director import migrations
    from services.director.database import database_errors, open_database
    from services.director.migrations.settings import DatabaseSettings

    given = {"database_url": database} if database else {}
    engine = open_database(DatabaseSettings.read(**given).database_url)
    with database_errors():
        before = migrations.upgrade(engine)
    engine.dispose()
    was = "as they were" if before == migrations.HEAD else f"before: {before or 'none'}"
    typer.echo(f"the tables have revision {migrations.HEAD}; {was}")
