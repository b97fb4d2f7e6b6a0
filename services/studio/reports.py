"""Shows a person or a program what is going on: live, as plain lines, or as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from services.studio import events
from services.studio.events import Event, Outcome, Progress, TaskEnded, TaskStarted, Trouble, Warned

LINE_SECONDS: Final = 5.0
"""Least time between two lines about the progress of one video."""
ROWS: Final = 12
"""Videos shown at once on a terminal."""
NAMES: Final = {
    "speech": "speech",
    "motion": "motion",
    "lipsync": "lips",
    "restoration": "texture",
    "compositing": "picture",
}


class Report(Protocol):
    """Hears of every event, and at the end of all outcomes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def tell(self, event: Event) -> None:
        """Show an event."""
        ...

    def sum_up(self, outcomes: Sequence[Outcome]) -> None:
        """Show how all videos ended."""
        ...


SUMMARY: Final = ("video", "status", "length", "took", "tasks run", "reused", "folder")
RIGHT: Final = (2, 3, 4, 5)


def choose_report(*, as_json: bool) -> Report:
    """Return the report that fits where the output goes."""
    if as_json:
        return JsonReport()
    console = Console(highlight=False)
    return LiveReport(console) if console.is_terminal else PlainReport(console)


class _Entered:
    """What is entered and left without more ado."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class JsonReport(_Entered):
    """One event a line, and last the summary."""

    def tell(self, event: Event) -> None:
        """Write an event."""
        self._write(as_event(event))

    def sum_up(self, outcomes: Sequence[Outcome]) -> None:
        """Write the summary."""
        self._write({"event": "summary", "videos": [each.as_json() for each in outcomes]})

    def _write(self, fields: Mapping[str, Any]) -> None:
        sys.stdout.write(f"{json.dumps(fields, ensure_ascii=False)}\n")
        sys.stdout.flush()


class PlainReport(_Entered):
    """A line now and then, for pipes and log files."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_line: dict[str, float] = {}

    def tell(self, event: Event) -> None:
        """Write a line about an event that is worth one."""
        if isinstance(event, Progress):
            now = time.monotonic()
            if now < self._next_line.get(event.video, 0.0):
                return
            self._next_line[event.video] = now + LINE_SECONDS
        for line in lines_about(event):
            self._console.print(line, soft_wrap=True)

    def sum_up(self, outcomes: Sequence[Outcome]) -> None:
        """Write the table of all outcomes."""
        print_summary(self._console, outcomes)


class LiveReport:
    """A table that keeps up with the work, and lines above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, Progress] = {}
        self._done_at = 0.0
        self._live = Live(
            console=console, get_renderable=self._view, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, Progress):
            self._shown[event.video] = event
            self._done_at = time.monotonic() + event.eta_seconds
        elif isinstance(event, Outcome):
            self._shown.pop(event.name, None)
        if not isinstance(event, Progress):
            for line in lines_about(event):
                self._live.console.print(line, soft_wrap=True)

    def sum_up(self, outcomes: Sequence[Outcome]) -> None:
        """Show the table of all outcomes."""
        self._live.stop()
        print_summary(self._console, outcomes)

    def _view(self) -> Group:
        left = max(self._done_at - time.monotonic(), 0.0)
        return progress_view(list(self._shown.values()), left)


def as_event(event: Event) -> dict[str, Any]:
    """Return an event as a line of JSON says it."""
    if isinstance(event, Outcome):
        return {"event": "video", **event.as_json()}
    names = {
        TaskStarted: "task_started",
        TaskEnded: "task_ended",
        Warned: "warning",
        Trouble: "trouble",
        Progress: "progress",
    }
    fields = asdict(event)
    if isinstance(event, Trouble):
        fields["text"] = event.last_line
    return {"event": names[type(event)], **fields}


def lines_about(event: Event) -> Iterable[Text]:
    """Return what a person reads about an event."""
    if isinstance(event, Progress):
        left = left_text(event.eta_seconds)
        yield line(f"{event.video}: {event.share:.0%}, {stages_text(event)}, {left}")
    elif isinstance(event, Warned):
        yield line(f"{event.video}: {event.field}: {event.reason}: {event.message}", "yellow")
    elif isinstance(event, Trouble):
        yield line(f"{event.video}: {event.task}: {event.last_line}", "yellow")
    elif isinstance(event, Outcome):
        yield from outcome_lines(event)


def outcome_lines(outcome: Outcome) -> Iterable[Text]:
    """Return what a person reads when a video has ended."""
    for complaint in outcome.complaints:
        yield line(str(complaint), "red")
    if outcome.fault:
        yield line(f"{outcome.name}: {outcome.fault}", "red")
    if outcome.status == events.FINISHED:
        took = f"{duration(outcome.video_seconds)} of video in {duration(outcome.seconds)}"
        yield line(f"{outcome.name}: {took}: {outcome.folder}", "green")
    elif outcome.status == events.CHECKED:
        yield line(f"{outcome.name}: nothing to complain about", "green")


def print_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Show how all videos ended; on a terminal and in a file alike."""
    console.print()
    for row in aligned([SUMMARY, *map(summary_row, outcomes)], right=RIGHT):
        console.print(line(row), soft_wrap=True)


def summary_row(outcome: Outcome) -> tuple[str, ...]:
    """Return how a video ended, in the columns of SUMMARY."""
    counts = outcome.tasks.values()
    return (
        outcome.name,
        outcome.status,
        duration(outcome.video_seconds) if outcome.video_seconds else "",
        duration(outcome.seconds) if outcome.seconds else "",
        str(sum(count["ran"] for count in counts)),
        str(sum(count["reused"] for count in counts)),
        outcome.folder,
    )


def aligned(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> Iterator[str]:
    """Yield rows as lines whose columns stand under one another; `right` ones end together."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def left_text(seconds: float) -> str:
    """Return how long the rest will take; a forecast of nothing is no forecast."""
    return f"about {duration(seconds)} left" if seconds >= 1 else "nearly done"


def progress_view(shown: Sequence[Progress], seconds_left: float) -> Group:
    """Return a row for each video at work, the furthest first, and when all will be done."""
    table = Table(box=None, pad_edge=False, show_header=False)
    rows = sorted(shown, key=lambda progress: -progress.share)
    for progress in rows[:ROWS]:
        bar = ProgressBar(total=1.0, completed=progress.share, width=24)
        table.add_row(line(progress.video), bar, f"{progress.share:.0%}", stages_text(progress))
    if not rows:
        return Group()
    more = f"{len(rows) - ROWS} more, " if len(rows) > ROWS else ""
    return Group(table, Text(f"{more}{left_text(seconds_left)}", style="dim"))


def stages_text(progress: Progress) -> str:
    """Return how far each stage is, for example "speech 4/4, picture 1/4"."""
    return ", ".join(f"{NAMES[s]} {done}/{all_}" for s, (done, all_) in progress.stages.items())


def duration(seconds: float) -> str:
    """Return a length of time as people write it."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min"


def line(text: str, style: str = "") -> Text:
    """Return text that cannot steer the terminal, whoever wrote it."""
    return Text("".join(c if c.isprintable() or c == " " else repr(c)[1:-1] for c in text), style)
