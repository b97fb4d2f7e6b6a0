"""A director's door Production over real gRPC on loopback, on any database, for several teams."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Channel, Order, Presenter
from rostrum.director.v1.production_pb2_grpc import ProductionStub
from sqlalchemy import Engine, insert

from services.chassis.errors import Invalid, StageError
from services.chassis.server import Server, Size
from services.chassis.settings import DoorSettings
from services.chassis.status import read_status
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Passing
from services.director import library
from services.director.database import open_tables
from services.director.rpc.desk import Desk
from services.director.rpc.feed import Feed
from services.director.rpc.production import production
from services.director.tables import assets

SCRIPT = "The first sentence of the news. The second sentence of the news."


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def presenter(name: str = "nora", **consent: object) -> Presenter:
    nora = Presenter(name=name)
    nora.portrait.digest, nora.portrait.extension = digest(f"portrait of {name}"), "png"
    nora.consent.kind = "synthetic"
    for field, value in consent.items():
        if isinstance(value, list):
            getattr(nora.consent, field).extend(value)
        else:
            setattr(nora.consent, field, value)
    return nora


def channel(name: str = "jobs") -> Channel:
    jobs = Channel(name=name)
    jobs.brand.logo_text = "JOBS 24"
    return jobs


def order(name: str = "welder", **fields: object) -> Order:
    said = {"presenter": "nora", "channel": "jobs", "script": SCRIPT}
    return Order(name=name, **(said | fields))  # type: ignore[arg-type]


def video_request(request_id: str = "r-1", **fields: object) -> pb.CreateVideoRequest:
    said = {"request_id": request_id, "order": order()}
    return pb.CreateVideoRequest(**(said | fields))  # type: ignore[arg-type]


def in_seconds(seconds: float) -> Timestamp:
    moment = Timestamp()
    moment.FromMilliseconds(round((time.time() + seconds) * 1000))
    return moment


def rundown_parts(
    *orders: Order, request_id: str = "day-1", name: str = "monday", **head: object
) -> list[pb.CreateRundownRequest]:
    first = pb.RundownHead(request_id=request_id, name=name, **head)  # type: ignore[arg-type]
    items = [pb.RundownItem(section="local", order=each) for each in orders]
    return [
        pb.CreateRundownRequest(head=first),
        *(pb.CreateRundownRequest(item=item) for item in items),
    ]


class House:
    """One database, one desk, and a server for each team that calls."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.desk = Desk(engine, lambda: time.time_ns() // 1_000_000)
        self.feed = Feed(self.desk, look_seconds=0.02)
        self._doors: dict[str, ProductionStub] = {}
        self._ends: list[grpc.Channel | Server] = []

    def door(self, team: str = "house", size: Size | None = None) -> ProductionStub:
        """Return what a team calls; each team has a server of its own."""
        if team not in self._doors:
            settings = DoorSettings(team=team, calls_per_second=100_000)
            size = size or Size(threads=8, streams=16)
            doors = [production(self.desk, self.feed)]
            server = Server(doors, settings, Metrics("test"), Passing(), size)
            server.start()
            channel = grpc.insecure_channel(server.address)
            self._ends += [channel, server]
            self._doors[team] = ProductionStub(channel)
        return self._doors[team]

    def own(self, *digests: str, team: str = "house") -> None:
        """Let a team have uploaded files."""
        rows = [
            {
                "team": team,
                "digest": each,
                "size_bytes": 1,
                "extension": "png",
                "created_ms": 1,
                "used_ms": 1,
            }
            for each in digests
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(assets), rows)

    def close(self) -> None:
        for end in self._ends:
            end.close() if isinstance(end, grpc.Channel) else end.stop(0, 1)
        self.feed.close()
        deadline = time.monotonic() + 5
        while self.engine.pool.checkedout() and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.01)  # a stream that was cancelled still reads
        self.engine.dispose()


@contextmanager
def open_house(url: str) -> Iterator[House]:
    """Open a house where "nora" and "jobs" are shipped."""
    house = House(open_tables(url))
    with house.engine.begin() as connection:
        library.seed(connection, [presenter()], [channel()])
    try:
        yield house
    finally:
        house.close()


def refusal(call: object, *request: Message | Iterator[Message]) -> StageError:
    """Return what a call is refused with, as one of our errors; its gRPC code as `code`."""
    try:
        response = call(*request, timeout=10)  # type: ignore[operator]
        for _ in response if hasattr(response, "__next__") else ():
            pass
    except grpc.RpcError as error:
        ours = read_status(error)
        ours.code = error.code().name  # type: ignore[attr-defined, union-attr]
        return ours
    raise AssertionError("it was accepted")


def said(error: StageError) -> tuple[str, list[tuple[str, str]]]:
    """Return a refusal's code and each complaint's reason and field."""
    assert isinstance(error, Invalid), error
    assert all(each.remedy for each in error.violations)
    return error.code, [(each.reason, each.field) for each in error.violations]  # type: ignore[attr-defined]
