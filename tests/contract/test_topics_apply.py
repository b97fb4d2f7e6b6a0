"""`rostrum topics`: what is registered is made on a broker, and nothing is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from services.chassis.bus.kafka_topics import Finding, admin, apply_topics, settings_of
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings
from services.chassis.topics import TOPICS, Topic
from services.studio.__main__ import app
from services.studio.servers.kafka import KafkaServer


@pytest.fixture
def settings(kafka: KafkaServer) -> BusSettings:
    return BusSettings.read(brokers=kafka.address)


@pytest.fixture
def topic() -> Topic:
    return Topic(f"test.{uuid4().hex[:12]}", "Try.", "bytes", "none", (), (), 3, 2, 1000)


def state(settings: BusSettings, name: str) -> tuple[int, dict[str, str]]:
    """Return a topic's partitions and settings, as the broker tells them."""
    with admin(settings) as client:
        (told,) = client.describe_topics([name])
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        values = client.describe_configs([resource], config_filter="all")["topic"][name]
    return len(told["partitions"]), {key: value["value"] for key, value in values.items()}


def said(settings: BusSettings, topic: Topic, *, check: bool = False) -> str:
    findings: dict[str, Finding] = {
        finding.topic: finding
        for finding in apply_topics(settings, {topic.name: topic}, check=check)
    }
    return str(findings[topic.name]).removeprefix(f"{topic.name}: ")


def test_a_missing_topic_is_made_as_registered(settings: BusSettings, topic: Topic) -> None:
    assert said(settings, topic) == "made, with 3 partitions"
    count, values = state(settings, topic.name)
    assert count == 3
    assert values["message.timestamp.type"] == "LogAppendTime", "leases need the broker's clock"
    assert values["retention.ms"] == "7200000"
    assert int(values["max.message.bytes"]) > topic.largest_bytes, "Kafka's own frame counts there"
    assert values["cleanup.policy"] == "delete"
    assert said(settings, topic) == "as registered", "the second time there is nothing to do"


def test_check_changes_nothing(settings: BusSettings, topic: Topic) -> None:
    assert said(settings, topic, check=True) == "would be made, with 3 partitions"
    said(settings, topic)
    larger = replace(topic, partitions=5, retention_hours=4)
    before = state(settings, topic.name)
    told = said(settings, larger, check=True)
    assert told.startswith("would have 3 partitions grown to 5, retention.ms set from 7200000 to")
    assert state(settings, topic.name) == before


def test_what_the_registry_has_more_of_grows(settings: BusSettings, topic: Topic) -> None:
    said(settings, topic)
    larger = replace(topic, partitions=5, retention_hours=4, largest_bytes=9000)
    assert "3 partitions grown to 5" in said(settings, larger)
    count, values = state(settings, topic.name)
    assert count == 5
    assert {name: values[name] for name in settings_of(larger)} == settings_of(larger)


def test_what_the_broker_has_more_of_stays_and_is_said(settings: BusSettings, topic: Topic) -> None:
    said(settings, topic)
    before = state(settings, topic.name)
    smaller = replace(topic, partitions=1, retention_hours=1)
    told = said(settings, smaller)
    assert (
        told == "has 3 partitions, registered are 1, retention.ms is 7200000, registered is 3600000"
    )
    assert state(settings, topic.name) == before, "messages would be lost"


@pytest.fixture
def command(kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("ROSTRUM_BROKERS", kafka.address)
    return CliRunner()


def test_the_command_makes_the_whole_registry(command: CliRunner, settings: BusSettings) -> None:
    stranger = replace(TOPICS["rostrum.control"], name="rostrum.old.tasks")
    apply_topics(settings, {stranger.name: stranger})
    first = command.invoke(app, ["topics", "apply", "--check"])
    assert first.exit_code == 1, "a pipeline sees that something is missing"
    done = command.invoke(app, ["topics", "apply"])
    assert done.exit_code == 0
    assert all(f"{name}: " in done.output for name in TOPICS)
    assert "rostrum.old.tasks: is not in the registry; left alone" in done.output
    with admin(settings) as client:
        client.delete_topics([stranger.name])
    again = command.invoke(app, ["topics", "apply", "--check"])
    assert again.exit_code == 0, again.output


def test_the_list_needs_no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROSTRUM_BROKERS", raising=False)
    shown = CliRunner().invoke(app, ["topics", "list"])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in TOPICS)


def test_a_broker_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.bus.kafka_topics.CONNECT_SECONDS", 0.3)
    with pytest.raises(Transient, match=r"no broker of 127\.0\.0\.1:1 answers"):
        apply_topics(BusSettings.read(brokers="127.0.0.1:1"))
