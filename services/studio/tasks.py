"""What travels between the pool and its workers: a request over, an answer or an error back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from google.protobuf.any_pb2 import Any as Envelope
from google.protobuf.message import Message

from services.chassis.errors import Corrupt, Invalid, StageError, Transient, Violation

ANSWER = b"A"
INVALID = b"I"
TRANSIENT = b"T"
CORRUPT = b"C"
BUG = b"B"


class Bug(Exception):
    """A stage raised what nobody foresaw."""

    def __init__(self, trace: str) -> None:
        self.trace = trace
        """Where it happened, for a developer."""
        super().__init__(f"nobody foresaw this: {trace.strip().splitlines()[-1]}")


@dataclass(frozen=True)
class Answer:
    """What a stage answered, and what it cost."""

    response: bytes
    """The response message, serialised."""
    seconds: float
    """By the wall."""
    cpu_seconds: float
    """Of the worker and of the programs it ran."""


NOTHING: Final = Answer(b"", 0.0, 0.0)


def write_request(request: Message) -> bytes:
    """Return a request with its type, as bytes."""
    envelope = Envelope()
    envelope.Pack(request)
    return envelope.SerializeToString(deterministic=True)


def read_request(data: bytes) -> Envelope:
    """Return the envelope of a request."""
    return Envelope.FromString(data)


def write_answer(answer: Answer) -> bytes:
    """Return an answer as bytes."""
    cost = json.dumps([answer.seconds, answer.cpu_seconds]).encode()
    return ANSWER + cost + b"\n" + answer.response


def write_error(error: StageError | Bug) -> bytes:
    """Return an error as bytes."""
    if isinstance(error, Invalid):
        rows = [[v.field, v.reason, v.remedy] for v in error.violations]
        return INVALID + json.dumps(rows).encode()
    if isinstance(error, Corrupt):
        return CORRUPT + json.dumps([error.digest, error.reason]).encode()
    if isinstance(error, Bug):
        return BUG + error.trace.encode()
    return TRANSIENT + str(error).encode()


def read_answer(data: bytes) -> Answer:
    """Return a worker's answer, or raise the error that it sent instead."""
    kind, body = data[:1], data[1:]
    if kind == ANSWER:
        cost, _, response = body.partition(b"\n")
        return Answer(response, *json.loads(cost))
    if kind == INVALID:
        raise Invalid.every(Violation(*row) for row in json.loads(body))
    if kind == CORRUPT:
        raise Corrupt(*json.loads(body))
    raise (Transient if kind == TRANSIENT else Bug)(body.decode())
