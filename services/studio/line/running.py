"""The work behind `rostrum line`."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from services.chassis.bus.kafka_topics import apply_topics
from services.chassis.errors import Invalid, StageError
from services.chassis.settings import BusSettings
from services.studio.home import Home
from services.studio.line.doors import door_rows, write_doors
from services.studio.line.plan import Seat, Wish, seats, shared_settings
from services.studio.line.prometheus import Prometheus, is_installed
from services.studio.line.seeding import prepare
from services.studio.line.service import Service
from services.studio.line.supervising import Supervisor, take_down, wait_until_ready
from services.studio.remote.settings import DOORS
from services.studio.reports import aligned, line
from services.studio.servers.kafka import KafkaServer
from services.studio.servers.postgres import PostgresServer
from services.studio.servers.processes import listens
from services.studio.servers.trouble import Unavailable
from services.studio.settings import read_settings
from services.studio.signals import Stop

HINTS: Final = (
    "rostrum submit services/studio/samples/rundown    hands 12 videos in",
    "rostrum watch                                     shows how far they are",
    "Ctrl-C drains and stops.",
)


def run_line(wish: Wish) -> int:
    """Run a line until told to stop, and return the exit code. Raises StageError, Invalid."""
    if wish.port and listens(wish.port):
        raise Invalid("--port", "ADDRESS_UNUSABLE", f"somebody listens on port {wish.port} already")
    folder = Home(read_settings().folder).folder / DOORS.parent
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False)

    def tell(text: str) -> None:
        console.print(line(text), soft_wrap=True)

    with alone_in(folder), Stop() as stop:
        supervisor = Supervisor(tell)
        try:
            _start(wish, folder, supervisor, stop, console)
            supervisor.keep(stop)
        except Unavailable as error:
            raise StageError(str(error)) from None
        finally:
            (folder / DOORS.name).unlink(missing_ok=True)
            tell("stopping: what is in hand is finished or handed back; Ctrl-C again ends at once")
            take_down([each.part for each in supervisor.watched], stop, tell)
    tell("stopped; the next start goes on from here")
    return 0


def _start(wish: Wish, folder: Path, supervisor: Supervisor, stop: Stop, console: Console) -> None:
    supervisor.tell("starting Kafka and PostgreSQL (the first time, they are fetched)")
    kafka, postgres = KafkaServer(folder / "kafka"), PostgresServer(folder / "postgres")
    supervisor.start(kafka)
    supervisor.start(postgres)
    store = folder / "store"
    apply_topics(BusSettings.read(brokers=kafka.address))
    prepare(postgres.url, store.as_uri())
    if stop.requested:
        return
    shared = shared_settings(wish, kafka.address, store)
    services = [Service(seat, folder, shared) for seat in seats(wish, postgres.url)]
    supervisor.tell(f"starting {len(services)} services")
    supervisor.begin(services)
    if not wait_until_ready(services, stop, supervisor.tell):
        return
    planned = [service.seat for service in services]
    others = {"Kafka": kafka.address, "PostgreSQL": postgres.address}
    if is_installed():
        prometheus = Prometheus(folder / "prometheus", planned)
        supervisor.start(prometheus)
        others["Prometheus"] = prometheus.url
    named = {"brokers": kafka.address, "database": postgres.url, "store": store.as_uri()}
    write_doors(folder / DOORS.name, planned, named)
    print_doors(console, planned, others)


def print_doors(console: Console, planned: Sequence[Seat], others: Mapping[str, str]) -> None:
    """Show where everything is, and what to do next."""
    console.print()
    for row in aligned(list(door_rows(planned, others))):
        console.print(line(f"  {row}"), soft_wrap=True)
    console.print()
    for hint in HINTS:
        console.print(line(hint), soft_wrap=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for one line. Raises StageError where another line runs in it."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StageError(f"a line runs in {folder} already; stop it first") from None
        yield
