"""The work behind `rostrum watch`: what happens to videos, from the first event to the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from rostrum.director.v1.production_pb2 import (
    GetRundownRequest,
    GetVideoRequest,
    ListRundownsRequest,
    ListVideosRequest,
    Rundown,
    Video,
    VideoState,
    WatchRundownRequest,
    WatchVideoRequest,
)

from services.chassis.errors import Invalid, Transient
from services.studio.remote.board import Board
from services.studio.remote.connection import Connection
from services.studio.remote.patience import pause_after
from services.studio.signals import Stop

LOOK_SECONDS: Final = 2.0
"""Between two looks at a whole rundown, or at everything."""
PAGE: Final = 500
ENDED: Final = frozenset(
    {
        VideoState.VIDEO_STATE_FINISHED,
        VideoState.VIDEO_STATE_FAILED,
        VideoState.VIDEO_STATE_CANCELLED,
    }
)
OPEN: Final = (VideoState.VIDEO_STATE_RUNNING, VideoState.VIDEO_STATE_QUEUED)


def find(connection: Connection, name: str) -> Video | Rundown:
    """Return the video or rundown of an id. Raises Invalid where there is neither."""
    try:
        return connection.ask(connection.production.GetVideo, GetVideoRequest(id=name)).video
    except Invalid as error:
        if error.violations[0].reason != "VIDEO_NOT_FOUND":
            raise
        unknown = error
    try:
        request = GetRundownRequest(id=name)
        return connection.ask(connection.production.GetRundown, request).rundown
    except Invalid:
        raise unknown from None


def videos_of(connection: Connection, rundown: str) -> list[Video]:
    """Return all videos of a rundown, in the order in which they came."""
    videos: list[Video] = []
    token = ""
    while True:
        request = ListVideosRequest(page_size=PAGE, page_token=token, rundown_id=rundown)
        page = connection.ask(connection.production.ListVideos, request)
        videos += page.videos
        token = page.next_page_token
        if not token:
            return videos[::-1]


def watch_video(connection: Connection, video: Video, board: Board) -> None:
    """Show a video until it has ended."""
    board.show(video)
    if video.state in ENDED:
        return

    def events(after: int) -> Iterator[tuple[int, Video]]:
        request = WatchVideoRequest(id=video.id, after=after)
        for answer in connection.follow(connection.production.WatchVideo, request):
            yield answer.event.cursor, answer.event.video

    follow(events, board.show, lambda: board.ended(video.id))


def watch_rundown(connection: Connection, rundown: Rundown, board: Board) -> None:
    """Show a rundown until its last video has ended."""
    looked = 0.0

    def look() -> None:
        nonlocal looked
        looked = time.monotonic()
        request = GetRundownRequest(id=rundown.id)
        board.show_rundown(connection.ask(connection.production.GetRundown, request).rundown)

    def show(video: Video) -> None:
        board.show(video)
        if time.monotonic() - looked >= LOOK_SECONDS:
            look()

    def events(after: int) -> Iterator[tuple[int, Video]]:
        request = WatchRundownRequest(id=rundown.id, after=after)
        for answer in connection.follow(connection.production.WatchRundown, request):
            yield answer.event.cursor, answer.event.video

    board.show_rundown(rundown)
    for video in videos_of(connection, rundown.id):
        board.show(video)
    if not board.all_ended(rundown.video_count):
        follow(events, show, lambda: board.all_ended(rundown.video_count))
    look()


def follow(
    events: Callable[[int], Iterator[tuple[int, Video]]],
    show: Callable[[Video], None],
    ended: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show events until all has ended, going on from the last one where a stream breaks off.

    events: streams them with their cursors, from after a cursor on. Raises Transient where the
    director stays away.
    """
    after, failures = 0, 0
    while not ended():
        try:
            for cursor, video in events(after):
                after, failures = cursor, 0
                show(video)
        except Transient:
            if failures >= 20:
                raise
        if not ended():
            sleep(pause_after(failures))
            failures += 1


def watch_everything(connection: Connection, board: Board) -> None:
    """Show what the team has in work, until somebody stops it."""
    with Stop() as stop:
        while not stop.requested:
            production = connection.production
            videos = connection.ask(
                production.ListVideos, ListVideosRequest(page_size=PAGE, states=OPEN)
            )
            rundowns = connection.ask(production.ListRundowns, ListRundownsRequest(page_size=20))
            open_ones = [each for each in rundowns.rundowns if not each.HasField("end_time")]
            board.replace(videos.videos[::-1], open_ones)
            stop.wait(LOOK_SECONDS)
