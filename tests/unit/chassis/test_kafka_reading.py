"""What a broker that goes at the wrong moment does to those who have just reached it."""

import pytest
from kafka.errors import KafkaConnectionError

from services.chassis.bus import kafka_reading
from services.chassis.bus.kafka_reading import KafkaFollower
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings


class Cut:
    """A consumer whose broker has gone since it connected."""

    is_closed = False

    def partitions_for_topic(self, _: str) -> set[int]:
        raise KafkaConnectionError("socket disconnected")

    def close(self, timeout_ms: int) -> None:
        assert timeout_ms
        self.is_closed = True


def test_a_broker_that_goes_right_after_connecting_is_one_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut = Cut()
    monkeypatch.setattr(kafka_reading, "connect", lambda *_, **__: cut)
    with pytest.raises(Transient, match="BUS_UNAVAILABLE"):
        KafkaFollower(BusSettings.read(brokers="127.0.0.1:1"), ["topic"], from_end=True)
    assert cut.is_closed, "nobody else will"
