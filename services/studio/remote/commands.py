"""`rostrum submit`, `watch`, `get`, `cancel`, `retry` and `redrive`."""
# ruff: noqa: PLC0415, PLR0913, PLR0917
# Commands import late, so that --help is there at once; an option is an argument.

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.client import Rostrum

GIVE_UP_SECONDS = 30.0
"""How long a director may stay away."""

To = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT",
        help="The director; else ROSTRUM_DIRECTOR, else the line that runs here.",
    ),
]
Ca = Annotated[
    Path | None, typer.Option(help="PEM file of who vouches for the director; none: plaintext.")
]
Certificate = Annotated[Path | None, typer.Option(help="PEM file of your team's certificate.")]
Key = Annotated[Path | None, typer.Option(help="PEM file of its key.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Target = Annotated[str, typer.Argument(metavar="VIDEO|RUNDOWN", help="Id of one of the two.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the `rostrum` command."""
    examples: dict[Callable[..., None], str] = {
        submit: "rostrum submit services/studio/samples/rundown",
        watch: "rostrum watch",
        get: "rostrum get 5f2c… -o out",
        cancel: "rostrum cancel 5f2c…",
        retry: "rostrum retry 5f2c…",
        redrive: "rostrum redrive --stage compositing",
    }
    for command, example in examples.items():
        app.command(epilog=f"Example: {example}")(command)


def submit(
    orders: Annotated[
        list[Path],
        typer.Argument(
            metavar="ORDER|RUNDOWN...",
            help="Order files as `produce` takes them, rundown files, or folders of either.",
        ),
    ],
    to: To = "",
    storyline: Annotated[
        str, typer.Option(help="Read order files as data, and tell them: job-ad.")
    ] = "",
    presenter: Annotated[str, typer.Option(help="Presenter of all orders, by name or path.")] = "",
    channel: Annotated[str, typer.Option(help="Channel of all orders, by name or path.")] = "",
    priority: Annotated[
        int | None, typer.Option(min=0, max=10, help="10 goes first; 5 unless given.")
    ] = None,
    request_id: Annotated[
        str, typer.Option(help="For one order: the same id gives the same video.")
    ] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Make new videos of what was submitted today.")
    ] = False,
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Hand orders or a rundown to a director, and print their ids at once."""
    from datetime import datetime

    from services.studio.producing import from_here
    from services.studio.remote.submitting import Submission, Wish
    from services.studio.remote.telling import tell_submitted
    from services.studio.settings import read_settings

    wish = Wish(storyline, from_here(presenter), from_here(channel), request_id, again, priority)
    now = datetime.now().astimezone()
    with reached(to, ca, certificate, key) as client:
        submission = Submission(client, read_settings().folder, wish, now)
        code = tell_submitted(submission.hand_in(orders), as_json=as_json)
    raise typer.Exit(code)


def watch(
    target: Annotated[
        str, typer.Argument(metavar="[VIDEO|RUNDOWN]", help="Its id; none: all that is in work.")
    ] = "",
    to: To = "",
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show how far a video, a rundown or everything is, until it has ended."""
    from contextlib import nullcontext

    from rostrum.director.v1.production_pb2 import Rundown

    from services.studio.remote import watching
    from services.studio.remote.board import Board, choose_view

    view, screen = choose_view(as_json=as_json)
    board = Board(view)
    with reached(to, ca, certificate, key) as client:
        found = watching.find(client, target) if target else None
        with screen or nullcontext():
            if found is None:
                watching.watch_everything(client, board)
                raise typer.Exit
            if isinstance(found, Rundown):
                watching.watch_rundown(client, found, board)
            else:
                watching.watch_video(client, found, board)
    raise typer.Exit(board.exit_code())


def get(
    target: Target,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder; each video gets one of its own in it.")
    ] = Path("out"),
    to: To = "",
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a finished video's files, or those of every finished video of a rundown."""
    from services.studio.remote.getting import fetch
    from services.studio.remote.telling import tell_fetched
    from services.studio.remote.watching import find

    with reached(to, ca, certificate, key) as client:
        code = tell_fetched(fetch(client, find(client, target), out), as_json=as_json)
    raise typer.Exit(code)


def cancel(
    target: Target,
    to: To = "",
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Stop a video, or all of a rundown that has not ended."""
    from services.studio.remote import steering
    from services.studio.remote.telling import tell_videos
    from services.studio.remote.watching import find

    with reached(to, ca, certificate, key) as client:
        tell_videos(steering.cancel(client, find(client, target)), as_json=as_json)


def retry(
    target: Target,
    to: To = "",
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Go on with what failed or was cancelled; finished work is kept."""
    from services.studio.remote import steering
    from services.studio.remote.telling import tell_videos
    from services.studio.remote.watching import find

    with reached(to, ca, certificate, key) as client:
        tell_videos(steering.retry(client, find(client, target)), as_json=as_json)


def redrive(
    stage: Annotated[str, typer.Option(help="Only of this stage.")] = "",
    video: Annotated[str, typer.Option(help="Only what this video waits for, by its id.")] = "",
    to: To = "",
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send tasks again that were put aside after ending three workers."""
    from services.studio.remote.telling import tell_redriven

    with reached(to, ca, certificate, key) as client:
        tell_redriven(client.redrive(stage, video), as_json=as_json)


@contextmanager
def reached(
    to: str, ca: Path | None, certificate: Path | None, key: Path | None
) -> Iterator[Rostrum]:
    """Hold a connection to the director; what it refuses ends the command with its complaints."""
    from services.client import TLS, Patience, Rostrum, RostrumError
    from services.studio.remote.settings import address_in, read_remote_settings

    settings = read_remote_settings(director=to, ca=ca, certificate=certificate, key=key)
    tls = TLS(settings.ca, settings.certificate, settings.key) if settings.ca else None
    patience = Patience(give_up_seconds=GIVE_UP_SECONDS)
    try:
        with Rostrum(address_in(settings), tls, patience) as client:
            yield client
    except RostrumError as error:
        sys.stderr.write(f"rostrum: {address_in(settings)}: {error}\n")
        raise typer.Exit(1 if error.retryable else 2) from None
