"""What is done to a line: processes killed and frozen, broker and database killed and started."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from services.studio.servers.processes import Server
from tests.chaos.audit import Audit, Claim
from tests.chaos.line import Line
from tests.chaos.processes import Service, children_of
from tests.chaos.synthetic import note_paths

DIRECTORS_SHARE: Final = 0.2
"""Of kills and freezes."""
CHILDREN_SHARE: Final = 0.15
"""Of the kills of workers: only the process that does the work, not the one that reports."""
AWAY_SECONDS: Final = (1.0, 8.0)
FROZEN_LEASES: Final = (1.3, 4.0)
"""How long a freeze lasts at least, and at most where nobody takes the task over."""
CHANGES: Final = 25
"""Changes of tasks between two faults: about six tasks done."""
BUSY_SECONDS: Final = 1.0
BUSY_PAUSE_SECONDS: Final = 0.01
STARTS_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 20.0
"""For which these are waited for."""
WORD_SECONDS: Final = 2.0
"""How long the word "you woke too late" holds."""


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    kills: int = 0
    freezes: int = 0
    broker_kills: int = 0
    database_kills: int = 0
    every_seconds: float = 5.0
    """Between two of them, on average."""
    refusals: bool = True
    """Whether a worker that wakes too late refuses what it had in hand, which must not count."""

    def words(self) -> list[str]:
        """Return a word for each thing to do."""
        return [
            *["kill"] * self.kills,
            *["freeze"] * self.freezes,
            *["broker"] * self.broker_kills,
            *["database"] * self.database_kills,
        ]


@dataclass
class Frozen:
    """A service that stands still."""

    service: Service
    processes: Sequence[int]
    since: float
    claim: Claim | None
    """What it was working on."""


class Faults:
    """Does what a plan says, in an order by chance, while the line works."""

    def __init__(self, line: Line, audit: Audit, plan: Plan, seed: int) -> None:
        self._line = line
        self._audit = audit
        self._plan = plan
        self._chance = random.Random(seed)
        self._words = plan.words()
        self._chance.shuffle(self._words)
        self.total = len(self._words)
        self._next = time.monotonic() + STARTS_SECONDS
        self._mark = 0
        self._frozen: list[Frozen] = []
        self._said: list[tuple[float, Path]] = []
        self.counts: Counter[str] = Counter()
        """What was done, by kind."""
        self.orphaned: list[tuple[Claim, float]] = []
        """What killed workers had in hand, and when they were killed."""

    @property
    def share_done(self) -> float:
        """How much of the plan is done; 1.0 of an empty one."""
        return 1.0 - len(self._words) / self.total if self.total else 1.0

    @property
    def over(self) -> bool:
        """Whether all is done, and nothing stands still any more."""
        return not self._words and not self._frozen

    def tick(self) -> None:
        """Do what is due. It may take some seconds."""
        with suppress(psycopg.OperationalError):  # looked again at the next tick
            self._thaw()
        if self._words and time.monotonic() >= self._next and self._works():
            if self._do(self._words[-1]):
                self._words.pop()
            self._next = time.monotonic() + self._chance.expovariate(1 / self._plan.every_seconds)

    def _works(self) -> bool:
        """Return whether the line has done something since the last fault, or will not any more.

        On a slow machine faults would else meet processes that only start.
        """
        try:
            mark, _ = self._audit.marks()
        except psycopg.OperationalError:
            return False
        if mark < self._mark + CHANGES and time.monotonic() < self._next + PATIENCE_SECONDS:
            return False
        self._mark = mark
        return True

    def _do(self, word: str) -> bool:
        if word == "kill":
            return self._kill()
        if word == "freeze":
            return self._freeze()
        return self._take_away(self._line.kafka if word == "broker" else self._line.postgres)

    def _kill(self) -> bool:
        service = self._pick()
        if service is None:
            return False
        if service in self._line.workers and self._chance.random() < CHILDREN_SHARE:
            done = service.kill_child()
            self.counts["kills of work processes"] += done
            return done
        held = self._held(service.incarnation, children_of(service.process_id))
        service.kill()
        if held is not None:
            self.orphaned.append((held, time.time()))
        kind = "workers" if service in self._line.workers else "directors"
        self.counts[f"kills of {kind}"] += 1
        return True

    def _freeze(self) -> bool:
        """Stop a service, and look what it has in hand: a worker's lease on that will lapse."""
        service = self._pick()
        if service is None:
            return False
        processes = service.freeze()
        frozen = Frozen(service, processes, time.monotonic(), None)
        self._frozen.append(frozen)
        self.counts["freezes"] += 1
        frozen.claim = self._held(service.incarnation, processes[1:])
        self.counts["freezes of workers with a task"] += frozen.claim is not None
        return True

    def _held(self, worker: str, processes: Iterable[int]) -> Claim | None:
        """Return the task that one of a worker's processes says it works on."""
        for process in processes:
            busy, _ = note_paths(self._line.notes, process)
            with suppress(FileNotFoundError, psycopg.OperationalError):
                return self._audit.claim(worker, busy.read_bytes())
        return None

    def _thaw(self) -> None:
        now, lease = time.monotonic(), self._line.lease_seconds
        for word in [word for until, word in self._said if now >= until]:
            word.unlink(missing_ok=True)
        self._said = [(until, word) for until, word in self._said if now < until]
        for frozen in list(self._frozen):
            lasted = now - frozen.since
            if lasted < lease * FROZEN_LEASES[0]:
                continue
            stale = frozen.claim is not None and self._audit.is_stale(frozen.claim)
            if frozen.claim is None or stale or lasted > lease * FROZEN_LEASES[1]:
                self._frozen.remove(frozen)
                if stale:
                    self.counts["freezes past a lease"] += 1
                if stale and self._plan.refusals:
                    self._tell_late(frozen, now)
                frozen.service.thaw(frozen.processes)

    def _tell_late(self, frozen: Frozen, now: float) -> None:
        assert frozen.claim is not None
        for child in frozen.processes[1:]:
            busy, word = note_paths(self._line.notes, child)
            with suppress(FileNotFoundError):
                word.write_bytes(busy.read_bytes())
                self._said.append((now + WORD_SECONDS, word))

    def _take_away(self, server: Server) -> bool:
        """Kill a server, now and then a process while it is away, and start it again."""
        server.kill()
        self.counts[f"kills of {server.name}"] += 1
        away = time.monotonic() + self._chance.uniform(*AWAY_SECONDS)
        if self._chance.random() < 0.5 and (service := self._pick()) is not None:
            service.kill()
            self.counts["kills while a server was away"] += 1
        while time.monotonic() < away:
            self._line.keep_up()
            time.sleep(0.1)
        self._line.restart(server)
        return True

    def _pick(self) -> Service | None:
        """Choose a service; of workers one in the middle of a task, if there is one soon."""
        directors = self._chance.random() < DIRECTORS_SHARE
        some = self._line.directors if directors else self._line.workers
        standing = [service for service in some if _stands(service)]
        self._chance.shuffle(standing)
        until = time.monotonic() + (0 if directors else BUSY_SECONDS)
        while all(map(self._is_idle, standing)) and time.monotonic() < until:
            time.sleep(BUSY_PAUSE_SECONDS)
        return min(standing, key=self._is_idle, default=None)

    def _is_idle(self, service: Service) -> bool:
        notes = self._line.notes
        return not any(note_paths(notes, p)[0].exists() for p in children_of(service.process_id))


def _stands(service: Service) -> bool:
    return service.running and not service.is_stopped
