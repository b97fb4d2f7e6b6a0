"""The work behind `rostrum show`: what was made, from what, by what, how long, what was reused."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from services.chassis.errors import Invalid
from services.studio.delivery import RECORD, holds, read_record
from services.studio.reports import aligned, duration, line
from services.studio.stages import STAGES


@dataclass(frozen=True)
class Shown:
    """A video's folder with its record."""

    folder: Path
    record: Mapping[str, Any]

    def state(self, output: Mapping[str, Any]) -> str:
        """Return whether an output is as it was delivered: "whole", "changed" or "missing"."""
        path = self.folder / str(output["name"])
        if not path.exists():
            return "missing"
        return "whole" if holds(path, str(output["digest"])) else "changed"


def show_folder(folder: Path, *, as_json: bool) -> int:
    """Show a video's folder or all in a folder, and return the exit code."""
    videos = list(videos_in(folder))
    if not videos:
        remedy = f"no {RECORD} here or one level below; give the folder that `produce` wrote to"
        sys.stderr.write(f"{Invalid(str(folder), 'RECORD_NOT_FOUND', remedy)}\n")
        return 2
    console = Console(highlight=False)
    for video in videos:
        if as_json:
            fields = {"event": "video", "dir": str(video.folder), **video.record}
            sys.stdout.write(f"{json.dumps(fields, ensure_ascii=False)}\n")
        else:
            show_video(console, video)
    return 0


def videos_in(folder: Path) -> Iterator[Shown]:
    """Yield the videos of a folder: itself, or those one level below."""
    candidates = [folder] if (folder / RECORD).is_file() else sorted(folder.glob("*/"))
    for candidate in candidates:
        if (record := read_record(candidate)) is not None:
            yield Shown(candidate, record)


def show_video(console: Console, video: Shown) -> None:
    """Show one video."""
    record = video.record
    title = record["order"].get("title", "")
    console.print(line(": ".join(filter(None, (record["name"], title))), "bold"))
    for text in (made_text(record), presenter_text(record), *line_texts(record)):
        console.print(line(f"  {text}"))
    files = [(o["name"], video.state(o), o["digest"][:12]) for o in record["outputs"]]
    for row in aligned(files):
        console.print(line(f"  {row}"), soft_wrap=True)
    for warning in record["warnings"]:
        text = f"  {warning['field']}: {warning['reason']}: {warning['message']}"
        console.print(line(text, "yellow"), soft_wrap=True)
    for row in aligned(list(stage_rows(record["tasks"])), right=(2, 3, 4)):
        console.print(line(f"  {row}"), soft_wrap=True)
    console.print()


def made_text(record: Mapping[str, Any]) -> str:
    """Return how long a video is, and when and how it was made."""
    seconds, order = record["frame_count"] / record["frame_rate"], record["order"]
    told = f"{duration(seconds)} at {record['frame_rate']} frames/s, made {record['ended'][:10]}"
    return f"{told}, in {order['language']}, quality {order['quality']}"


def presenter_text(record: Mapping[str, Any]) -> str:
    """Return who presents, and by what right."""
    return f"presenter {record['presenter']['name']}, {consent_text(record)}"


def line_texts(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a video that was fetched is called where it was made."""
    if "id" in record:
        yield f"from a line, as {record['id']}"


def consent_text(record: Mapping[str, Any]) -> str:
    """Return what the presenter has agreed to, for example "consent: synthetic"."""
    consent = record["presenter"].get("consent", {})
    until = f" until {consent['expires']}" if "expires" in consent else ""
    return f"consent: {consent.get('kind', 'none')}{until}"


def stage_rows(tasks: list[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each stage: engine, tasks, how many were reused, seconds they once took."""
    by_stage: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for task in tasks:
        by_stage[task["stage"]].append(task)
    yield ("stage", "engine", "tasks", "reused", "seconds")
    for stage in filter(by_stage.get, STAGES):
        done = by_stage[stage]
        engines = ", ".join(dict.fromkeys(task["engine"] for task in done if task["engine"]))
        reused = sum(bool(task["reused"]) for task in done)
        seconds = sum(task["seconds"] or 0.0 for task in done)
        yield (stage, engines, str(len(done)), str(reused), f"{seconds:.1f}")
