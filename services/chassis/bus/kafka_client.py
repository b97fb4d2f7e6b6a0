"""What our Kafka clients have in common: how they get in, and what their errors mean to us."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from kafka import errors
from kafka.net.compat import KafkaNetClient

from services.chassis.bus import BUS_UNAVAILABLE, MESSAGE_TOO_LARGE
from services.chassis.errors import Invalid, StageError, Transient
from services.chassis.settings import BusSettings

C = TypeVar("C")

REQUEST_MS: Final = 10_000
METADATA_MS: Final = 30_000
"""A topic that has grown is noticed this soon."""
RECONNECT_MS: Final = 1_000
"""A broker that has come back is noticed this soon; kafka-python's own pauses grow to 30 s."""

OURS: Final[Mapping[type[errors.KafkaError], type[StageError]]] = {
    errors.RetriableError: Transient,  # the broker is away, starting, or hands over
    errors.UnknownBrokerIdError: Transient,  # it has just come back as another
    errors.BrokerNotAvailableError: Transient,
    errors.InvalidReplicationFactorError: Transient,  # too few brokers, or they are not let in yet
    errors.OutOfOrderSequenceNumberError: Transient,  # another producer begins at one
    errors.UnknownProducerIdError: Transient,
    errors.InvalidProducerEpochError: Transient,
    errors.InvalidProducerIdMappingError: Transient,
    errors.ProducerFencedError: Transient,
    errors.IllegalStateError: Transient,  # another thread has just replaced the producer
    errors.MessageSizeTooLargeError: Invalid,
    errors.RecordListTooLargeError: Invalid,
}
"""Whatever is not here nobody foresaw: it ends the process."""


@contextmanager
def kafka_errors(what: str) -> Iterator[None]:
    """Turn Kafka's errors into ours. what: was being done, for the message."""
    try:
        yield
    except errors.KafkaError as error:
        ours = next((kind for theirs, kind in OURS.items() if isinstance(error, theirs)), None)
        if ours is Transient:
            raise Transient(f"{BUS_UNAVAILABLE}: {what}: {error}") from error
        if ours is Invalid:
            raise Invalid("message", MESSAGE_TOO_LARGE, f"{what}: {error}") from error
        raise


def connect(client: Callable[..., C], settings: BusSettings, seconds: float, **more: object) -> C:
    """Return a client that has reached a broker.

    Raises Transient where none answers within `seconds`; no thread or socket is left behind.
    """
    nets: list[KafkaNetClient] = []

    def build_net(**config: Any) -> KafkaNetClient:  # noqa: ANN401  # the library's own arguments
        nets.append(KafkaNetClient(**config))
        return nets[-1]

    config = {**common(settings), **more, "bootstrap_timeout_ms": max(int(seconds * 1000), 1)}
    with kafka_errors(f"no broker of {', '.join(settings.brokers)} answers"):
        try:
            return client(kafka_client=build_net, **config)
        except errors.KafkaError:
            for net in nets:
                net.close()
            raise


def common(settings: BusSettings) -> dict[str, object]:
    """Return the configuration that every client of ours has."""
    return {
        "bootstrap_servers": list(settings.brokers),
        "client_id": "rostrum",
        "request_timeout_ms": REQUEST_MS,
        "metadata_max_age_ms": METADATA_MS,
        "reconnect_backoff_max_ms": RECONNECT_MS,
        "security_protocol": settings.broker_security,
        **_tls(settings),
        **_login(settings),
    }


def _tls(settings: BusSettings) -> dict[str, str]:
    files = {
        "ssl_cafile": settings.broker_ca,
        "ssl_certfile": settings.broker_certificate,
        "ssl_keyfile": settings.broker_key,
    }
    return {name: str(path) for name, path in files.items() if path is not None}


def _login(settings: BusSettings) -> dict[str, str]:
    if not settings.broker_security.startswith("SASL"):
        return {}
    return {
        "sasl_mechanism": settings.broker_sasl_mechanism,
        "sasl_plain_username": settings.broker_user,
        "sasl_plain_password": settings.broker_password.get_secret_value(),
    }
