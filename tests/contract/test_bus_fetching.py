"""A partition that was held back while others were read is read again afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

from services.chassis.bus import Outgoing
from services.chassis.bus.kafka import KafkaBus
from services.chassis.settings import BusSettings
from services.chassis.topics import Topic
from services.studio.servers.kafka import KafkaServer

EACH = 4
SECONDS = 15.0


@pytest.mark.parametrize("held", [0, 1])
def test_a_partition_that_was_held_back_for_a_while_is_not_silent_for_ever(
    kafka: KafkaServer, new_topic: Callable[[int], str], held: int
) -> None:
    name = new_topic(2)
    topic = Topic(name, "", "bytes", "none", (), (), 2, 1, 65_536)
    bus = KafkaBus(BusSettings.read(brokers=kafka.address), {name: topic})
    reader = bus.join("group", [name])
    while len(reader.partitions()) < 2:
        reader.poll(0.1)
    bus.publish([Outgoing(name, b"x", partition=held) for _ in range(EACH)])
    found = Counter(record.partition for record in poll(reader.poll, 1))
    own = next(own for own in reader._consumer.assignment() if own.partition == held)
    reader._consumer.pause(own)  # as a rebalance does, on a thread of its own
    bus.publish([Outgoing(name, b"x", partition=1 - held) for _ in range(EACH)])
    found += Counter(record.partition for record in poll(reader.poll, EACH))
    reader.resume()
    found += Counter(record.partition for record in poll(reader.poll, EACH - 1))
    bus.close()
    assert found == {held: EACH, 1 - held: EACH}, "what had been fetched was forgotten"


def poll(ask: Callable[[float, int], list], count: int) -> list:
    """Ask for one record at a time until there are so many, or none comes any more."""
    deadline, found = time.monotonic() + SECONDS, []
    while len(found) < count and time.monotonic() < deadline:
        found += ask(0.1, 1)
    return found
