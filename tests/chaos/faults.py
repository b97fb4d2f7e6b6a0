"""What is done to a line: processes killed and frozen, broker and database killed and started."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from services.studio.servers.processes import Server
from tests.chaos.audit import Audit, Claim
from tests.chaos.line import Line
from tests.chaos.processes import Service
from tests.chaos.synthetic import late_word

DIRECTORS_SHARE: Final = 0.2
"""Of kills and freezes."""
CHILDREN_SHARE: Final = 0.15
"""Of the kills of workers: only the process that does the work, not the one that reports."""
AWAY_SECONDS: Final = (1.0, 8.0)
FROZEN_LEASES: Final = (1.3, 4.0)
"""How long a freeze lasts at least, and at most where nobody takes the task over."""
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
        self._next = time.monotonic() + plan.every_seconds
        self._frozen: list[Frozen] = []
        self._said: list[tuple[float, Path]] = []
        self.counts: Counter[str] = Counter()
        """What was done, by kind."""

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
        if self._words and time.monotonic() >= self._next:
            if self._do(self._words[-1]):
                self._words.pop()
            self._next = time.monotonic() + self._chance.expovariate(1 / self._plan.every_seconds)

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
        service.kill()
        kind = "workers" if service in self._line.workers else "directors"
        self.counts[f"kills of {kind}"] += 1
        return True

    def _freeze(self) -> bool:
        """Stop a service; of workers rather one that has a task in hand."""
        service, claim = self._pick(), None
        with suppress(psycopg.OperationalError):
            if service in self._line.workers:
                service, claim = self._busy() or (service, None)
        if service is None:
            return False
        processes = service.freeze()
        self._frozen.append(Frozen(service, processes, time.monotonic(), claim))
        self.counts["freezes"] += 1
        return True

    def _busy(self) -> tuple[Service, Claim] | None:
        workers = [worker for worker in self._line.workers if _stands(worker)]
        self._chance.shuffle(workers)
        for worker in workers:
            if claims := self._audit.claims(worker.incarnation):
                return worker, claims[0]
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
                    self._tell_late(frozen, now)
                frozen.service.thaw(frozen.processes)

    def _tell_late(self, frozen: Frozen, now: float) -> None:
        assert frozen.claim is not None
        for child in frozen.processes[1:]:
            word = self._line.late / late_word(child, frozen.claim.request)
            word.touch()
            self._said.append((now + WORD_SECONDS, word))
        self.counts["freezes past a lease"] += 1

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
        server.start()
        return True

    def _pick(self) -> Service | None:
        directors = self._chance.random() < DIRECTORS_SHARE
        some = self._line.directors if directors else self._line.workers
        standing = [service for service in some if _stands(service)]
        return self._chance.choice(standing) if standing else None


def _stands(service: Service) -> bool:
    return service.running and not service.is_stopped
