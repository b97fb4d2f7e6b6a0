"""Starts a line, keeps it running, and takes it down in the right order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.chassis.errors import StageError
from services.studio.line.plan import DIRECTOR
from services.studio.line.service import Service
from services.studio.servers.processes import Server
from services.studio.servers.trouble import Unavailable
from services.studio.signals import Stop

READY_SECONDS: Final = 180.0
LOOK_SECONDS: Final = 0.5
DRAIN_SECONDS: Final = 90.0
"""What services may take to drain; a chunk that is being drawn is finished."""
STEADY_SECONDS: Final = 60.0
"""A process that has lived so long is started again at once when it dies."""
LONGEST_PAUSE_SECONDS: Final = 30.0

Tell = Callable[[str], None]


@dataclass
class Watched:
    """A process that is kept running."""

    part: Server
    begun: float
    falls: int = 0
    """Deaths one after another."""
    due: float | None = None
    """When it is started again; None while it runs."""


def pause_after(falls: int) -> float:
    """Return how long to wait before a process is started again, in seconds."""
    return 0.0 if falls <= 1 else min(2.0 ** (falls - 2), LONGEST_PAUSE_SECONDS)


@dataclass
class Supervisor:
    """Keeps processes running, for one thread: the one that started them."""

    tell: Tell
    clock: Callable[[], float] = time.monotonic
    watched: list[Watched] = field(default_factory=list)

    def start(self, part: Server) -> None:
        """Start a server and keep it running; returns when it answers. Raises Unavailable."""
        part.start()
        self.watched.append(Watched(part, self.clock()))

    def begin(self, services: Iterable[Service]) -> None:
        """Start services and keep them running; returns at once."""
        for service in services:
            service.begin()
            self.watched.append(Watched(service, self.clock()))

    def look(self) -> None:
        """Start again what has died and is due."""
        for each in self.watched:
            if each.part.running:
                self._settle(each)
            elif each.due is None:
                self._plan(each)
            if each.due is not None and self.clock() >= each.due:
                self._restart(each)

    def keep(self, stop: Stop) -> None:
        """Look after everything until it is told to stop."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def _settle(self, each: Watched) -> None:
        if each.falls and self.clock() - each.begun >= STEADY_SECONDS:
            each.falls = 0

    def _plan(self, each: Watched) -> None:
        each.falls += 1
        pause = pause_after(each.falls)
        each.due = self.clock() + pause
        when = "at once" if not pause else f"in {pause:.0f} s"
        how = each.part.end_of() if isinstance(each.part, Service) else "has died"
        self.tell(f"{each.part.name} {how}; it is started again {when} (log: {each.part.log})")

    def _restart(self, each: Watched) -> None:
        each.due, each.begun = None, self.clock()
        if isinstance(each.part, Service):
            each.part.sweep()
            each.part.begin()
            return
        try:
            each.part.start()
        except (Unavailable, OSError) as error:
            self.tell(str(error))


def wait_until_ready(services: Sequence[Service], stop: Stop, tell: Tell) -> bool:
    """Return True when all can work, False when told to stop.

    Raises StageError for one that dies meanwhile.
    """
    waiting = {service.name: service for service in services}
    deadline = time.monotonic() + READY_SECONDS
    while waiting:
        for name, service in list(waiting.items()):
            if not service.running and service.give_way():
                service.begin()
            elif not service.running:
                raise StageError(f"{name} {service.end_of()}; it said:\n{service.said()}")
            elif service.ready():
                del waiting[name]
        if time.monotonic() > deadline:
            raise StageError(f"not ready within {READY_SECONDS:.0f} s: {', '.join(waiting)}")
        if waiting and stop.wait(LOOK_SECONDS):
            return False
    tell(f"{len(services)} services are ready")
    return True


def take_down(parts: Sequence[Server], stop: Stop, tell: Tell) -> None:
    """End everything: stages finish what they have in hand, the director hears of it, the rest.

    Told again to stop, it kills what is left.
    """
    services = [part for part in parts if isinstance(part, Service)]
    stages = [service for service in services if service.seat.service != DIRECTOR]
    _drain(stages, stop, tell)
    _drain([service for service in services if service.seat.service == DIRECTOR], stop, tell)
    for part in reversed([part for part in parts if not isinstance(part, Service)]):
        part.kill() if stop.insisted else part.stop()


def _drain(services: Sequence[Service], stop: Stop, tell: Tell) -> None:
    for service in services:
        service.ask_to_end()
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := [s for s in services if s.running]) and time.monotonic() < deadline:
        if stop.insisted:
            break
        time.sleep(0.1)
    for service in left:
        tell(f"{service.name} is killed: it did not end")
        service.kill()
    for service in services:
        service.sweep()
