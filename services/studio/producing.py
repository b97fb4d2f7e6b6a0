"""The work behind `rostrum produce` and `rostrum check`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rostrum.director.v1.director_pb2 import Order

from services.chassis.child import Setup
from services.chassis.pool import Pool
from services.chassis.store import Store
from services.director.dispatch import Director
from services.director.recipes import Output
from services.director.state import State
from services.director.videos import Video
from services.studio import events
from services.studio.documents import read_documents
from services.studio.events import Event, Outcome, Trouble
from services.studio.home import Home
from services.studio.library import Library
from services.studio.orders import Reader, read_jobs
from services.studio.reports import Report
from services.studio.runtime import Runtime
from services.studio.settings import read_settings
from services.studio.signals import Stop
from services.studio.stages import fingerprint, offer

LEFTOVER_SECONDS: Final = 3600.0
"""What a killed writer left half written is nobody's after this time."""


@dataclass(frozen=True)
class Assignment:
    """What a person asks for."""

    orders: Sequence[Path]
    out: Path | None
    """Folder for the videos; None: only check."""
    storyline: str = ""
    """How files are told that hold data; empty: they hold orders."""
    presenter: str = ""
    """Presenter of all orders, by name or by a path from here; empty: each order's own."""
    channel: str = ""
    """Channel of all orders, likewise."""


def make_videos(assignment: Assignment, report: Report) -> int:
    """Make or check what is asked for, and return the exit code.

    Raises Invalid for settings that cannot be read, and OSError or StageError where the home
    folder cannot be read or written.
    """
    settings = read_settings()
    home = Home(settings.folder)
    state, store, log = home.state(), home.store(), home.new_log()
    store.discard_leftovers(LEFTOVER_SECONDS)
    library = Library(store, home.folder)
    jobs = read_jobs(read_documents(assignment.orders), reader_of(assignment, library))

    def tell(event: Event) -> None:
        if isinstance(event, Trouble):
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{event.video} {event.task}\n{event.text}\n")
        report.tell(event)

    def record(video: Video, outputs: Sequence[Output]) -> Mapping[str, Any]:
        return video_record(state, video, outputs)

    director = Director(store, state, fingerprint)
    setup = Setup(offer, partial(Store.in_folder, home.store_folder), log)
    with report, Stop() as stop, Pool(setup, settings.worker_count) as pool:
        outcomes = Runtime(director, pool, store, record, tell).run(jobs, assignment.out, stop)
    state.close()
    report.sum_up(outcomes)
    if log.exists() and any(outcome.fault for outcome in outcomes):
        sys.stderr.write(f"rostrum: the details are in {log}\n")
    return exit_code(outcomes)


def reader_of(assignment: Assignment, library: Library) -> Reader:
    """Return what makes jobs of documents in the way that was asked for."""
    told = Order(presenter=from_here(assignment.presenter), channel=from_here(assignment.channel))
    return Reader(library, assignment.storyline, told)


def from_here(text: str) -> str:
    """Return a path as one that holds wherever an order lies; names and addresses as they are."""
    return str(Path(text).absolute()) if Path(text).exists() and "/" in text else text


def video_record(state: State, video: Video, outputs: Sequence[Output]) -> dict[str, Any]:
    """Return what a finished video was made from, for the file beside it."""
    assert video.finished is not None
    files = [{"name": o.name, "kind": o.kind, "digest": o.digest, **_format_of(o)} for o in outputs]
    return state.production_record(video.id) | {
        "rostrum": version("rostrum"),
        "status": events.FINISHED,
        "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "frame_count": video.finished.frame_count,
        "frame_rate": video.finished.frame_rate,
        "outputs": files,
        "warnings": [
            {"field": said.field, "reason": said.reason, "message": said.message}
            for step in sorted(video.warnings)
            for said in video.warnings[step]
        ],
    }


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return 0 where all went well, 1 where anything failed or was stopped, 2 for bad input."""
    statuses = {outcome.status for outcome in outcomes}
    if statuses & {events.FAILED, events.STOPPED}:
        return 1
    return 2 if events.INVALID in statuses else 0


def _format_of(output: Output) -> dict[str, Any]:
    if output.format is None:
        return {}
    return {"format": {"aspect": output.format.aspect, "height": output.format.height}}
