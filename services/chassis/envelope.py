"""What is written on every message: CloudEvents 1.0 in binary mode, and W3C trace context.

The value is the protobuf message; what describes it are Kafka headers. Source: CloudEvents 1.0.2,
Kafka protocol binding, binary content mode.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from google.protobuf.message import DecodeError, Message
from rostrum.director.v1.line_pb2 import Control, Report, Task, WorkerStatus
from rostrum.director.v1.production_pb2 import VideoEvent

from services.chassis.bus import Outgoing, Record
from services.chassis.bus.limits import refuse_oversize
from services.chassis.errors import Invalid, Violation
from services.chassis.topics import RAW, TOPICS, Topic, dead_of

ENVELOPE_MALFORMED: Final = "ENVELOPE_MALFORMED"
ENVELOPE_FIELD_REQUIRED: Final = "ENVELOPE_FIELD_REQUIRED"
ENVELOPE_VERSION_UNSUPPORTED: Final = "ENVELOPE_VERSION_UNSUPPORTED"
STAGE_ORDER: Final = "STAGE_ORDER"

VERSION: Final = 1
"""Of what is written. A reader takes this version and the one before."""
CONTENT_TYPE: Final = "application/protobuf"
TRACE: Final = ("traceparent", "tracestate")
NEEDED: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type", "content-type")
TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

MESSAGES: Final[Mapping[str, type[Message]]] = {
    kind.DESCRIPTOR.full_name: kind for kind in (Task, Report, WorkerStatus, Control, VideoEvent)
}
REQUIRED: Final[Mapping[type[Message], tuple[str, ...]]] = {
    Task: ("key", "video_id", "team", "attempt", "request"),
    Report: ("key", "video_id", "attempt", "stage", "worker", "event"),
    WorkerStatus: ("worker", "stage"),
    Control: (),  # a word of a newer version is passed over, not parked by every worker
    VideoEvent: ("kind", "video", "team"),
}
"""What no reader can do without. A name may be a field or a oneof."""


@dataclass(frozen=True)
class Envelope:
    """A message that was read, and what was written on it."""

    id: str
    """The same for every delivery of one message: what a reader's inbox knows it by."""
    type: str
    """Full name of the message, and what kind of it where the writer said."""
    version: int
    message: Message
    trace: Mapping[str, str]
    """W3C trace context to go on with; empty: none."""
    source: str
    """Who wrote it."""


def wrap(  # noqa: PLR0913  # what is written on an envelope is many things
    topic: Topic,
    message: Message,
    *,
    id: str,  # noqa: A002  # CloudEvents' own word
    source: str,
    key: str = "",
    partition: int | None = None,
    trace: Mapping[str, str] | None = None,
    kind: str = "",
    time_ms: int | None = None,
) -> Outgoing:
    """Return a message, ready to publish.

    id: of the message; a message that is published again keeps it. source: who writes, a URI
    reference, for example "lipsync-7f3c". kind: of the message, for readers who choose by it
    ("finished" of a VideoEvent). time_ms: when it came about, in ms since 1970; None: now.
    Raises Invalid MESSAGE_TOO_LARGE, and ValueError for a message that is not the topic's.
    """
    name = message.DESCRIPTOR.full_name
    if topic.message != name:
        raise ValueError(f"{topic.name} carries {topic.message}, not {name}")
    moment = time.time() if time_ms is None else time_ms / 1000
    headers = {
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_source": source,
        "ce_type": f"{name}.{kind}" if kind else name,
        "ce_time": datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds"),
        "ce_subject": key,
        "ce_dataschema": f"urn:protobuf:{name}",
        "ce_schemaversion": str(VERSION),
        "content-type": CONTENT_TYPE,
        **{part: (trace or {}).get(part, "") for part in TRACE},
    }
    written = tuple((part, text.encode()) for part, text in headers.items() if text)
    outgoing = Outgoing(topic.name, message.SerializeToString(), key, partition, written)
    refuse_oversize(topic, outgoing)
    return outgoing


def unwrap(record: Record, topics: Mapping[str, Topic] = TOPICS) -> Envelope | None:
    """Return what a record holds; None for a tombstone, which holds nothing.

    Raises Invalid, each field a part of the envelope: MESSAGE_TOO_LARGE, ENVELOPE_MALFORMED,
    ENVELOPE_VERSION_UNSUPPORTED, ENVELOPE_FIELD_REQUIRED, STAGE_ORDER for another stage's work.
    """
    if record.value is None:
        return None
    topic = topics[record.topic]
    refuse_oversize(topic, record)
    headers = _headers(record)
    _check_version(headers.get("ce_schemaversion", "0"))
    _check_headers(headers, topic)
    message = _parse(MESSAGES[topic.message], record.value)
    _check_message(message, topic)
    version = VERSION  # version 0 differs by the lack of ce_schemaversion alone: this upgrades it
    identity, source = headers["ce_id"], headers["ce_source"]
    return Envelope(identity, headers["ce_type"], version, message, _trace(headers), source)


def dead_letter(record: Record, error: Invalid) -> Outgoing:
    """Return the record as it came, to publish where its topic's unreadable messages go.

    The reason and the place it came from are added as headers.
    """
    said = {
        "rostrum_reason": error.violations[0].reason,
        "rostrum_error": str(error)[:1000],
        "rostrum_from": f"{record.topic}/{record.partition}/{record.offset}",
    }
    added = tuple((name, text.encode()) for name, text in said.items())
    topic = dead_of(TOPICS[record.topic])
    return Outgoing(topic.name, record.value, record.key, headers=record.headers + added)


def _headers(record: Record) -> dict[str, str]:
    names = [name for name, _ in record.headers]
    for name in names:
        if name.startswith("ce_") and names.count(name) > 1:
            raise Invalid(name, ENVELOPE_MALFORMED, "is there twice; write each header once")
    try:
        return {name: value.decode() for name, value in record.headers}
    except UnicodeDecodeError as error:
        raise Invalid("headers", ENVELOPE_MALFORMED, "are not UTF-8") from error


def _check_version(said: str) -> None:
    if said not in {str(VERSION - 1), str(VERSION)}:
        remedy = f"this reads versions {VERSION - 1} and {VERSION}; update the reader or the writer"
        raise Invalid("ce_schemaversion", ENVELOPE_VERSION_UNSUPPORTED, remedy)


def _check_headers(headers: Mapping[str, str], topic: Topic) -> None:
    if missing := [name for name in NEEDED if not headers.get(name)]:
        raise Invalid.every(
            Violation(name, ENVELOPE_FIELD_REQUIRED, "must be set") for name in missing
        )
    if headers["ce_specversion"] != "1.0":
        raise Invalid("ce_specversion", ENVELOPE_MALFORMED, "write CloudEvents 1.0")
    if headers["content-type"] != CONTENT_TYPE or topic.message == RAW:
        raise Invalid("content-type", ENVELOPE_MALFORMED, f"must be {CONTENT_TYPE}")
    if not f"{headers['ce_type']}.".startswith(f"{topic.message}."):
        raise Invalid("ce_type", ENVELOPE_MALFORMED, f"{topic.name} carries {topic.message}")


def _parse(kind: type[Message], value: bytes) -> Message:
    try:
        return kind.FromString(value)
    except DecodeError as error:
        remedy = f"is not a {kind.DESCRIPTOR.full_name}"
        raise Invalid("data", ENVELOPE_MALFORMED, remedy) from error


def _check_message(message: Message, topic: Topic) -> None:
    missing = [name for name in REQUIRED[type(message)] if not _has(message, name)]
    if missing:
        raise Invalid.every(
            Violation(name, ENVELOPE_FIELD_REQUIRED, "must be set") for name in missing
        )
    if isinstance(message, Task):
        name = message.request.TypeName()
        if name.split(".")[:2] not in (["rostrum", stage] for stage in topic.readers):
            stages = " or ".join(topic.readers)
            raise Invalid("request", STAGE_ORDER, f"{name} is not for {stages}; ask its own stage")


def _has(message: Message, name: str) -> bool:
    if name in message.DESCRIPTOR.oneofs_by_name:
        return message.WhichOneof(name) is not None
    value = getattr(message, name)
    return message.HasField(name) if isinstance(value, Message) else bool(value)


def _trace(headers: Mapping[str, str]) -> dict[str, str]:
    if not TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        return {}  # W3C: who cannot read it goes on without
    return {name: headers[name] for name in TRACE if name in headers}
