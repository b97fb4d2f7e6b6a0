"""The work behind `rostrum get`: finished videos into folders; whole files, judged by digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rostrum.director.v1.production_pb2 import Rundown, Video, VideoState

from services.client import Rostrum, RostrumError
from services.studio.delivery import remove_outdated, write_record
from services.studio.library import NAME
from services.studio.remote.board import state_name
from services.studio.remote.records import document_of
from services.studio.remote.watching import videos_of


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


def fetch(client: Rostrum, target: Video | Rundown, out: Path) -> Iterator[Fetched]:
    """Fetch a video, or every finished one of a rundown, each into a folder of its own."""
    videos = [target] if isinstance(target, Video) else videos_of(client, target.id)
    for video in sorted(videos, key=lambda each: each.name):
        if video.state != VideoState.VIDEO_STATE_FINISHED:
            yield Fetched(video, None, f"it is {state_name(video)}; there is nothing to fetch")
            continue
        try:
            yield Fetched(video, fetch_video(client, video, out))
        except RostrumError as error:
            if error.retryable:
                raise
            yield Fetched(video, None, str(error))


def fetch_video(client: Rostrum, video: Video, out: Path) -> Path:
    """Fetch a finished video's files and write its record, last; return their folder.

    What is there already and right is not fetched; what broke off goes on where it was. Raises
    RostrumError for a file that is not what its digest says, or whose name leads elsewhere.
    """
    if not NAME.fullmatch(video.name):
        raise RostrumError("NAME_INVALID", f"the director calls a video {video.name!r}")
    folder = out / video.name
    folder.mkdir(parents=True, exist_ok=True)
    remove_outdated(folder, {output.name: output.digest for output in video.outputs})
    client.download(video, folder)
    write_record(folder, document_of(client.record(video.id)))
    return folder
