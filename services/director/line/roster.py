"""Which engines there are, by what workers say: where the fingerprints of task keys come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message
from sqlalchemy import Connection, Engine, select, update

from services.chassis.telemetry.logs import get_log
from services.director.database import insert_into, reading
from services.director.line.lookups import plain
from services.director.line.words import RUNNING, STAGES
from services.director.messages import QUEUED
from services.director.tables import engines, videos

REFRESH_MS: Final = 10_000
"""How often it is noted that an engine is still there."""

Announced = tuple[str, int, str, str]
"""Stage, rank, name and fingerprint."""


class WorkersAwaited(Exception):
    """No worker with the engine has been seen yet: the video waits."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        super().__init__(f"no {stage} worker with this engine has reported yet")


@dataclass(frozen=True)
class Roster:
    """The engines that task keys are made with, as one look at the table saw them."""

    by_name: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Stage and name -> fingerprint."""
    first: Mapping[str, str] = field(default_factory=dict)
    """Stage -> fingerprint of the engine that answers requests that name none."""

    def fingerprint(self, stage: str, request: Message) -> str:
        """Return the fingerprint for a request. Raises WorkersAwaited where there is none yet."""
        name = getattr(request, "engine", "")
        found = self.by_name.get((stage, name)) if name else self.first.get(stage)
        if found is None:
            raise WorkersAwaited(stage)
        return found


class Engines:
    """The table of engines, read and kept up to date.

    A fingerprint stands until nobody has announced it for a while: during a change of versions all
    directors go on with the old one while any worker has it, and then with the new one, once.
    """

    def __init__(self, engine: Engine, clock_ms: Callable[[], int], silence_ms: int) -> None:
        self._engine = engine
        self._clock_ms = clock_ms
        self._silence_ms = silence_ms
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}

    def look(self) -> Roster:
        """Read the table."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(engines)).mappings().all()
        self._rows = {(row["stage"], row["name"]): dict(row) for row in rows}
        return _roster(self._rows.values())

    def learn(self, announced: Iterable[Announced]) -> bool:
        """Note what workers have announced; return whether a key would be another one now."""
        now = self._clock_ms()
        offers: dict[tuple[str, str], dict[str, int]] = {}
        for stage, rank, name, fingerprint in announced:
            if stage not in STAGES or plain(name) != name or "\0" in fingerprint:
                continue
            offers.setdefault((stage, name), {})[fingerprint] = rank
        changed = False
        for at, offered in sorted(offers.items()):
            known = self._rows.get(at)
            if known is None or known["fingerprint"] not in offered:
                if known is None or now - known["seen_ms"] > self._silence_ms:
                    changed |= self._replace(
                        at, min(offered, key=lambda f: (offered[f], f)), offered
                    )
            elif now - known["seen_ms"] > REFRESH_MS:
                self._refresh(at, known["fingerprint"], now)
        return changed

    def _replace(self, at: tuple[str, str], fingerprint: str, offered: Mapping[str, int]) -> bool:
        stage, name = at
        known, now = self._rows.get(at), self._clock_ms()
        values = {"fingerprint": fingerprint, "rank": offered[fingerprint], "seen_ms": now}
        with self._engine.begin() as connection:
            if known is None:
                new = insert_into(connection, engines).values(stage=stage, name=name, **values)
                count = connection.execute(new.on_conflict_do_nothing()).rowcount
            else:
                same = engines.c.fingerprint == known["fingerprint"]
                mine = (engines.c.stage == stage) & (engines.c.name == name) & same
                count = connection.execute(update(engines).where(mine).values(values)).rowcount
            if not count:  # another director has noted it first
                return False
            _ask_everyone(connection)
        get_log().info("engine", stage=stage, engine=name, fingerprint=fingerprint)
        return True

    def _refresh(self, at: tuple[str, str], fingerprint: str, now: int) -> None:
        stage, name = at
        mine = (engines.c.stage == stage) & (engines.c.name == name)
        with self._engine.begin() as connection:
            seen = update(engines).where(mine, engines.c.fingerprint == fingerprint)
            connection.execute(seen.values(seen_ms=now))
        self._rows[at]["seen_ms"] = now


def roster_now(connection: Connection) -> Roster:
    """Return the roster as a transaction sees it."""
    return _roster(connection.execute(select(engines)).mappings().all())


def _roster(rows: Iterable[Mapping[Any, Any]]) -> Roster:
    by_name, first = {}, dict[str, tuple[int, str]]()
    for row in rows:
        offer = (row["rank"], row["fingerprint"])
        by_name[row["stage"], row["name"]] = row["fingerprint"]
        first[row["stage"]] = min(first.get(row["stage"], offer), offer)
    return Roster(by_name, {stage: fingerprint for stage, (_, fingerprint) in first.items()})


def _ask_everyone(connection: Connection) -> None:
    """Have every recipe asked again whose keys may have changed."""
    begun = (videos.c.state == RUNNING) | ((videos.c.state == QUEUED) & (videos.c.changes > 0))
    connection.execute(update(videos).where(begun).values(changes=videos.c.changes + 1))
