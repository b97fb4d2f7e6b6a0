"""What a worker fetches: a task that it may do, or a record with the reason why not."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from rostrum.director.v1 import line_pb2 as pb

from services.chassis.answers import Work
from services.chassis.bus import Record
from services.chassis.envelope import ENVELOPE_MALFORMED, Envelope, unwrap
from services.chassis.errors import Invalid
from services.chassis.names import check_digest

VIDEO: Final = re.compile(r"[0-9a-f]{32}")


@dataclass
class Fetched:
    """A record that lay on the stage's topic."""

    record: Record
    envelope: Envelope
    """Holds the task as the director sent it."""
    request: Message
    name: str = field(default_factory=lambda: uuid4().hex)
    """By which the crew knows it."""
    said: float = 0.0
    """When it was last reported on."""
    is_unwanted: bool = False
    """Whether nobody wants it any more."""
    is_overtaken: bool = False
    """Whether it stands for a later attempt than the one that its work was begun under."""

    @property
    def task(self) -> pb.Task:
        """The task."""
        assert isinstance(self.envelope.message, pb.Task)
        return self.envelope.message

    @property
    def work(self) -> Work:
        """The task as the crew does it."""
        task = self.task
        ids = {"video": task.video_id, "attempt": str(task.attempt)}
        trace = self.envelope.trace
        return Work(task.key, self.request, task.team, task.anew, trace, ids)

    def is_same_work(self, other: Fetched) -> bool:
        """Return whether the end of this task's work is the end of the other's too."""
        mine, theirs = self.task, other.task
        return (mine.key, mine.video_id, mine.anew) == (theirs.key, theirs.video_id, theirs.anew)


@dataclass(frozen=True)
class Refused:
    """A record that no worker could do anything with."""

    record: Record
    error: Invalid
    envelope: Envelope | None = None
    """Where that much could be read: the director can be told."""


def fetched(record: Record, kinds: Collection[str]) -> Fetched | Refused | None:
    """Return what a record holds; None for a tombstone.

    kinds: full names of the requests that this worker answers.
    """
    try:
        envelope = unwrap(record)
        if envelope is None:
            return None
        assert isinstance(envelope.message, pb.Task)
        check_names(envelope.message)
    except Invalid as error:
        return Refused(record, error)
    try:
        return Fetched(record, envelope, _request(envelope.message, kinds))
    except Invalid as error:
        return Refused(record, error, envelope)


def check_names(task: pb.Task) -> None:
    """Raise Invalid where a report on the task could not name it."""
    check_digest(task.key, "key")
    if not VIDEO.fullmatch(task.video_id):
        remedy = f"{task.video_id[:80]!r} is no video's id: 32 hexadecimal digits"
        raise Invalid("video_id", "VIDEO_ID_MALFORMED", remedy)


def _request(task: pb.Task, kinds: Collection[str]) -> Message:
    name = task.request.TypeName()
    if name not in kinds:
        remedy = f"{name[:200]!r} is not answered here; update this worker, or the director"
        raise Invalid("request", "REQUEST_TYPE_UNKNOWN", remedy)
    kind = GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
    try:
        return kind.FromString(task.request.value)
    except DecodeError:
        raise Invalid("request", ENVELOPE_MALFORMED, f"is no {name}") from None
