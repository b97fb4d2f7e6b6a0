"""The work behind `rostrum cancel` and `retry`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rostrum.director.v1.production_pb2 import Rundown, Video, VideoState

from services.client import Rostrum
from services.studio.remote.board import ENDED
from services.studio.remote.watching import videos_of

UNDONE: Final = (VideoState.VIDEO_STATE_FAILED, VideoState.VIDEO_STATE_CANCELLED)


def cancel(client: Rostrum, target: Video | Rundown) -> Iterator[Video]:
    """Stop a video, or all open ones of a rundown. Raises RostrumError for one that has ended."""
    if isinstance(target, Video):
        videos = [target]
    else:
        videos = [video for video in videos_of(client, target.id) if video.state not in ENDED]
    yield from (client.cancel(video.id) for video in videos)


def retry(client: Rostrum, target: Video | Rundown) -> Iterator[Video]:
    """Go on with a failed or cancelled video, or all such of a rundown. Raises RostrumError."""
    if isinstance(target, Video):
        videos = [target]
    else:
        videos = [video for video in videos_of(client, target.id) if video.state in UNDONE]
    yield from (client.retry(video.id) for video in videos)
