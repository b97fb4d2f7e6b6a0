"""`rostrum line`."""
# ruff: noqa: PLC0415
# Commands import late, so that --help is there at once.

from __future__ import annotations

from typing import Annotated

import typer

DIRECTOR_PORT = 7070


def add_to(app: typer.Typer) -> None:
    """Add the command to the `rostrum` command."""
    app.command(epilog="Example: rostrum line")(line)


def line(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The director's; 0: any free one.")
    ] = DIRECTOR_PORT,
    compositors: Annotated[
        int, typer.Option(min=0, max=64, help="Processes that draw; 0: one for each core.")
    ] = 0,
    team: Annotated[str, typer.Option(help="Whose videos these are.")] = "house",
) -> None:
    """Run the whole production line here: Kafka, PostgreSQL and every service as a process."""
    from services.studio.line.plan import Wish
    from services.studio.line.running import run_line
    from services.studio.settings import usable_cores

    raise typer.Exit(run_line(Wish(port, compositors or usable_cores(), team)))
