"""What the director's door bears: orders, looks and lists by the second, on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain, cycle
from multiprocessing.connection import Connection
from pathlib import Path

import grpc
from rich.table import Table
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Channel, Order, Presenter
from rostrum.director.v1.production_pb2_grpc import ProductionStub
from sqlalchemy import text

from services.chassis.server import Server
from services.chassis.settings import DoorSettings
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Passing
from services.director import library
from services.director.database import open_database, open_tables
from services.director.rpc.desk import Desk
from services.director.rpc.feed import Feed
from services.director.rpc.production import production
from services.studio.servers.postgres import PostgresServer

CALLERS = 8
SECONDS = 5.0
STORED = 100_000
RUNDOWN = 1_900
TEAM = "house"
SENTENCE = "Sentence {} of a bulletin says what happened, and to whom, in ten words more."
SCRIPT = " ".join(SENTENCE.format(number) for number in range(20))
"""As long as 90 s of speech."""

# Copies of one video, a day's rundown after the other, as if they had come over months.
STORE = text("""
INSERT INTO videos (id, team, channel, name, commission, state, priority, rundown, section,
                    position, part, created_ms, started_ms, ended_ms, deadline_ms, seq)
SELECT md5('video ' || n), team, 'channel-' || n % 50, 'video-' || n, commission,
       CASE WHEN n % 100 = 0 THEN 'failed' WHEN n % 100 = 1 THEN 'cancelled' ELSE 'finished' END,
       5, md5('rundown ' || n / :rundown), 'local', n % :rundown, 0,
       created_ms - 1000 * (:count - n), created_ms - 1000 * (:count - n) + 5000,
       created_ms - 1000 * (:count - n) + 60000, created_ms - 1000 * (:count - n) + 90000, 9
FROM videos, generate_series(1, :count) AS n WHERE id = :model
""")
STORE_RUNDOWNS = text("""
INSERT INTO rundowns (id, team, name, created_ms, ended_ms)
SELECT rundown, team, 'day', min(created_ms), max(ended_ms)
FROM videos WHERE rundown IS NOT NULL GROUP BY rundown, team
""")


@dataclass(frozen=True)
class Load:
    """How often calls of one kind were answered, how quickly, and what of a core each cost."""

    per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    """Of the door's process."""
    caller_cpu_ms: float
    database_cpu_ms: float


@dataclass(frozen=True)
class Loads:
    """What the door bears with many videos stored."""

    calls: Mapping[str, Load]
    rundown_seconds: float
    """Until a rundown was accepted, from its first message on."""

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        calls = {name: asdict(load) for name, load in self.calls.items()}
        return {"calls": calls, "rundown_seconds": self.rundown_seconds}

    def tables(self) -> Sequence[Table]:
        """Return it for people."""
        columns = ("calls/s", "p50 ms", "p99 ms", "CPU ms: door", "caller", "database")
        table = Table(f"{CALLERS} callers, {STORED:,} videos stored", *columns, box=None)
        for name, load in self.calls.items():
            table.add_row(name, *(f"{value:,.1f}" for value in asdict(load).values()))
        table.add_row(f"CreateRundown of {RUNDOWN:,} videos, s", "", f"{self.rundown_seconds:.2f}")
        return [table]


class Meter:
    """Calls the door from several threads and measures what comes of it."""

    def __init__(self, server: int, database: int) -> None:
        self._processes = (server, database)

    def measure(self, call: Callable[[int], object]) -> Load:
        """Call with growing numbers for some seconds."""
        took: list[list[float]] = [[] for _ in range(CALLERS)]
        before, end = self._spent(), time.perf_counter() + SECONDS

        def run(caller: int) -> None:
            number = caller
            while (began := time.perf_counter()) < end:
                call(number)
                took[caller].append(1000 * (time.perf_counter() - began))
                number += CALLERS

        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(run, range(CALLERS)))
        all_ms = sorted(chain.from_iterable(took))
        count = len(all_ms)
        spent = [1000 * (b - a) / count for a, b in zip(before, self._spent(), strict=True)]
        return Load(count / SECONDS, all_ms[count // 2], all_ms[count * 99 // 100], *spent)

    def _spent(self) -> tuple[float, ...]:
        server, database = map(cpu_seconds, self._processes)
        return server, time.process_time(), database


def measure_load() -> Loads:
    """Measure the door in a process of its own, over loopback, PostgreSQL beside it."""
    with tempfile.TemporaryDirectory(prefix="rostrum-load-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        with PostgresServer(folder / "postgres") as postgres:
            open_tables(postgres.url).dispose()
            prepare(postgres.url)
            with serving(postgres.url) as (address, server):
                meter = Meter(server, postgres.process_id)
                with grpc.insecure_channel(address) as channel:
                    return measure(ProductionStub(channel), postgres.url, meter)


def measure(door: ProductionStub, url: str, meter: Meter) -> Loads:
    """Measure the kinds of calls one after the other."""
    model = door.CreateVideo(request("model")).video.id
    store(url, model)
    listed = door.ListRundowns(pb.ListRundownsRequest(page_size=STORED // RUNDOWN)).rundowns
    days = cycle([each.id for each in listed])
    failed = [pb.VIDEO_STATE_FAILED]
    kinds: dict[str, Callable[[int], object]] = {
        "CreateVideo": lambda n: door.CreateVideo(request(f"video-{n}")),
        "GetVideo": lambda _: door.GetVideo(pb.GetVideoRequest(id=model)),
        "ListVideos": lambda _: door.ListVideos(pb.ListVideosRequest()),
        "ListVideos of a channel": lambda n: door.ListVideos(
            pb.ListVideosRequest(channel=f"channel-{n % 50}")
        ),
        "ListVideos that failed": lambda _: door.ListVideos(pb.ListVideosRequest(states=failed)),
        "ListVideos of a rundown": lambda _: door.ListVideos(
            pb.ListVideosRequest(rundown_id=next(days))
        ),
        "GetRundown": lambda _: door.GetRundown(pb.GetRundownRequest(id=next(days))),
        "ListRundowns": lambda _: door.ListRundowns(pb.ListRundownsRequest()),
    }
    calls = {name: meter.measure(call) for name, call in kinds.items()}
    began = time.perf_counter()
    made = door.CreateRundown(parts())
    seconds = time.perf_counter() - began
    assert made.rundown.queued_count == RUNDOWN, "every order was a good one"
    return Loads(calls, seconds)


def request(name: str) -> pb.CreateVideoRequest:
    """Return the order of a video of 90 s."""
    return pb.CreateVideoRequest(request_id=name, order=order(name))


def order(name: str) -> Order:
    """Return an order like a newsroom's."""
    made = Order(name=name, presenter="nora", channel="jobs", script=SCRIPT)
    made.data.update({"title": "Senior Welder", "name": "Nora", "chips": ["MIG", "TIG"]})
    made.formats.add(aspect="16:9", height=1080)
    return made


def parts() -> Iterator[pb.CreateRundownRequest]:
    """Yield a channel's ten days in one rundown."""
    yield pb.CreateRundownRequest(head=pb.RundownHead(request_id="all", name="all"))
    for number in range(RUNDOWN):
        item = pb.RundownItem(section=f"section-{number % 19}", order=order(f"item-{number}"))
        yield pb.CreateRundownRequest(item=item)


def prepare(url: str) -> None:
    """Put a presenter and a channel where every team sees them."""
    nora, jobs = Presenter(name="nora"), Channel(name="jobs")
    nora.portrait.digest, nora.portrait.extension = "ab" * 32, "png"
    nora.consent.kind = "synthetic"
    jobs.brand.logo_text = "JOBS 24"
    engine = open_database(url)
    with engine.begin() as connection:
        library.seed(connection, [nora], [jobs])
    engine.dispose()


def store(url: str, model: str) -> None:
    """Store many videos that have ended."""
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(STORE, {"count": STORED, "rundown": RUNDOWN, "model": model})
        connection.execute(STORE_RUNDOWNS)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE videos"))
    engine.dispose()


@contextmanager
def serving(url: str) -> Iterator[tuple[str, int]]:
    """Serve the door from a process of its own; give its address and its process id."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(url, theirs))
    process.start()
    assert process.pid is not None, "it was started"
    try:
        yield ours.recv(), process.pid
    finally:
        ours.send(None)
        process.join(20)


def serve(url: str, line: Connection) -> None:
    """Serve until told to stop."""
    engine = open_database(url)
    desk = Desk(engine, lambda: time.time_ns() // 1_000_000)
    feed = Feed(desk)
    settings = DoorSettings(team=TEAM, calls_per_second=1_000_000)
    server = Server([production(desk, feed)], settings, Metrics("director"), Passing())
    server.start()
    line.send(server.address)
    line.recv()
    server.stop(0, 1)
    feed.close()
    engine.dispose()


def cpu_seconds(process: int) -> float:
    """Return what a process and its children have used of a core."""
    try:
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    except FileNotFoundError:  # it has just ended
        return 0.0
    used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used + sum(cpu_seconds(int(child)) for child in children.split())
