"""What the functions behind the door share: database, clock, and what is looked up often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from rostrum.director.v1.director_pb2 import Channel, Presenter
from sqlalchemy import Connection, Engine, select

from services.director import library
from services.director.database import database_errors, reading
from services.director.tables import assets, revocations

FRESH_SECONDS: Final = 2.0
MOST_KEPT: Final = 4096
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Desk:
    """One team's things at a time, out of one database. For many threads.

    What orders call for by name is kept for two seconds: of what another director's callers put
    meanwhile, this one's hear that much later.
    """

    def __init__(self, engine: Engine, clock: Callable[[], int]) -> None:
        self.engine = engine
        self.now_ms = clock
        self._presenters: Recent[tuple[str, str], Presenter | None] = Recent()
        self._channels: Recent[tuple[str, str], Channel | None] = Recent()
        self._revoked: Recent[str, frozenset[tuple[str, str]]] = Recent()
        self._assets: Recent[tuple[str, str], bool] = Recent()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that only reads. Raises Transient where the database is away."""
        with database_errors(), reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction. Raises Transient where the database is away."""
        with database_errors(), self.engine.begin() as connection:
            yield connection

    def presenter(self, team: str, name: str) -> Presenter | None:
        """Return the presenter that a team calls by this name, or None."""
        return self._presenters.get(
            (team, name), lambda: self._read(library.presenter_named, team, name)
        )

    def channel(self, team: str, name: str) -> Channel | None:
        """Return the channel that a team calls by this name, or None."""
        return self._channels.get(
            (team, name), lambda: self._read(library.channel_named, team, name)
        )

    def revoked(self, team: str) -> frozenset[tuple[str, str]]:
        """Return whose consent was withdrawn: subject and portrait's digest, "" for any."""
        return self._revoked.get(team, lambda: self._read(_revocations, team))

    def unknown(self, team: str, digests: Iterable[str]) -> set[str]:
        """Return those digests that the team has not uploaded and that are not published to all."""
        left = {digest for digest in digests if not self._assets.peek((team, digest))}
        if not left:
            return left
        known = self._read(_assets, team, left)
        for digest in known:
            self._assets.put((team, digest), value=True)
        return left - known

    def forget(self) -> None:
        """Look everything up anew: somebody has just changed it through this door."""
        for recent in (self._presenters, self._channels, self._revoked, self._assets):
            recent.clear()

    def _read(self, function: Callable[..., V], *arguments: object) -> V:
        with self.reading() as connection:
            return function(connection, *arguments)


class Recent(Generic[K, V]):
    """Values looked up a moment ago; the longest unused make room. For many threads."""

    def __init__(self, seconds: float = FRESH_SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._generation = 0

    def get(self, key: K, look_up: Callable[[], V]) -> V:
        """Return the value of a key, looked up where it is not there or too old."""
        with self._lock:
            entry, generation = self._kept.get(key), self._generation
        if entry is not None and entry[0] > time.monotonic():
            return entry[1]
        value = look_up()
        self.put(key, value, generation)
        return value

    def peek(self, key: K) -> V | None:
        """Return the value of a key, or None where it is not there or too old."""
        with self._lock:
            entry = self._kept.get(key)
        return entry[1] if entry is not None and entry[0] > time.monotonic() else None

    def put(self, key: K, value: V, generation: int | None = None) -> None:
        """Keep a value, unless all were forgotten while it was looked up."""
        with self._lock:
            if generation not in {None, self._generation}:
                return
            self._kept[key] = (time.monotonic() + self._seconds, value)
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything, and what is being looked up."""
        with self._lock:
            self._kept.clear()
            self._generation += 1


def _revocations(connection: Connection, team: str) -> frozenset[tuple[str, str]]:
    query = select(revocations.c.subject, revocations.c.portrait_digest)
    rows = connection.execute(query.where(revocations.c.team == team))
    return frozenset((row.subject, row.portrait_digest) for row in rows)


def _assets(connection: Connection, team: str, digests: Iterable[str]) -> set[Any]:
    query = select(assets.c.digest).where(assets.c.team.in_([team, library.SHIPPED]))
    return set(connection.execute(query.where(assets.c.digest.in_(sorted(digests)))).scalars())
