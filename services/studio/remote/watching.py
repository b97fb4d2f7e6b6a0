"""The work behind `rostrum watch`: how far videos are now, and what happens from here on."""

from __future__ import annotations

import time
from typing import Final

from rostrum.director.v1.production_pb2 import Rundown, Video, VideoState

from services.client import Rostrum, RostrumError
from services.studio.remote.board import Board
from services.studio.signals import Stop

LOOK_SECONDS: Final = 2.0
"""Between two looks at a whole rundown, or at everything."""
OPEN: Final = (VideoState.VIDEO_STATE_RUNNING, VideoState.VIDEO_STATE_QUEUED)


def find(client: Rostrum, name: str) -> Video | Rundown:
    """Return the video or rundown of an id. Raises RostrumError where there is neither."""
    try:
        return client.video(name)
    except RostrumError as error:
        if error.reason != "VIDEO_NOT_FOUND":
            raise
        unknown = error
    try:
        return client.rundown(name)
    except RostrumError:
        raise unknown from None


def videos_of(client: Rostrum, rundown: str) -> list[Video]:
    """Return all videos of a rundown, in the order in which they came."""
    return list(client.videos(rundown_id=rundown))[::-1]


def watch_video(client: Rostrum, video: Video, board: Board) -> None:
    """Show a video until it has ended."""
    while not board.ended(video.id):
        for news in client.follow(video.id):
            board.show(news)


def watch_rundown(client: Rostrum, rundown: Rundown, board: Board) -> None:
    """Show a rundown until its last video has ended."""
    board.show_rundown(rundown)
    looked = time.monotonic()
    while not board.all_ended(rundown.video_count):
        for video in client.follow_rundown(rundown.id):
            board.show(video)
            if time.monotonic() - looked >= LOOK_SECONDS:
                looked = time.monotonic()
                board.show_rundown(client.rundown(rundown.id))
    board.show_rundown(client.rundown(rundown.id))


def watch_everything(client: Rostrum, board: Board) -> None:
    """Show what the team has in work, until somebody stops it."""
    with Stop() as stop:
        while not stop.requested:
            open_ones = [each for each in client.rundowns() if not each.HasField("end_time")]
            board.replace(list(client.videos(OPEN))[::-1], open_ones)
            stop.wait(LOOK_SECONDS)
