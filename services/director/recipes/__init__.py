"""Recipes: what has to be done for a video, as pure functions. Here, the words they speak in.

A recipe has three functions of a commission and of the results so far: `admission` returns the
checks that have no answer yet, `advance` the steps to do now or the finished video, `outline` all
that is expected from first to last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from google.protobuf.message import Message
from rostrum.media.v1.media_pb2 import Format

R = TypeVar("R", bound=Message)
B = TypeVar("B", bound=Message)


@dataclass(frozen=True)
class Step(Generic[R]):
    """One request to one stage, and what the director has to know about it."""

    stage: str
    """Room that answers it, for example "lipsync"."""
    name: str
    """Name within the video: "motion/rig", "lipsync/3" (chunks count from 1)."""
    request: Message
    response: type[R]
    """What the answer is parsed as."""
    weight: float
    """Seconds of one core it is expected to take; for forecasts alone."""
    fields: tuple[tuple[str, str], ...] = ()
    """Prefixes of the stage's field paths, and what the order calls them; the first that fits."""
    reads: tuple[str, ...] = ()
    """Of checks: what of the order, by first name, must be right for them to make sense."""
    likeness: bool = False
    """True where it looks at a portrait or shows a face: consent is asked for first."""

    def order_field(self, field: str) -> str:
        """Return the order's path for a field path of the stage's request."""
        for prefix, path in self.fields:
            if field == prefix or field.startswith((f"{prefix}.", f"{prefix}[")) or not prefix:
                return path + field[len(prefix) :] if prefix else path
        return field


@dataclass(frozen=True)
class Output:
    """One file that a video is delivered as."""

    name: str
    """File name, for example "senior-welder-16x9-1080.mp4"."""
    kind: str
    """"video", "thumbnail", "contact_sheet", "srt" or "vtt"."""
    digest: str
    format: Format | None = None
    """Of videos and their stills."""


@dataclass(frozen=True)
class Finished:
    """A finished video."""

    outputs: tuple[Output, ...]
    frame_count: int
    frame_rate: int

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return self.frame_count / self.frame_rate


Steps = tuple[Step[Message], ...]
"""What can be done now, what is wanted soonest first."""


class Answer(Protocol):
    """Looks a step's result up; None while there is none."""

    def __call__(self, step: Step[B], /) -> B | None:
        """Return the step's result."""
        ...


class Ledger:
    """Asks for results and keeps in mind what was still missing, in the order of asking."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.missing: list[Step[Message]] = []

    def ask(self, step: Step[B]) -> B | None:
        """Return the step's result, or None and note the step as missing."""
        if (result := self._answer(step)) is None:
            self.missing.append(step)  # type: ignore[arg-type]  # read only from here on
        return result


@dataclass(frozen=True)
class Planned:
    """A step that is expected, though not all that it is made from is known yet."""

    stage: str
    name: str
    weight: float
    """Seconds of one core, as in `Step`."""
