"""The connection to a director: its two services, and its errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import grpc
from rostrum.director.v1.media_pb2_grpc import MediaStub
from rostrum.director.v1.production_pb2_grpc import ProductionStub

from services.chassis.errors import Transient
from services.chassis.status import read_status
from services.studio.remote.settings import RemoteSettings

CALL_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 10.0
STREAM_SECONDS: Final = 24 * 3600.0
LARGEST_ANSWER_BYTES: Final = 16 * 2**20
OPTIONS: Final = (
    ("grpc.max_receive_message_length", LARGEST_ANSWER_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)

T = TypeVar("T")


class Connection:
    """Calls a director. Every error is one of ours; a Transient may pass."""

    def __init__(self, settings: RemoteSettings) -> None:
        assert settings.director is not None, "read_remote_settings finds one"
        self.address = settings.director
        self._channel = open_channel(settings)
        self.production: ProductionStub = ProductionStub(self._channel)
        self.media: MediaStub = MediaStub(self._channel)

    def ask(
        self,
        method: Callable[..., T],
        request: object,
        seconds: float = CALL_SECONDS,
    ) -> T:
        """Return the answer to one request, or to a stream of them.

        Raises StageError.
        """
        with ours():
            return method(request, timeout=seconds, wait_for_ready=True)

    def follow(self, method: Callable[..., Iterator[T]], request: object) -> Iterator[T]:
        """Yield the answers of a stream. Raises StageError; a Transient: go on with a new one."""
        with ours():
            call: Any = method(request, timeout=STREAM_SECONDS, wait_for_ready=True)
            try:
                yield from call
            finally:
                call.cancel()

    def wait(self) -> None:
        """Return when the director can be reached. Raises Transient where it cannot."""
        try:
            grpc.channel_ready_future(self._channel).result(CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise Transient(f"no director answers at {self.address}") from None

    def close(self) -> None:
        """End the connection."""
        self._channel.close()


@contextmanager
def connected(settings: RemoteSettings) -> Iterator[Connection]:
    """Hold a connection."""
    connection = Connection(settings)
    try:
        connection.wait()
        yield connection
    finally:
        connection.close()


@contextmanager
def ours() -> Iterator[None]:
    """Raise the errors of calls as ours."""
    try:
        yield
    except grpc.RpcError as error:
        raise read_status(error) from None


def open_channel(settings: RemoteSettings) -> grpc.Channel:
    """Return a channel to the director; over TLS where there is somebody who vouches for it."""
    assert settings.director is not None
    if settings.ca is None:
        return grpc.insecure_channel(settings.director, OPTIONS)
    credentials = grpc.ssl_channel_credentials(
        settings.ca.read_bytes(),
        settings.key.read_bytes() if settings.key else None,
        settings.certificate.read_bytes() if settings.certificate else None,
    )
    return grpc.secure_channel(settings.director, credentials, OPTIONS)
