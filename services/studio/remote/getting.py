"""The work behind `rostrum get`: finished videos into folders; whole files, judged by digest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1.production_pb2 import Rundown, Video, VideoState

from services.chassis.errors import Corrupt, StageError
from services.studio.delivery import RECORD, holds, remove_outdated, write_record
from services.studio.remote.board import state_name
from services.studio.remote.connection import Connection
from services.studio.remote.media import download
from services.studio.remote.watching import videos_of

NAME_CHARACTERS: Final = 120


class UnsafeName(StageError):
    """What a director calls a file would lie elsewhere."""


@dataclass(frozen=True)
class Fetched:
    """What became of one video."""

    video: Video
    folder: Path | None
    """Where its files are; None where it is not finished, or could not be fetched."""
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of JSON says it."""
        return {
            "event": "fetched" if self.folder is not None else "not_fetched",
            "id": self.video.id,
            "name": self.video.name,
            "state": state_name(self.video),
            "dir": "" if self.folder is None else str(self.folder),
            "fault": self.fault,
        }


def fetch(connection: Connection, target: Video | Rundown, out: Path) -> Iterator[Fetched]:
    """Fetch a video, or every finished one of a rundown, each into a folder of its own."""
    videos = [target] if isinstance(target, Video) else videos_of(connection, target.id)
    for video in videos:
        if video.state != VideoState.VIDEO_STATE_FINISHED:
            yield Fetched(video, None, f"it is {state_name(video)}; there is nothing to fetch")
            continue
        try:
            yield Fetched(video, fetch_video(connection, video, out / checked(video.name)))
        except Corrupt as error:
            yield Fetched(video, None, f"{error}; fetch it again, or have it made again")
        except UnsafeName as error:
            yield Fetched(video, None, f"the director names a file {str(error)!r}; that is no name")


def fetch_video(connection: Connection, video: Video, folder: Path) -> Path:
    """Fetch a finished video's files and write its record, last; return the folder.

    What is there already and right is not fetched; what broke off goes on where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_outdated(folder, {output.name: output.digest for output in video.outputs})
    for output in video.outputs:
        path = folder / checked(output.name)
        if not holds(path, output.digest):
            part = folder / f".{output.name}.{output.digest[:16]}.part"
            download(connection, output.digest, part)
            settle(part, path)
    write_record(folder, record_of(video))
    return folder


def checked(name: str) -> str:
    """Return a file name. Raises UnsafeName for a path: a director writes nothing elsewhere."""
    plain = 0 < len(name) <= NAME_CHARACTERS and "/" not in name and not name.startswith(".")
    if not plain or name == RECORD or not name.isprintable():
        raise UnsafeName(name)
    return name


def settle(part: Path, path: Path) -> None:
    """Give a file that is whole its name, so that it is there after a power cut."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def record_of(video: Video) -> Mapping[str, Any]:
    """Return what the director says of a video, in the words of `rostrum produce`."""
    fields = MessageToDict(video, preserving_proto_field_name=True)
    times = {
        word: _iso(getattr(video, field))
        for word, field in (("created", "create_time"), ("started", "start_time"))
    }
    return {
        "name": video.name,
        "id": video.id,
        "rostrum": version("rostrum"),
        "status": state_name(video),
        **times,
        "ended": _iso(video.end_time),
        "channel": video.channel,
        "rundown": video.rundown_id,
        "section": video.section,
        "outputs": fields.get("outputs", []),
        "warnings": [
            {"field": said.field, "reason": said.reason, "message": said.message}
            for said in video.warnings
        ],
    }


def _iso(moment: Timestamp) -> str:
    return moment.ToJsonString() if moment.seconds else ""
