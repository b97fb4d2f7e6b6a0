"""Follows videos and rundowns: what was there already first, then what happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from rostrum.director.v1.production_pb2 import (
    VideoEvent,
    WatchRundownRequest,
    WatchRundownResponse,
    WatchVideoRequest,
    WatchVideoResponse,
)

from services.chassis.calls import Call
from services.chassis.errors import Invalid
from services.director.catalogue.events import FINAL, Subject, events_between, is_over
from services.director.catalogue.rundowns import find_rundown
from services.director.catalogue.videos import find_video
from services.director.messages import event_message
from services.director.rpc.desk import Desk
from services.director.rpc.feed import Feed, Watcher
from services.director.rpc.names import check_id, not_found

PAGE: Final = 200
LAST_CURSOR: Final = 2**63 - 1
WAIT_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 0.5
"""Between two questions whether a rundown is over: many of its videos may end at once."""


class Watching:
    """The methods that stream events."""

    def __init__(self, desk: Desk, feed: Feed) -> None:
        self._desk = desk
        self._feed = feed

    def watch_video(self, request: WatchVideoRequest, call: Call) -> Iterator[WatchVideoResponse]:
        """Yield what happens to a video until it has ended."""
        with self._desk.reading() as connection:
            if find_video(connection, call.team, check_id(request.id, "video")) is None:
                raise not_found("video")
        for event in self._follow(Subject(video=request.id), request.after, call):
            yield WatchVideoResponse(event=event)

    def watch_rundown(
        self, request: WatchRundownRequest, call: Call
    ) -> Iterator[WatchRundownResponse]:
        """Yield what happens to a rundown's videos until the last one has ended."""
        with self._desk.reading() as connection:
            if find_rundown(connection, call.team, check_id(request.id, "rundown")) is None:
                raise not_found("rundown")
        for event in self._follow(Subject(rundown=request.id), request.after, call):
            yield WatchRundownResponse(event=event)

    def _follow(self, subject: Subject, cursor: int, call: Call) -> Iterator[VideoEvent]:
        if cursor > LAST_CURSOR:
            raise Invalid("after", "VALUE_OUT_OF_RANGE", "take a cursor as it came")
        with self._feed.watching(subject) as watcher:
            call.on_stop(watcher.wake)
            may_be_over, ask_at = True, 0.0
            while True:
                if watcher.behind:
                    events = self._missed(watcher, cursor)
                else:
                    events = iter(watcher.take(AGAIN_SECONDS if may_be_over else WAIT_SECONDS))
                for event in events:
                    may_be_over |= event.kind in FINAL
                    if event.cursor > cursor:
                        cursor = event.cursor
                        yield event
                call.check()
                if may_be_over and time.monotonic() >= ask_at:
                    if self._is_over(subject, cursor):
                        return
                    may_be_over, ask_at = False, time.monotonic() + AGAIN_SECONDS

    def _missed(self, watcher: Watcher, cursor: int) -> Iterator[VideoEvent]:
        """Yield what is in the table already; from here on the watcher keeps up."""
        self._feed.refresh()
        watcher.keep_up()
        last = self._feed.settled
        while cursor < last:
            with self._desk.reading() as connection:
                rows = events_between(connection, cursor, last, PAGE, watcher.subject)
            yield from map(event_message, rows)
            cursor = rows[-1]["id"] if len(rows) == PAGE else last

    def _is_over(self, subject: Subject, cursor: int) -> bool:
        with self._desk.reading() as connection:
            return is_over(connection, subject, cursor)
