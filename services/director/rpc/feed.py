"""One look at the events for everybody who watches, however many they are."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from typing import Final

import structlog
from rostrum.director.v1.production_pb2 import VideoEvent
from sqlalchemy import Connection

from services.chassis.errors import Transient
from services.director.catalogue.events import Horizon, Subject, events_between, look
from services.director.messages import event_message
from services.director.rpc.desk import Desk

LOOK_SECONDS: Final = 0.2
REST_SECONDS: Final = 2.0
"""After the database was away."""
PATIENCE_SECONDS: Final = 10.0
MOST_AT_ONCE: Final = 1000
MOST_WAITING: Final = 256
"""Events that may wait for a slow watcher; beyond them it reads for itself again."""

KEEP_SECONDS: Final = 30.0
"""How long it goes on looking after somebody has asked for a cursor."""
CURSOR_SECONDS: Final = 0.5
"""How long somebody waits for a fresh cursor; an older one is as right, and gives more again."""

log = structlog.get_logger(__name__)


class Watcher:
    """Somebody who watches, and the events that wait for them."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.behind = True
        """True while it has to read from the table itself: nothing is kept waiting for it then."""
        self._changed = Condition()
        self._waiting: list[VideoEvent] = []
        self._is_woken = False

    def offer(self, event: VideoEvent) -> None:
        """Keep an event for it, unless it reads for itself; too many, and it has to do so again."""
        with self._changed:
            if self.behind:
                return
            self._waiting.append(event)
            if len(self._waiting) > MOST_WAITING:
                self._waiting.clear()
                self.behind = True
            self._changed.notify_all()

    def keep_up(self) -> None:
        """Have events kept from now on; those so far it reads for itself."""
        with self._changed:
            self.behind = False

    def take(self, seconds: float) -> list[VideoEvent]:
        """Return the events that wait, for at most so long; none where somebody wakes it."""
        with self._changed:
            self._changed.wait_for(self._may_go_on, seconds)
            self._is_woken = False
            taken, self._waiting = self._waiting, []
            return taken

    def wake(self) -> None:
        """Make it look around, at once or as soon as it would wait."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def _may_go_on(self) -> bool:
        return bool(self._waiting) or self.behind or self._is_woken


class Feed:
    """Reads new events five times a second while anybody watches or asks, and hands them on.

    Numbers of events are given out before their transactions end, so that one may be seen after a
    later one. Only those are handed on that nothing can come before any more ("settled"): so a
    cursor is enough to go on from.
    """

    def __init__(self, desk: Desk, look_seconds: float = LOOK_SECONDS) -> None:
        self._desk = desk
        self._look_seconds = look_seconds
        self._changed = Condition()
        self._watchers: set[Watcher] = set()
        self._closed = False
        self._looks = 0
        self._asked_until = 0.0
        self._first: int | None = None
        """What the first look saw since it began to look again; None while it does not look."""
        self._settled: int | None = None
        self._unsettled: deque[Horizon] = deque()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading, for good."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    @contextmanager
    def watching(self, subject: Subject) -> Iterator[Watcher]:
        """Let somebody watch for as long as the context is open."""
        watcher = Watcher(subject)
        with self._changed:
            self._watchers.add(watcher)
            self._changed.notify_all()
        try:
            yield watcher
        finally:
            with self._changed:
                self._watchers.discard(watcher)

    def refresh(self) -> None:
        """Wait for a look. Raises Transient where there is none within ten seconds."""
        with self._changed:
            before = self._looks
            looked = self._changed.wait_for(lambda: self._is_news(before), PATIENCE_SECONDS)
            if not looked or self._settled is None:
                raise Transient("DATABASE_UNAVAILABLE: events cannot be read")

    def cursor(self) -> int:
        """Return a cursor as of which all is true that is read from now on."""
        with self._changed:
            self._asked_until = time.monotonic() + KEEP_SECONDS
            self._changed.notify_all()
            self._changed.wait_for(self._is_fresh, CURSOR_SECONDS)
            return self._settled or 0

    @property
    def settled(self) -> int:
        """The number up to which all events were in the table at the latest look."""
        with self._changed:
            return self._settled or 0

    def _is_news(self, looks: int) -> bool:
        return self._closed or (self._looks > looks and self._settled is not None)

    def _is_fresh(self) -> bool:
        return self._closed or (self._first is not None and (self._settled or 0) >= self._first)

    def _is_needed(self) -> bool:
        return self._closed or bool(self._watchers) or time.monotonic() < self._asked_until

    def _run(self) -> None:
        while self._await_watchers():
            began = time.monotonic()
            try:
                self._look()
            except Transient as error:
                log.warning("events cannot be read", why=str(error))
                self._pause(REST_SECONDS)
            self._pause(self._look_seconds - (time.monotonic() - began))

    def _await_watchers(self) -> bool:
        with self._changed:
            if not self._is_needed():
                self._first = None
            self._changed.wait_for(self._is_needed)
            return not self._closed

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, max(seconds, 0.0))

    def _look(self) -> None:
        with self._desk.reading() as connection:
            seen = look(connection)
            before, last = self._settled, self._settle(seen)
            with self._changed:  # who keeps up later than this, reads up to `last` for itself
                keeping_up = [watcher for watcher in self._watchers if not watcher.behind]
                self._settled = last
                self._first = seen.last if self._first is None else self._first
                self._looks += 1
                self._changed.notify_all()
            if before is not None and last is not None and keeping_up:
                self._hand_on(connection, before, last, keeping_up)

    def _settle(self, seen: Horizon) -> int | None:
        settled = self._settled
        if self._unsettled and self._unsettled[-1].next > seen.next:
            self._unsettled.clear()  # a crash of the database took back numbers of transactions
        self._unsettled.append(seen)
        while self._unsettled and self._unsettled[0].next <= seen.oldest:
            settled = max(settled or 0, self._unsettled.popleft().last)
        return settled

    def _hand_on(
        self, connection: Connection, first: int, last: int, watchers: Sequence[Watcher]
    ) -> None:
        by_subject = defaultdict[Subject, list[Watcher]](list)
        for watcher in watchers:
            by_subject[watcher.subject].append(watcher)
        while first < last:
            rows = events_between(connection, first, last, MOST_AT_ONCE)
            for row in rows:
                concerned = [*by_subject.get(Subject(video=row["video"]), ())]
                concerned += by_subject.get(Subject(rundown=row["rundown"] or "none"), ())
                if concerned:
                    event = event_message(row)
                    for watcher in concerned:
                        watcher.offer(event)
            first = rows[-1]["id"] if len(rows) == MOST_AT_ONCE else last
