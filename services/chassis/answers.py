"""What travels between a pool and its children: a task over, an answer or an error back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Final, Literal

from google.protobuf.any_pb2 import Any as Envelope
from google.protobuf.message import Message

from services.chassis.errors import Corrupt, Invalid, StageError, Transient, Violation
from services.chassis.store import digest_of
from services.chassis.traffic import Moved

READY = b"R"
ANSWER = b"A"
INVALID = b"I"
TRANSIENT = b"T"
CORRUPT = b"C"
BUG = b"B"

Cause = Literal["cancelled", "draining"]
"""Why work is ended on purpose: nobody wants it any more, or this process ends."""


class Bug(Exception):
    """A stage raised what nobody foresaw."""

    def __init__(self, trace: str) -> None:
        self.trace = trace
        """Where it happened, for a developer."""
        super().__init__(f"nobody foresaw this: {trace.strip().splitlines()[-1]}")


class Death(Transient):
    """The process that did the work died."""


class Stopped(Exception):
    """The work was ended on purpose, or never begun."""

    def __init__(self, cause: Cause) -> None:
        self.cause: Cause = cause
        super().__init__(cause)


@dataclass(frozen=True)
class Work:
    """A task as a child does it."""

    key: str
    """The task's key: its result lies in the store under it."""
    request: Message
    """The stage's request, or an `Any` that holds it."""
    team: str = "public"
    """Whose realm of the store it reads and writes."""
    anew: bool = False
    """Whether a result that is there already must not be taken."""
    trace: Mapping[str, str] = field(default_factory=dict)
    """W3C trace context of whoever wants it."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """What log lines about it name besides task and team, for example the video."""


@dataclass(frozen=True)
class Answer:
    """What a stage answered, and what it cost."""

    response: bytes
    """The response message that stands for this task, serialised."""
    seconds: float
    """By the wall."""
    cpu_seconds: float
    """Of the child and of the programs it ran."""
    reused: bool = False
    """Whether the result was there already."""
    moved: Moved = field(default_factory=Moved)
    """What it read from the store and wrote there."""

    @property
    def digest(self) -> str:
        """SHA-256 of the response."""
        return digest_of(self.response)


@dataclass(frozen=True)
class Ready:
    """What a child says once it can work."""

    engines: tuple[tuple[str, str], ...] = ()
    """Name and fingerprint of each engine; the first answers requests that name none."""
    kinds: tuple[str, ...] = ()
    """Full names of the requests it answers, where it knows them beforehand."""


Outcome = Answer | StageError | Bug | Stopped
"""What became of a task."""

NOTHING: Final = Answer(b"", 0.0, 0.0)


def write_work(work: Work) -> bytes:
    """Return a task as bytes."""
    envelope = work.request
    if not isinstance(envelope, Envelope):
        envelope = Envelope()
        envelope.Pack(work.request)
    head = [work.key, work.team, work.anew, dict(work.trace), dict(work.ids)]
    return json.dumps(head).encode() + b"\n" + envelope.SerializeToString(deterministic=True)


def read_work(data: bytes) -> tuple[Work, Envelope]:
    """Return a task, and the envelope that is its request."""
    head, _, body = data.partition(b"\n")
    envelope = Envelope.FromString(body)
    key, team, *rest = json.loads(head)
    return Work(key, envelope, team, *rest), envelope


def write_ready(ready: Ready) -> bytes:
    """Return the word of a child that can work, as bytes."""
    return READY + json.dumps([ready.engines, ready.kinds]).encode()


def read_ready(data: bytes) -> Ready:
    """Return the word of a child that can work, or raise the error that it sent instead."""
    if data[:1] != READY:
        read_answer(data)
    engines, kinds = json.loads(data[1:])
    return Ready(tuple((name, fingerprint) for name, fingerprint in engines), tuple(kinds))


def write_answer(answer: Answer) -> bytes:
    """Return an answer as bytes."""
    cost = [answer.seconds, answer.cpu_seconds, answer.reused, astuple(answer.moved)]
    return ANSWER + json.dumps(cost).encode() + b"\n" + answer.response


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


def read_outcome(data: bytes | None) -> Outcome:
    """Return a child's answer or the error that it sent instead; of None, that it died."""
    if data is None:
        return Death("WORKER_DIED: the process that worked on it died")
    try:
        return read_answer(data)
    except (StageError, Bug) as error:
        return error


def is_bug(data: bytes) -> bool:
    """Return whether a child sent that nobody foresaw what happened to it."""
    return data[:1] == BUG


def read_answer(data: bytes) -> Answer:
    """Return a child's answer, or raise the error that it sent instead."""
    kind, body = data[:1], data[1:]
    if kind == ANSWER:
        cost, _, response = body.partition(b"\n")
        seconds, cpu_seconds, reused, moved = json.loads(cost)
        return Answer(response, seconds, cpu_seconds, reused, Moved(*moved))
    if kind == INVALID:
        raise Invalid.every(Violation(*row) for row in json.loads(body))
    if kind == CORRUPT:
        raise Corrupt(*json.loads(body))
    raise (Transient if kind == TRANSIENT else Bug)(body.decode())
