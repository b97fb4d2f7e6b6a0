"""The topics of the bus, as protos/topics.yaml registers them; no other code knows their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import yaml

RAW: Final = "bytes"
"""What the registry calls a message that is kept as it came."""


@dataclass(frozen=True)
class Topic:
    """One topic, as registered."""

    name: str
    purpose: str
    message: str
    """Full name of the protobuf message, or "bytes"."""
    key: str
    """What the key is, in words; "none" where messages have none."""
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    partitions: int
    retention_hours: int
    largest_bytes: int
    """The most that key, value and headers of one message may have together."""


def _read() -> Mapping[str, Topic]:
    text = resources.files("services.chassis").joinpath("topics.yaml").read_text("utf-8")
    return MappingProxyType(
        {name: _topic(name, said) for name, said in yaml.safe_load(text).items()}
    )


def _topic(name: str, said: dict[str, Any]) -> Topic:
    rooms = {who: tuple(said[who]) for who in ("writers", "readers")}
    return Topic(name, **said | rooms)


TOPICS: Final = _read()
REPORTS: Final = TOPICS["rostrum.reports"]
WORKERS: Final = TOPICS["rostrum.workers"]
CONTROL: Final = TOPICS["rostrum.control"]
VIDEOS: Final = TOPICS["rostrum.videos"]


def tasks_of(stage: str) -> Topic:
    """Return the topic that a stage takes its tasks from. Raises KeyError for no stage."""
    return TOPICS[f"rostrum.{stage}.tasks"]


def dead_of(topic: Topic) -> Topic:
    """Return where messages of `topic` go that cannot be read. Raises KeyError if nowhere."""
    return TOPICS[f"{topic.name.removesuffix('.tasks')}.dead"]
