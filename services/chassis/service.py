"""The life of a service's process: settings, doors, readiness, SIGTERM, drain, end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Final, TypeVar

from services.chassis.addresses import on_loopback, split
from services.chassis.answers import Bug
from services.chassis.bus.kafka import KafkaBus
from services.chassis.child import Setup, Sight, offer_of
from services.chassis.crew import Crew
from services.chassis.door import Door
from services.chassis.errors import Invalid, StageError
from services.chassis.ops import Checks, Ops, announce, failing_checks
from services.chassis.pool import Limits
from services.chassis.scratch import Scratch
from services.chassis.server import Server
from services.chassis.settings import DoorSettings, ServiceSettings, StageSettings, misspelt
from services.chassis.store import Store
from services.chassis.telemetry import logs
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import open_traces
from services.chassis.worker import Pace, Worker

NOTICE_SECONDS: Final = 5.0
"""How long balancers take to hear that a process takes no more calls."""
LOOK_SECONDS: Final = 3.0
"""Between two looks at what a service stands on."""
SETTINGS_WRONG: Final = 78  # EX_CONFIG of sysexits.h
BROKEN: Final = 70  # EX_SOFTWARE

S = TypeVar("S", bound=ServiceSettings)


def run(service: str, kind: type[S], serve: Callable[[S, threading.Event], int]) -> int:
    """Read settings, set logging up, and serve until the event is set; return the exit status.

    SIGTERM and SIGINT set the event, from before anything is loaded. What is wrong with the
    settings, all of it, is logged, a line each.
    """
    with told_to_stop() as stop:
        logs.set_up(service)
        try:
            settings = kind.read()
            logs.set_up(service, settings.log_level)
            for sentence in misspelt(settings, os.environ):
                logs.get_log().warning("setting passed over", why=sentence)
            return serve(settings, stop)
        except Invalid as error:
            for each in error.violations:
                said = {"setting": each.field, "reason": each.reason, "remedy": each.remedy}
                logs.get_log().critical("the settings are wrong", **said)
            return SETTINGS_WRONG
        except (StageError, Bug) as error:
            logs.get_log().critical("the service cannot start", why=str(error))
            return BROKEN


def run_stage(stage: str, kind: type[StageSettings], open_door: Callable[[Crew], Door]) -> int:
    """Serve a stage through both doors until SIGTERM; return the exit status."""
    return run(stage, kind, partial(_serve_stage, stage, open_door))


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Yield what is set when this process is told to stop; being told twice ends it at once."""
    stop = threading.Event()

    def hear(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stay(server: Server, stop: threading.Event, work: Checks, live: Checks) -> bool:
    """Keep health true until told to stop; return whether this process was sound to the end.

    work: what must hold for calls to be worth sending here. live: what must hold for the process
    to be worth keeping.
    """
    while not stop.wait(LOOK_SECONDS):
        if failing := failing_checks(live):
            logs.get_log().critical("the process is of no use any more", why=failing)
            return False
        server.set_serving(serving=not failing_checks(work))
    return True


def notice_seconds(settings: DoorSettings) -> float:
    """Return how long to answer on after saying NOT_SERVING: on loopback nobody balances."""
    return 0.0 if on_loopback(split(settings.listen)[0]) else NOTICE_SECONDS


def _serve_stage(
    stage: str, open_door: Callable[[Crew], Door], settings: StageSettings, stop: threading.Event
) -> int:
    metrics, traces = Metrics(stage), open_traces(stage, settings.traces)
    with ExitStack() as stack:
        stack.callback(traces.close)
        scratch = stack.enter_context(Scratch(settings.scratch))
        open_store = store_opener(settings)
        store = open_store()
        setup = Setup(
            open_offer=partial(offer_of, f"services.{stage}"),
            open_store=open_store,
            scratch=scratch.folder,
            sight=Sight(stage, settings.log_level, settings.traces),
        )
        limits = Limits(tasks=settings.recycle_tasks, memory_bytes=settings.memory_bytes)
        crew = stack.enter_context(Crew(stage, setup, metrics, settings.slots, limits))
        work: Checks = {"engine": crew.is_ready, "store": store.healthy}
        line = open_line(crew, settings, metrics, stack) if settings.brokers else None
        live: Checks = {"crew": crew.is_alive, **(line.live if line else {})}
        ready: Checks = {**work, **(line.ready if line else {})}
        server = Server([open_door(crew)], settings, metrics, traces)
        ops = stack.enter_context(Ops(settings.ops_listen, metrics, ready=ready, live=live))
        server.start()
        server.set_serving(serving=True)
        announce(stage, listen=server.address, ops=ops.address)
        sound = stay(server, stop, work, live)
        if line:
            line.worker.drain(settings.drain_seconds)
        server.stop(notice_seconds(settings), settings.drain_seconds)
        if not sound:
            if line:
                line.worker.await_end()
            os._exit(BROKEN)  # what hangs would else be waited for without end
    return 0


@dataclass(frozen=True)
class Line:
    """The door to the production line."""

    worker: Worker
    live: Checks
    ready: Checks


def open_line(crew: Crew, settings: StageSettings, metrics: Metrics, stack: ExitStack) -> Line:
    """Return a crew's door to the line, which is closed with the stack. The broker may be away."""
    bus = KafkaBus(settings)
    stack.callback(bus.close)
    pace = Pace(settings.progress_seconds)
    worker = stack.enter_context(Worker(crew, bus, metrics, settings.worker, pace))
    return Line(worker, {"worker": worker.is_alive}, {"bus": bus.healthy})


def store_opener(settings: StageSettings) -> Callable[[], Store]:
    """Return what opens the store of the settings, here or in a child process."""
    return partial(
        Store.open,
        settings.store_url,
        cache_folder=settings.cache_folder,
        cache_bytes=settings.cache_bytes,
        options=settings.plain_store_options,
    )
