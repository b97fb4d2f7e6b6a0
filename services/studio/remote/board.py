"""The board: how far videos and rundowns are, live on a terminal, as lines, or as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rostrum.director.v1.production_pb2 import Rundown, Video, VideoState

from services.studio.reports import NAMES, duration, left_text, line

ROWS: Final = 14
"""Videos shown at once on a terminal."""
LINE_SECONDS: Final = 5.0
"""Least time between two lines about the progress of one video."""
ENDED: Final = {
    VideoState.VIDEO_STATE_FINISHED: "green",
    VideoState.VIDEO_STATE_FAILED: "red",
    VideoState.VIDEO_STATE_CANCELLED: "yellow",
}


def state_name(video: Video) -> str:
    """Return how far a video is, in a word: "queued", "running", "finished" …."""
    return VideoState.Name(video.state).removeprefix("VIDEO_STATE_").lower()


class Board:
    """Knows the latest of every video and rundown that is watched, and has it shown."""

    def __init__(self, view: View) -> None:
        self.videos: dict[str, Video] = {}
        self.rundowns: dict[str, Rundown] = {}
        self._view = view

    def show(self, video: Video) -> None:
        """Take news of a video; what is older than what is known is passed over."""
        known = self.videos.get(video.id)
        if known is not None and known.seq >= video.seq:
            return
        self.videos[video.id] = video
        self._view.video(self, video)

    def show_rundown(self, rundown: Rundown) -> None:
        """Take news of a rundown."""
        self.rundowns[rundown.id] = rundown
        self._view.rundown(self, rundown)

    def replace(self, videos: Iterable[Video], rundowns: Iterable[Rundown]) -> None:
        """Take the whole of what is in work; the rest has ended."""
        self.rundowns = {}
        for rundown in rundowns:
            self.show_rundown(rundown)
        now = {video.id: video for video in videos}
        for gone in self.videos.keys() - now.keys():
            del self.videos[gone]
        for video in now.values():
            self.show(video)

    def ended(self, video: str) -> bool:
        """Return whether a video is known to have ended."""
        return video in self.videos and self.videos[video].state in ENDED

    def all_ended(self, count: int) -> bool:
        """Return whether so many videos are known, and all have ended."""
        return len(self.videos) >= count and all(map(self.ended, self.videos))

    def exit_code(self) -> int:
        """Return 0 where all finished, 2 where only orders were wrong, else 1."""
        unfinished = [
            video
            for video in self.videos.values()
            if video.state != VideoState.VIDEO_STATE_FINISHED
        ]
        if not unfinished:
            return 0
        return 2 if all(map(wrong_order, unfinished)) else 1


def wrong_order(video: Video) -> bool:
    """Return whether a video failed for what its order says."""
    failed = video.state == VideoState.VIDEO_STATE_FAILED
    return failed and any(complaint.field for complaint in video.complaints)


class View(Protocol):
    """Shows a board."""

    def video(self, board: Board, video: Video) -> None:
        """Show news of a video."""
        ...

    def rundown(self, board: Board, rundown: Rundown) -> None:
        """Show news of a rundown."""
        ...


class JsonView:
    """One line of JSON for each piece of news."""

    def video(self, _board: Board, video: Video) -> None:
        """Write a video."""
        write_json("video", video)

    def rundown(self, _board: Board, rundown: Rundown) -> None:
        """Write a rundown."""
        write_json("rundown", rundown)


def write_json(event: str, message: Video | Rundown) -> None:
    """Write a line: the message's JSON mapping with the word that says what it is."""
    fields: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    if isinstance(message, Video):
        fields["state"] = state_name(message)
    sys.stdout.write(f"{json.dumps({'event': event, **fields}, ensure_ascii=False)}\n")
    sys.stdout.flush()


class PlainView:
    """A line now and then, for pipes and log files."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next: dict[str, float] = {}

    def video(self, _board: Board, video: Video) -> None:
        """Write a line about a video, not too often."""
        now = time.monotonic()
        if video.state not in ENDED and now < self._next.get(video.id, 0.0):
            return
        self._next[video.id] = now + LINE_SECONDS
        for text in video_lines(video):
            self._console.print(text, soft_wrap=True)

    def rundown(self, _board: Board, rundown: Rundown) -> None:
        """Write a line about a rundown, not too often."""
        now = time.monotonic()
        if now >= self._next.get(rundown.id, 0.0) or rundown.HasField("end_time"):
            self._next[rundown.id] = now + LINE_SECONDS
            self._console.print(line(rundown_text(rundown)), soft_wrap=True)


class LiveView:
    """A table that keeps up with the work, and a line for each video that has ended."""

    def __init__(self, console: Console) -> None:
        self._board: Board | None = None
        self.live = Live(
            console=console, get_renderable=self._render, refresh_per_second=2, transient=True
        )

    def video(self, board: Board, video: Video) -> None:
        """Show news of a video."""
        self._board = board
        if video.state in ENDED:
            for text in video_lines(video):
                self.live.console.print(text, soft_wrap=True)

    def rundown(self, board: Board, _rundown: Rundown) -> None:
        """Show news of a rundown."""
        self._board = board

    def _render(self) -> RenderableType:
        if self._board is None:
            return Group()
        rundowns = list(self._board.rundowns.values())
        return board_view(rundowns, list(self._board.videos.values()))


def choose_view(*, as_json: bool) -> tuple[View, AbstractContextManager[object] | None]:
    """Return the view that fits where the output goes, and what must be entered for it."""
    if as_json:
        return JsonView(), None
    console = Console(highlight=False)
    if not console.is_terminal:
        return PlainView(console), None
    view = LiveView(console)
    return view, view.live


def board_view(rundowns: Sequence[Rundown], videos: Sequence[Video]) -> Group:
    """Return a line for each rundown and a row for each open video, the furthest first."""
    table = Table(box=None, pad_edge=False, show_header=False)
    running = sorted(
        (video for video in videos if video.state not in ENDED),
        key=lambda video: (-video.progress_permille, -video.priority, video.create_time.seconds),
    )
    for video in running[:ROWS]:
        bar = ProgressBar(total=1000, completed=video.progress_permille, width=24)
        share = f"{video.progress_permille / 10:.0f}%"
        table.add_row(line(video.name), line(video.channel, "dim"), bar, share, stage_text(video))
    lines = [Text(rundown_text(rundown), style="bold") for rundown in rundowns]
    more = [Text(f"{len(running) - ROWS} more", style="dim")] if len(running) > ROWS else []
    if not running and not lines:
        more = [Text("nothing is in work", style="dim")]
    return Group(*lines, table, *more)


def video_lines(video: Video) -> Iterator[Text]:
    """Yield what a person reads about a video."""
    for complaint in video.complaints:
        parts = (video.name, complaint.field, complaint.reason, complaint.remedy)
        yield line(": ".join(filter(None, parts)), "red")
    for warning in video.warnings if video.state in ENDED else ():
        text = f"{video.name}: {warning.field}: {warning.reason}: {warning.message}"
        yield line(text, "yellow")
    if video.state in ENDED:
        took = video.end_time.seconds - video.create_time.seconds
        text = f"{video.name}: {state_name(video)} after {duration(took)}: {video.id}"
        yield line(text, ENDED[video.state])
    else:
        yield line(f"{video.name}: {video.progress_permille / 10:.0f}%, {stage_text(video)}")


def stage_text(video: Video) -> str:
    """Return what is done to a video now and how long the rest takes: "lips, about 12 s left"."""
    if video.state == VideoState.VIDEO_STATE_QUEUED:
        return "queued" + (f", {left}" if (left := left_of(video.expected_end_time)) else "")
    doing = NAMES.get(video.stage, video.stage)
    return ", ".join(filter(None, (doing, left_of(video.expected_end_time))))


def rundown_text(rundown: Rundown) -> str:
    """Return how far a rundown is: "morning: 3 of 12 done, 1 failed, 1 late, ends 14:32"."""
    counts = (
        (rundown.running_count, "in work"),
        (rundown.queued_count, "queued"),
        (rundown.failed_count, "failed"),
        (rundown.cancelled_count, "cancelled"),
        (rundown.late_count, "late"),
    )
    parts = [f"{rundown.finished_count} of {rundown.video_count} done"]
    parts += [f"{count} {word}" for count, word in counts if count]
    if rundown.HasField("end_time"):
        parts.append(f"ended {clock(rundown.end_time)}")
    elif rundown.expected_end_time.seconds:
        parts.append(f"ends {clock(rundown.expected_end_time)}")
    if rundown.HasField("deadline"):
        parts.append(f"due {clock(rundown.deadline)}")
    return f"{rundown.name}: {', '.join(parts)}"


def left_of(moment: Timestamp) -> str:
    """Return how long it is until a moment; "" where none is known."""
    return left_text(moment.seconds - time.time()) if moment.seconds else ""


def clock(moment: Timestamp) -> str:
    """Return a time of day as people here say it; with its date where that is another day."""
    local = moment.ToDatetime(tzinfo=UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
