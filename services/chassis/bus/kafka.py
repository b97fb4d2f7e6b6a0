"""The bus over Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from services.chassis.bus import BUS_UNAVAILABLE, OnChange, Outgoing
from services.chassis.bus.kafka_client import connect, kafka_errors
from services.chassis.bus.kafka_reading import KafkaFollower, KafkaGroupReader
from services.chassis.bus.limits import refuse_oversize
from services.chassis.errors import StageError, Transient
from services.chassis.settings import BusSettings
from services.chassis.topics import TOPICS, Topic

DELIVERY_MS: Final = 15_000
"""What the broker has not taken by then is given up; whoever sent it sends it again."""
LARGEST_BYTES: Final = 2 * 2**20
"""Of any topic's messages; the topic's own limit is judged before."""
HEALTH_SECONDS: Final = 2.0
CLOSE_SECONDS: Final = 2.0


class KafkaBus:
    """Carries messages over Kafka. Connects when it is first used; goes on when a broker is back.

    See the port for what each method promises.
    """

    def __init__(self, settings: BusSettings, topics: Mapping[str, Topic] = TOPICS) -> None:
        self._settings = settings
        self._topics = topics
        self._producer: Any = None
        self._producer_lock = threading.Lock()
        self._admin: Any = None
        self._admin_lock = threading.Lock()
        self._readers: list[KafkaGroupReader | KafkaFollower] = []

    def publish(self, messages: Sequence[Outgoing], timeout_seconds: float = 15) -> None:
        """Return once the broker has every message for good."""
        for message in messages:
            refuse_oversize(self._topics[message.topic], message)
        if not messages:
            return
        deadline = time.monotonic() + timeout_seconds
        producer = self._ready_producer(timeout_seconds)
        try:
            with kafka_errors("publishing"):
                sent = [_send(producer, message, deadline) for message in messages]
                for future in sent:
                    future.get(max(deadline - time.monotonic(), 0.001))
        except StageError:
            self._drop(producer)
            raise

    def join(
        self, group: str, topics: Sequence[str], on_change: OnChange | None = None
    ) -> KafkaGroupReader:
        """Become a member of a group."""
        reader = KafkaGroupReader(self._settings, group, topics, on_change)
        self._readers.append(reader)
        return reader

    def follow(self, topics: Sequence[str], *, from_end: bool = True) -> KafkaFollower:
        """Read everything."""
        follower = KafkaFollower(self._settings, topics, from_end=from_end)
        self._readers.append(follower)
        return follower

    def healthy(self) -> bool:
        """Tell whether the broker answers."""
        with self._admin_lock:
            try:
                if self._admin is None:
                    self._admin = connect(
                        KafkaAdminClient,
                        self._settings,
                        HEALTH_SECONDS,
                        request_timeout_ms=int(HEALTH_SECONDS * 1000),
                    )
                self._admin.describe_topics([])
            except (Transient, KafkaError):
                return False
            return True

    def close(self) -> None:
        """Let go of everything."""
        for reader in self._readers:
            reader.close()
        with self._producer_lock:
            if self._producer is not None:
                _end(self._producer)
                self._producer = None
        with self._admin_lock:
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _ready_producer(self, seconds: float) -> Any:  # noqa: ANN401  # the library has no types
        with self._producer_lock:
            if self._producer is None:
                self._producer = connect(
                    KafkaProducer,
                    self._settings,
                    seconds,
                    acks="all",
                    enable_idempotence=True,
                    allow_auto_create_topics=False,
                    delivery_timeout_ms=DELIVERY_MS,
                    max_block_ms=DELIVERY_MS,
                    max_request_size=LARGEST_BYTES,
                    metrics_enabled=False,
                )
            return self._producer

    def _drop(self, producer: Any) -> None:  # noqa: ANN401
        """Have the next message sent by another producer, and what this one holds by nobody.

        One of kafka-python 3.0.12 answers with its last error, or not at all, once a message was
        refused or given up: it never asks for a new producer id.
        """
        with self._producer_lock:
            if self._producer is producer:
                self._producer = None
        _end(producer)


def _send(producer: Any, message: Outgoing, deadline: float) -> Any:  # noqa: ANN401
    # Here rather than in `send`, whose time the producer was made with: a call may have less.
    left_ms = max((deadline - time.monotonic()) * 1000, 1.0)
    partitions = producer._wait_on_metadata(message.topic, left_ms)
    if message.partition is not None and message.partition not in partitions:
        name = f"{message.topic} has no partition {message.partition}"
        raise Transient(f"{BUS_UNAVAILABLE}: {name}; `rostrum topics apply` may make it")
    return producer.send(
        message.topic,
        value=message.value,
        key=message.key.encode() or None,
        headers=list(message.headers),
        partition=message.partition,
    )


def _end(producer: Any) -> None:  # noqa: ANN401
    producer._sender.force_close()  # who waits for an answer gets an error
    producer.close(CLOSE_SECONDS)
