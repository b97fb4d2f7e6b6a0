"""The connection to a director: calls with deadlines, tried again where that is of use."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
from rostrum.director.v1.media_pb2_grpc import MediaStub
from rostrum.director.v1.production_pb2_grpc import ProductionStub

from services.client.errors import RostrumError, read_error
from services.client.patience import Attempts, Patience

OPTIONS: Final = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.keepalive_time_ms", 60_000),  # a director that fell silent is noticed
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
T = TypeVar("T")


@dataclass(frozen=True)
class TLS:
    """Who vouches for the director, and who vouches for us: PEM files."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Return what a channel is opened with. Raises OSError for files that are not there."""
        return grpc.ssl_channel_credentials(
            self.ca.read_bytes(),
            self.key.read_bytes() if self.key else None,
            self.certificate.read_bytes() if self.certificate else None,
        )


class Connection:
    """Calls a director. Every error is a RostrumError. For many threads."""

    def __init__(self, address: str, tls: TLS | None, patience: Patience) -> None:
        self._channel = _open(address, tls)
        self.patience = patience
        self.production: ProductionStub = ProductionStub(self._channel)
        self.media: MediaStub = MediaStub(self._channel)

    def ask(self, method: Callable[..., T], request: Callable[[], object]) -> T:
        """Return the answer to a request, which is made anew for each try."""
        attempts = Attempts(self.patience)
        while True:
            try:
                return self.try_once(method, request())
            except RostrumError as error:
                attempts.failed(error)

    def try_once(
        self, method: Callable[..., T], request: object, seconds: float | None = None
    ) -> T:
        """Return the answer to a request, or to a stream of them."""
        with reading_errors():
            return method(request, timeout=seconds or self.patience.call_seconds)

    def stream(self, method: Callable[..., Iterator[T]], request: object) -> Iterator[T]:
        """Yield the answers of one stream."""
        with reading_errors():
            call: Any = method(request, timeout=self.patience.stream_seconds)
            try:
                yield from call
            finally:
                call.cancel()

    def close(self) -> None:
        """End the connection, and with it all calls."""
        self._channel.close()


@contextmanager
def reading_errors() -> Iterator[None]:
    """Raise what calls fail with as RostrumError."""
    try:
        yield
    except grpc.RpcError as error:
        raise read_error(error) from None


def _open(address: str, tls: TLS | None) -> grpc.Channel:
    if tls is not None:
        return grpc.secure_channel(address, tls.credentials(), OPTIONS)
    if not _on_loopback(address.rpartition(":")[0].strip("[]")):
        raise ValueError(f"{address} is not this machine: give tls=TLS(...)")
    return grpc.insecure_channel(address, OPTIONS)


def _on_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
