"""The commands `rostrum weights ...`: weights of neural engines, from their source to tensors."""
# ruff: noqa: PLC0415
# Commands import late, so that --help is there at once.

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.chassis.errors import Invalid, StageError, Violation

if TYPE_CHECKING:
    from services.models.manifest import WeightsFile
    from services.models.shelf import Shelf

app = typer.Typer(
    help="Show, fetch, verify and convert the weights of neural engines.", no_args_is_help=True
)

SomeNames = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME...]", help="Files or engines; all here else.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON event a line.")]
STATES = {
    "missing": "not here",
    "begun": "half here; fetch goes on",
    "fetched": "here, not converted",
    "ready": "ready",
}


@app.command("list", epilog="Example: rostrum weights list")
def list_weights(as_json: AsJson = False) -> None:
    """Show every file of weights: source, size, SHA-256, licence, its use, whether it is here."""
    shelf = _shelf()
    for file in shelf.weights.values():
        record = record_of(file, shelf)
        typer.echo(json.dumps(record, ensure_ascii=False) if as_json else described(file, shelf))


@app.command(epilog="Example: rostrum weights fetch liveportrait gfpgan")
def fetch(
    names: SomeNames = None,
    everything: Annotated[bool, typer.Option("--all", help="Every file there is.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="Take the files from here: for machines without internet."),
    ] = None,
) -> None:
    """Download weights, verify them, and make plain tensors of them; goes on where it stopped."""
    from services.models import fetching

    shelf = _shelf()
    if not names and not everything:
        raise Invalid("weights", "FIELD_REQUIRED", "say which, or --all; `weights list` shows them")
    opener = fetching.open_web()

    def bring(file: WeightsFile) -> str:
        if shelf.state(file) == "ready":
            return STATES["ready"]
        typer.echo(f"{file.name}: {size_text(file)}, {file.licence.name}", err=True)
        if folder is not None:
            fetching.copy(file, folder, shelf, told)
        else:
            fetching.fetch(file, shelf, opener, told)
        return _converted(file, shelf)

    with _progress() as told:
        raise typer.Exit(_each(_chosen(shelf, None if everything else names), bring))


@app.command(epilog="Example: rostrum weights verify")
def verify(names: SomeNames = None) -> None:
    """Read every byte of weights and tensors that are here; exit with 2 where one is wrong."""
    shelf = _shelf()
    asked = _chosen(shelf, names)
    here = [file for file in asked if names or shelf.state(file) != "missing"]
    if not here:
        typer.echo("nothing is here; `rostrum weights fetch` brings it")
    raise typer.Exit(_each(here, lambda file: _verified(file, shelf)))


@app.command(epilog="Example: rostrum weights convert gfpgan")
def convert(names: SomeNames = None) -> None:
    """Make the tensors of files that are here anew."""
    shelf = _shelf()
    asked = _chosen(shelf, names)
    here = [file for file in asked if names or shelf.original(file).is_file()]
    raise typer.Exit(_each(here, lambda file: _converted(file, shelf)))


def record_of(file: WeightsFile, shelf: Shelf) -> dict[str, object]:
    """Return a file and its licence as a line of JSON says it."""
    return {
        "event": "weights",
        "name": file.name,
        "file": file.file,
        "for": file.purpose,
        "engines": file.engines,
        "networks": tuple(file.holds),
        "bytes": file.size_bytes,
        "sha256": file.sha256,
        "sources": file.sources,
        "licence": file.licence.as_json(),
        "state": shelf.state(file),
    }


def described(file: WeightsFile, shelf: Shelf) -> str:
    """Return a file and its licence as a person reads it."""
    licence = file.licence
    uses = " and ".join(licence.uses) + (" use" if len(licence.uses) > 1 else " only")
    rows = {
        "for": f"{file.purpose} (engine {', '.join(file.engines)})",
        "licence": f"{licence.name}: {uses}; read {licence.checked}: {licence.reference}",
        "because": licence.why,
        "file": f"{file.file}, {size_text(file)}",
        "SHA-256": file.sha256,
        "from": f"\n{'':11}".join(file.sources),
    }
    head = f"{file.name}: {STATES[shelf.state(file)]}"
    return "\n".join([head, *(f"  {name:<9}{text}" for name, text in rows.items()), ""])


def size_text(file: WeightsFile) -> str:
    """Return a file's size; the exact one is in --json."""
    return f"{'' if file.size_bytes else 'at most '}{file.most_bytes / 1e6:,.1f} MB"


def _shelf() -> Shelf:
    from services.models.shelf import Shelf
    from services.studio.home import Home
    from services.studio.settings import read_settings

    return Shelf(Home(read_settings().folder).weights_folder)


def _chosen(shelf: Shelf, names: Iterable[str] | None) -> Sequence[WeightsFile]:
    from services.models.manifest import pick

    return pick(shelf.weights, names or shelf.weights)


def _verified(file: WeightsFile, shelf: Shelf) -> str:
    """Return how far a file has come, every byte of it right. Raises Invalid for all others."""
    checks: list[Callable[[], object]] = []
    if shelf.state(file) == "ready":
        checks += [partial(shelf.check_tensors, network) for network in file.holds]
    if shelf.original(file).is_file() or not checks:
        checks.append(partial(shelf.check_original, file))
    complaints: list[Violation] = []
    for check in checks:
        try:
            check()
        except Invalid as error:
            complaints.extend(error.violations)
    if complaints:
        raise Invalid.every(complaints)
    return f"every byte is right; {STATES[shelf.state(file)]}"


def _converted(file: WeightsFile, shelf: Shelf) -> str:
    """Make a file's tensors. Raises Invalid, also where torch is not installed."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        remedy = f"{file.name} is here as published; to convert it, install the extra `models`"
        raise Invalid("weights", "MODELS_NOT_INSTALLED", remedy)
    from services.models.converting import convert

    return f"ready: {', '.join(receipt.network for receipt in convert(file, shelf))}"


def _each(files: Iterable[WeightsFile], work: Callable[[WeightsFile], str]) -> int:
    """Do something with each file, whatever became of the others; return the exit code."""
    code = 0
    for file in files:
        try:
            typer.echo(f"{file.name}: {work(file)}")
        except Invalid as error:
            code = code or 2
            typer.echo(str(error), err=True)
        except StageError as error:
            code = 1
            typer.echo(f"{error}; the same command goes on from here", err=True)
    return code


@contextmanager
def _progress() -> Iterator[Callable[[WeightsFile, int], None]]:
    """Show how much of a file has come, where a person looks on."""
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    rows: dict[str, TaskID] = {}
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:

        def tell(file: WeightsFile, count: int) -> None:
            if file.name not in rows:
                rows[file.name] = shown.add_task(file.name, total=file.size_bytes)
            shown.update(rows[file.name], completed=count)

        yield tell
