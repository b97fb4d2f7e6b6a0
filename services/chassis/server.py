"""The gRPC server of a service: its doors, health, limits, and an end without broken calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection

from services.chassis import addresses
from services.chassis.door import Door
from services.chassis.errors import Invalid
from services.chassis.reception import Reception, StreamThreads
from services.chassis.settings import DoorSettings
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Traces
from services.chassis.tls import server_credentials

LARGEST_REQUEST_BYTES: Final = 1 << 20
LARGEST_METADATA_BYTES: Final = 16 << 10
SPARE_STREAM_THREADS: Final = 8
"""Those who come too many must be told so."""


@dataclass(frozen=True)
class Size:
    """How much a server does at a time."""

    threads: int = 16
    """Calls that are answered at a time, streams aside; it takes as many streams besides."""
    calls: int = 256
    """Calls that are taken at a time, those included that wait for a thread."""
    streams: int = 1000
    """Streams given at a time; each has a thread."""


USUAL: Final = Size()


class Server:
    """Serves doors on one address. Health says NOT_SERVING until `set_serving`."""

    def __init__(
        self,
        doors: Sequence[Door],
        settings: DoorSettings,
        metrics: Metrics,
        traces: Traces,
        size: Size = USUAL,
    ) -> None:
        self._names = [door.name for door in doors]
        self._stream_threads = StreamThreads(
            giving=ThreadPoolExecutor(size.streams + SPARE_STREAM_THREADS),
            taking=ThreadPoolExecutor(size.threads),
            reading=ThreadPoolExecutor(size.threads),
        )
        self._health_threads = ThreadPoolExecutor(1)
        self._reception = Reception(settings, size.streams, metrics, traces)
        self._server = grpc.server(
            ThreadPoolExecutor(size.threads, thread_name_prefix="call"),
            handlers=[self._reception.handler(door, self._stream_threads) for door in doors],
            options=_options(),
            maximum_concurrent_rpcs=size.calls + size.streams,
        )
        self._health = health.HealthServicer(experimental_thread_pool=self._health_threads)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.set_serving(serving=False)
        if settings.reflection:
            names = [*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME]
            reflection.enable_server_reflection(names, self._server)
        self.address = _bind(self._server, settings)
        """host:port, with the port that it got."""

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def set_serving(self, *, serving: bool) -> None:
        """Tell balancers and probes whether this server can do its work."""
        status = HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            self._health.set(name, status)

    def stop(self, notice_seconds: float, grace_seconds: float) -> None:
        """Say NOT_SERVING, answer on until balancers have heard it, then end and return.

        notice_seconds: how long balancers take. grace_seconds: what calls in hand then have left;
        streams are told at once to go on elsewhere.
        """
        self._health.enter_graceful_shutdown()
        time.sleep(notice_seconds)
        stopped = self._server.stop(grace_seconds)
        self._reception.end_streams()
        stopped.wait()
        self._stream_threads.shut_down()
        self._health_threads.shutdown(wait=False, cancel_futures=True)


def _bind(server: grpc.Server, settings: DoorSettings) -> str:
    credentials = server_credentials(settings)
    try:
        port = (
            server.add_insecure_port(settings.listen)
            if credentials is None
            else server.add_secure_port(settings.listen, credentials)
        )
    except RuntimeError:
        remedy = f"{settings.listen} is taken, or is no address of this machine"
        raise Invalid("ROSTRUM_LISTEN", "ADDRESS_UNUSABLE", remedy) from None
    return addresses.with_port(settings.listen, port)


def _options() -> list[tuple[str, int]]:
    minute = 60_000
    return [
        ("grpc.so_reuseport", 0),  # a second process on the same port must fail, not share it
        ("grpc.max_receive_message_length", LARGEST_REQUEST_BYTES),
        # Only identity: a compressed megabyte may unfold to a gigabyte before its size is judged.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        ("grpc.max_metadata_size", LARGEST_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", LARGEST_METADATA_BYTES),
        ("grpc.max_concurrent_streams", 1024),
        # We ask silent callers once a minute whether they live; more often than twice a minute
        # nobody may ask us.
        ("grpc.keepalive_time_ms", minute),
        ("grpc.keepalive_timeout_ms", minute // 3),
        ("grpc.http2.min_ping_interval_without_data_ms", minute // 2),
        ("grpc.http2.max_ping_strikes", 2),
        # Callers come back now and then, so that new processes get their share; what is under way,
        # such as a Watch, has another hour.
        ("grpc.max_connection_age_ms", 30 * minute),
        ("grpc.max_connection_age_grace_ms", 60 * minute),
    ]
