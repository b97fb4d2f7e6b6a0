"""The work behind `rostrum cancel`, `retry` and `redrive`."""

from __future__ import annotations

from collections.abc import Iterator

from rostrum.director.v1.production_pb2 import (
    CancelVideoRequest,
    RedriveRequest,
    RedriveResponse,
    RetryVideoRequest,
    Rundown,
    Video,
    VideoState,
)

from services.studio.remote.connection import Connection
from services.studio.remote.watching import ENDED, videos_of

REPEATED = (VideoState.VIDEO_STATE_FAILED, VideoState.VIDEO_STATE_CANCELLED)


def cancel(connection: Connection, target: Video | Rundown) -> Iterator[Video]:
    """Stop a video, or all open ones of a rundown. Raises Invalid for a video that has ended."""
    if isinstance(target, Video):
        videos = [target]
    else:
        videos = [v for v in videos_of(connection, target.id) if v.state not in ENDED]
    for video in videos:
        request = CancelVideoRequest(id=video.id)
        yield connection.ask(connection.production.CancelVideo, request).video


def retry(connection: Connection, target: Video | Rundown) -> Iterator[Video]:
    """Go on with a failed or cancelled video, or all such of a rundown. Raises Invalid."""
    if isinstance(target, Video):
        videos = [target]
    else:
        videos = [v for v in videos_of(connection, target.id) if v.state in REPEATED]
    for video in videos:
        yield connection.ask(connection.production.RetryVideo, RetryVideoRequest(id=video.id)).video


def redrive(connection: Connection, stage: str, video: str) -> RedriveResponse:
    """Send parked tasks again; of any stage or video where none is named."""
    request = RedriveRequest(stage=stage, video_id=video)
    return connection.ask(connection.production.Redrive, request)
