"""What a person or a program reads of single answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rostrum.director.v1.production_pb2 import RedriveResponse, Video

from services.studio.remote.board import state_name, write_json
from services.studio.remote.getting import Fetched
from services.studio.remote.submitting import Accepted, Refused
from services.studio.reports import line


def tell_submitted(answers: Iterable[Accepted | Refused], *, as_json: bool) -> int:
    """Print what became of each order and rundown at once; return the exit code."""
    console, code = Console(highlight=False), 0
    for answer in answers:
        if isinstance(answer, Refused):
            code = 2
        if as_json:
            write(answer.as_json())
            continue
        if isinstance(answer, Refused):
            for complaint in answer.complaints:
                console.print(line(str(complaint), "red"), soft_wrap=True)
            console.print(line(f"{answer.name}: not submitted", "red"), soft_wrap=True)
            continue
        console.print(line(f"{answer.id}  {answer.kind} {answer.name}"), soft_wrap=True)
        for name, video in answer.videos.items():
            console.print(line(f"  {video}  {name}"), soft_wrap=True)
    return code


def tell_fetched(fetched: Iterable[Fetched], *, as_json: bool) -> int:
    """Print where each video is; return 0 where all were fetched, else 1."""
    console, code = Console(highlight=False), 0
    for each in fetched:
        code = code if each.folder is not None else 1
        if as_json:
            write(each.as_json())
        elif each.folder is not None:
            console.print(line(f"{each.video.name}: {each.folder}", "green"), soft_wrap=True)
        else:
            console.print(line(f"{each.video.name}: {each.fault}", "red"), soft_wrap=True)
    return code


def tell_videos(videos: Iterable[Video], *, as_json: bool) -> None:
    """Print how far videos are now."""
    console, count = Console(highlight=False), 0
    for video in videos:
        count += 1
        if as_json:
            write_json("video", video)
        else:
            console.print(line(f"{video.id}  {video.name}: {state_name(video)}"), soft_wrap=True)
    if not count and not as_json:
        console.print(line("nothing to do"))


def tell_redriven(answer: RedriveResponse, *, as_json: bool) -> None:
    """Print what was sent again."""
    if as_json:
        write({"event": "redriven", **MessageToDict(answer, preserving_proto_field_name=True)})
        return
    console = Console(highlight=False)
    console.print(line(f"{answer.task_count} tasks are tried again"))
    for video in answer.video_ids:
        console.print(line(f"  {video}"))


def write(fields: Mapping[str, Any]) -> None:
    """Write a line of JSON."""
    sys.stdout.write(f"{json.dumps(fields, ensure_ascii=False)}\n")
    sys.stdout.flush()
