"""The same request, however often it comes: the id that a caller chose, and what it stood for."""

from __future__ import annotations

import hashlib

from google.protobuf.message import Message

from services.chassis.calls import Call
from services.chassis.errors import Invalid
from services.director.messages import Row


def digest_of_messages(*parts: Message) -> str:
    """Return the SHA-256 of a request's messages, each in its one serialised form."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.SerializeToString(deterministic=True)
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def check_same_body(row: Row, digest: str, field: str) -> None:
    """Raise Invalid where a request id was used for something else."""
    if row["request_digest"] != digest:
        remedy = "this id was used with another body; choose a new one for a new request"
        raise Invalid(field, "IDEMPOTENCY_KEY_REUSED", remedy)


def traceparent(call: Call) -> str:
    """Return the caller's trace, as rows hold it; empty for none."""
    return call.trace.get("traceparent", "")
