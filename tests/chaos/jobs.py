"""The orders that a chaos run hands in, and what each must become."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import Message
from rostrum.director.v1.director_pb2 import (
    Channel,
    Commission,
    Consent,
    MediaFile,
    Order,
    Presenter,
)
from rostrum.director.v1.production_pb2 import CreateVideoRequest
from rostrum.media.v1.media_pb2 import Format

from services.chassis.store import digest_of
from services.director.orders import complete
from services.director.recipes import Finished, Step, talking_head
from tests.chaos import synthetic

CHANNELS: Final = ("north", "south", "east")
WORDS: Final = (
    "ferry",
    "harbour",
    "night",
    "master",
    "welder",
    "bridge",
    "council",
    "opens",
    "closes",
)
PNG: Final = b"\x89PNG\r\n\x1a\n"
M = TypeVar("M", bound=Message)

Files = dict[str, str]
"""Name of each file of a video -> its digest."""


@dataclass(frozen=True)
class File:
    """A file to upload."""

    data: bytes
    extension: str


@dataclass(frozen=True)
class Job:
    """A video to order."""

    request: CreateVideoRequest
    files: tuple[File, ...]
    """What it names."""

    @property
    def id(self) -> str:
        """Its request id."""
        return self.request.request_id


def make_jobs(seed: int, count: int) -> list[Job]:
    """Return as many jobs for synthetic stages; the same for the same seed.

    Each has a presenter of its own, so that none shares a task with another.
    """
    chance = random.Random(seed)
    return [_job(number, chance) for number in range(count)]


def expected(job: Job) -> Files:
    """Return the files that an undisturbed line makes of a job, by doing it here, one by one."""
    request = job.request
    commission = complete(
        Commission(order=request.order, presenter=request.presenter, channel=request.channel)
    )
    answers: dict[bytes, Message] = {}

    def look(step: Step[M]) -> M | None:
        return answers.get(_name(step.request))  # type: ignore[return-value]  # of this very step

    while not isinstance(steps := talking_head.advance(commission, look), Finished):
        for step in steps:
            answers[_name(step.request)] = _answer(step.request)
    return {output.name: output.digest for output in steps.outputs}


def _job(number: int, chance: random.Random) -> Job:
    portrait = PNG + chance.randbytes(200)
    name = f"chaos-{number:04d}"
    presenter = Presenter(
        name=f"presenter-{number:04d}",
        portrait=MediaFile(digest=digest_of(portrait), extension="png"),
        consent=Consent(kind="synthetic"),
    )
    order = Order(
        name=name,
        channel=chance.choice(CHANNELS),
        presenter=presenter.name,
        script=" ".join(_sentence(number, chance) for _ in range(chance.choice((1, 1, 2)))),
        formats=[Format(aspect="16:9", height=360)],
    )
    order.data.update({"title": f"Number {number}"})
    request = CreateVideoRequest(
        request_id=name, order=order, presenter=presenter, channel=Channel(name=order.channel)
    )
    return Job(request, (File(portrait, "png"),))


def _sentence(number: int, chance: random.Random) -> str:
    return f"{' '.join(chance.choices(WORDS, k=6)).capitalize()} {number}."


def _name(request: Message) -> bytes:
    return request.DESCRIPTOR.full_name.encode() + request.SerializeToString(deterministic=True)


def _answer(request: Message) -> Message:
    def make(name: str) -> str:
        return digest_of(synthetic.artefact(request, name))

    return synthetic.respond(request.DESCRIPTOR.name, request, make)
