"""How large a message may be: judged before it is sent, and again where it is read."""

from __future__ import annotations

from services.chassis.bus import MESSAGE_TOO_LARGE, Outgoing, Record
from services.chassis.errors import Invalid
from services.chassis.topics import Topic


def bytes_of(message: Outgoing | Record) -> int:
    """Return the bytes of key, value and headers together."""
    headers = sum(len(name.encode()) + len(value) for name, value in message.headers)
    return len(message.key.encode()) + len(message.value or b"") + headers


def refuse_oversize(topic: Topic, message: Outgoing | Record) -> None:
    """Raise Invalid where a message is larger than its topic takes."""
    if (size := bytes_of(message)) > topic.largest_bytes:
        remedy = f"{topic.name} takes {topic.largest_bytes} bytes, this has {size}"
        raise Invalid("message", MESSAGE_TOO_LARGE, f"{remedy}; send media by digest")
