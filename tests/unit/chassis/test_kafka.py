"""The bus over Kafka keeps to its caller's time, whatever the library waits for."""

import time
from types import SimpleNamespace

import pytest
from kafka.errors import KafkaTimeoutError

from services.chassis.bus import Outgoing
from services.chassis.bus import kafka as kafka_bus
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings
from services.chassis.topics import REPORTS


class Producer:
    """One that has just reached a broker, which then goes away."""

    def __init__(self, max_block_ms: int) -> None:
        self._max_block_ms = max_block_ms
        self._sender = SimpleNamespace(force_close=lambda: None)

    def partitions_for(self, topic: str) -> set[int]:
        return self._wait_on_metadata(topic, self._max_block_ms)

    def _wait_on_metadata(self, _topic: str, max_wait_ms: float) -> set[int]:
        time.sleep(max_wait_ms / 1000)
        raise KafkaTimeoutError

    def send(self, topic: str, **_: object) -> None:
        self.partitions_for(topic)

    def close(self, _seconds: float) -> None:
        pass


@pytest.mark.parametrize("partition", [None, 1])
def test_publishing_takes_no_longer_than_its_caller_waits(
    monkeypatch: pytest.MonkeyPatch, partition: int | None
) -> None:
    def connect(*_: object, max_block_ms: int, **__: object) -> Producer:
        return Producer(max_block_ms)

    monkeypatch.setattr(kafka_bus, "connect", connect)
    monkeypatch.setattr(kafka_bus, "DELIVERY_MS", 2_000)
    bus = kafka_bus.KafkaBus(BusSettings(brokers=["127.0.0.1:1"]))
    began = time.monotonic()
    with pytest.raises(Transient, match="BUS_UNAVAILABLE"):
        bus.publish([Outgoing(REPORTS.name, b"x", partition=partition)], 0.1)
    assert time.monotonic() - began < 1.5
