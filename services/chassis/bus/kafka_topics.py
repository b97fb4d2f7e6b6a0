"""Makes the topics of the registry on a broker: adds what is missing, takes nothing away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from services.chassis.bus import BUS_UNAVAILABLE
from services.chassis.bus.kafka_client import connect, kafka_errors
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings
from services.chassis.topics import TOPICS, Topic

CONNECT_SECONDS: Final = 15.0
LED_MS: Final = 60_000
"""Until every partition of a new topic has a leader; a busy broker takes its time."""
HOUR_MS: Final = 3_600_000
FRAME_BYTES: Final = 4_096
"""What Kafka writes around a message: its own limit is that much above ours."""
GROWS: Final = ("retention.ms", "max.message.bytes")
UNKNOWN_TOPIC: Final = 3
OURS: Final = "rostrum."


@dataclass(frozen=True)
class Finding:
    """What is to be said of one topic."""

    topic: str
    change: str
    """What was done to it, or would be; empty: nothing."""
    differs: str
    """What is not as registered and stays so; empty: nothing."""

    def __str__(self) -> str:
        said = "; ".join(filter(None, (self.change, self.differs)))
        return f"{self.topic}: {said or 'as registered'}"


@contextmanager
def admin(settings: BusSettings) -> Iterator[Any]:
    """Lend an administrator's client. Raises Transient where no broker answers."""
    client = connect(KafkaAdminClient, settings, CONNECT_SECONDS)
    try:
        with kafka_errors("administering topics"):
            yield client
    finally:
        client.close()


def apply_topics(
    settings: BusSettings,
    topics: Mapping[str, Topic] = TOPICS,
    *,
    replicas: int = -1,
    check: bool = False,
) -> list[Finding]:
    """Make the broker's topics as registered, and tell what was done and what still differs.

    Missing topics are made; partitions, retention and message size grow; nothing shrinks, nothing
    is deleted. replicas: of each partition of a new topic; -1: the broker's default. check: change
    nothing, tell what would be done. Raises Transient where the broker does not answer.
    """
    with admin(settings) as client:
        there = {told["name"]: told for told in client.describe_topics(None)}
        findings = []
        for topic in topics.values():
            if topic.name not in there:
                findings.append(_create(client, topic, replicas, check=check))
            else:
                count = len(there[topic.name]["partitions"])
                findings.append(_grow(client, topic, count, check=check))
        if not check:
            client.wait_for_topics(list(topics), timeout_ms=LED_MS)
    strangers = sorted(name for name in there if name.startswith(OURS) and name not in topics)
    return findings + [
        Finding(name, "", "is not in the registry; left alone") for name in strangers
    ]


def settings_of(topic: Topic) -> dict[str, str]:
    """Return a topic's settings, in Kafka's words."""
    return {
        "retention.ms": str(topic.retention_hours * HOUR_MS),
        "max.message.bytes": str(topic.largest_bytes + FRAME_BYTES),
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "delete",
    }


def _create(client: Any, topic: Topic, replicas: int, *, check: bool) -> Finding:  # noqa: ANN401
    if not check:
        wanted = {
            "num_partitions": topic.partitions,
            "replication_factor": replicas,
            "configs": settings_of(topic),
        }
        with suppress(TopicAlreadyExistsError):  # somebody else applies at the same time
            client.create_topics({topic.name: wanted})
    verb = "would be made" if check else "made"
    return Finding(topic.name, f"{verb}, with {_partitions(topic.partitions)}", "")


def _grow(client: Any, topic: Topic, count: int, *, check: bool) -> Finding:  # noqa: ANN401
    done, differs = [], []
    if count < topic.partitions:
        if not check:
            client.create_partitions({topic.name: topic.partitions})
        done.append(f"{_partitions(count)} grown to {topic.partitions}")
    elif count > topic.partitions:
        differs.append(f"has {_partitions(count)}, registered are {topic.partitions}")
    changes = {}
    for name, (is_now, wanted) in _unlike(client, topic).items():
        if name in GROWS and int(is_now) > int(wanted):
            differs.append(f"{name} is {is_now}, registered is {wanted}")
        else:
            changes[name] = wanted
            done.append(f"{name} set from {is_now} to {wanted}")
    if changes and not check:
        _set(client, topic, changes)
    would = "would have " if check and done else ""
    return Finding(topic.name, would + ", ".join(done), ", ".join(differs))


def _unlike(client: Any, topic: Topic) -> dict[str, tuple[str, str]]:  # noqa: ANN401
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
    told = client.describe_configs([resource], config_filter="all")["topic"][topic.name]
    wanted = settings_of(topic)
    return {
        name: (told[name]["value"], wanted[name])
        for name in wanted
        if told[name]["value"] != wanted[name]
    }


def _set(client: Any, topic: Topic, changes: Mapping[str, str]) -> None:  # noqa: ANN401
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, dict(changes))
    answer = client.alter_configs([resource])["topic"][topic.name]
    if answer != "OK":
        raise Transient(f"{BUS_UNAVAILABLE}: {topic.name} could not be set: {answer}")


def _partitions(count: int) -> str:
    return f"{count} partition{'s' * (count != 1)}"
