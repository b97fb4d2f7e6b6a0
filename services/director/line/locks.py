"""Duties that one director does at a time: who dispatches a stage, who relays, who takes up."""

from __future__ import annotations

import zlib
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, text

from services.chassis.telemetry.logs import get_log
from services.director.database import AWAY, is_sqlite

SPACE: Final = 0x726F7374
"""Sets our advisory locks apart from anybody else's in the database."""
TRY: Final = text("SELECT pg_try_advisory_lock(:space, :number)")
LET_GO: Final = text("SET idle_session_timeout = '30s'")
"""Renewals come every second: who is frozen or out of reach for so long has lost its duties."""
HELD: Final = text(
    "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = :space"
    " AND pid = pg_backend_pid() AND granted"
)


class Locks(Protocol):
    """Says which duties are this director's now."""

    def renew(self) -> None:
        """Find out what is still held, and take what is free."""
        ...

    def holds(self, duty: str) -> bool:
        """Return whether a duty is this director's."""
        ...

    def close(self) -> None:
        """Let all of them go."""
        ...


def locks_for(engine: Engine, duties: tuple[str, ...]) -> Locks:
    """Return the locks of a database. On SQLite there is one director, and all duties are its."""
    return AllMine() if is_sqlite(engine) else AdvisoryLocks(engine, duties)


class AllMine:
    """The locks of a director that is alone."""

    def renew(self) -> None:
        """Nobody else wants them."""

    def holds(self, duty: str) -> bool:  # noqa: ARG002  # as Locks says
        """Every duty."""
        return True

    def close(self) -> None:
        """There is nothing to let go."""


class AdvisoryLocks:
    """PostgreSQL's advisory locks, held by a connection of their own: they end with it.

    The database ends it where nothing is asked on it for half a minute (PostgreSQL 14 and later).

    A director that has lost its connection may believe for a moment that a duty is still its own.
    Nothing hangs on that: rows decide. The locks only spare directors each other's work.
    """

    def __init__(self, engine: Engine, duties: tuple[str, ...]) -> None:
        self._engine = engine
        self._numbers = {duty: zlib.crc32(duty.encode()) & 0x7FFFFFFF for duty in duties}
        self._connection: Connection | None = None
        self._held: frozenset[str] = frozenset()

    def renew(self) -> None:
        """Ask the database what is held, and for what is not."""
        try:
            self._held = self._ask()
        except AWAY as error:
            self.close()
            get_log().warning("locks lost", reason=str(error).splitlines()[0])
            raise

    def holds(self, duty: str) -> bool:
        """Return whether a duty was this director's when it last asked."""
        return duty in self._held

    def close(self) -> None:
        """Close the connection, and with it let all of them go."""
        self._held = frozenset()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _ask(self) -> frozenset[str]:
        if self._connection is None:
            options = {"isolation_level": "AUTOCOMMIT"}
            self._connection = self._engine.connect().execution_options(**options)
            self._connection.execute(LET_GO)
        known = set(self._connection.execute(HELD, {"space": SPACE}).scalars())
        held = {duty for duty, number in self._numbers.items() if number in known}
        for duty, number in self._numbers.items():
            if (
                duty not in held
                and self._connection.execute(TRY, {"space": SPACE, "number": number}).scalar()
            ):
                held.add(duty)
        return frozenset(held)
