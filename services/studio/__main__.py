"""The `rostrum` command."""
# ruff: noqa: PLC0415, PLR0913, PLR0917
# Commands import late, so that --help is there at once; an option is an argument.

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from services.chassis.errors import Invalid, StageError
from services.studio import migrate, models, topics, weights
from services.studio.line import commands as line_commands
from services.studio.remote import commands as remote_commands

app = typer.Typer(
    name="rostrum",
    help="Turns scripts into finished talking-head videos, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(topics.app, name="topics")
app.add_typer(models.app, name="models")
app.add_typer(weights.app, name="weights")

Orders = Annotated[
    list[Path],
    typer.Argument(
        metavar="ORDER...", help="Order files (YAML, JSON), JSON Lines batches, or folders of them."
    ),
]
Presenter = Annotated[str, typer.Option(help="Presenter, by name or path; the orders' own else.")]
Channel = Annotated[str, typer.Option(help="Channel, by name or path; the orders' own else.")]
Storyline = Annotated[str, typer.Option(help="Read the files as data, and tell them: job-ad.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON event a line; last the summary.")]


@app.command(epilog="Example: rostrum produce services/studio/samples/demo -o out/demo")
def produce(
    orders: Orders,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder; each video gets one of its own in it.")
    ] = Path("out"),
    storyline: Storyline = "",
    presenter: Presenter = "",
    channel: Channel = "",
    as_json: AsJson = False,
) -> None:
    """Make videos from orders. What was ever made is not made again."""
    _make(orders, out, storyline, presenter, channel, as_json)


@app.command(epilog="Example: rostrum check orders/ && echo all good")
def check(
    orders: Orders,
    storyline: Storyline = "",
    presenter: Presenter = "",
    channel: Channel = "",
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong with orders, before anything is rendered."""
    _make(orders, None, storyline, presenter, channel, as_json)


@app.command(epilog="Example: rostrum show out/demo")
def show(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A video's folder, or one of many.")
    ],
    as_json: AsJson = False,
) -> None:
    """Show what was made, from what, by which engine, how long it took, what was reused."""
    from services.studio.showing import show_folder

    raise typer.Exit(show_folder(folder, as_json=as_json))


@app.command(epilog="Example: rostrum doctor")
def doctor(as_json: AsJson = False) -> None:
    """Show what is installed, and which engines, voices, fonts and presenters work here."""
    from services.studio.doctor import examine

    raise typer.Exit(examine(as_json=as_json))


line_commands.add_to(app)
migrate.add_to(app)
remote_commands.add_to(app)


def _make(
    orders: list[Path],
    out: Path | None,
    storyline: str,
    presenter: str,
    channel: str,
    as_json: bool,
) -> None:
    from services.studio.producing import Assignment, make_videos
    from services.studio.reports import choose_report

    assignment = Assignment(orders, out, storyline, presenter, channel)
    raise typer.Exit(make_videos(assignment, choose_report(as_json=as_json)))


def main() -> None:
    """Run the command; whatever nobody foresaw ends with a log file and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # text streams
    try:
        app()
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on from here")
    except Invalid as error:
        _fail(str(error), code=2)
    except OSError as error:
        _fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))
    except StageError as error:
        _fail(f"{error}; the same command goes on from here")
    except Exception:  # noqa: BLE001  # the outermost edge: people get a log file, no traceback
        _fail(f"this should not have happened; the details are in {_write_log()}")


def _write_log() -> Path:
    from services.studio.home import Home
    from services.studio.settings import read_settings

    log = Home(read_settings().folder).new_log()
    log.write_text(traceback.format_exc(), encoding="utf-8")
    return log


def _fail(text: str, code: int = 1) -> None:
    sys.stderr.write(f"rostrum: {text}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
