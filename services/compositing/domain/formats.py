"""Formats: the shape and size of a finished picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.errors import Invalid, Violation

ASPECTS: Final = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
LEAST_HEIGHT: Final = 360
MOST_HEIGHT: Final = 1080
MOST_FORMATS: Final = 12


@dataclass(frozen=True)
class Format:
    """An aspect, and the pixels of the picture's short side."""

    aspect: str
    """"16:9", "9:16" or "1:1"."""
    height: int
    """Even, 360 to 1080."""

    @property
    def scale(self) -> float:
        """Return pixels of this format per pixel of a template's measures."""
        return self.height / MOST_HEIGHT

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels, both even."""
        across, down = ASPECTS[self.aspect]
        short = min(across, down)
        return _even(self.height * across / short), _even(self.height * down / short)


def named(asked: Sequence[tuple[str, int]]) -> tuple[Format, ...]:
    """Return the formats that pairs of aspect and height mean, unchecked; height 0 is 1080."""
    return tuple(Format(aspect, height or MOST_HEIGHT) for aspect, height in asked)


def check(formats: Sequence[Format]) -> None:
    """Raise Invalid that says everything wrong with any of the formats, or do nothing."""
    if wrong := list(violations(formats)):
        raise Invalid.every(wrong)


def violations(formats: Sequence[Format]) -> Iterator[Violation]:
    """Yield what `check` would raise."""
    if not formats:
        yield Violation("formats", "FIELD_REQUIRED", "name at least one format")
    if len(formats) > MOST_FORMATS:
        remedy = f"at most {MOST_FORMATS} formats of a video"
        yield Violation("formats", "FORMATS_TOO_MANY", remedy)
    for index, one in enumerate(formats[:MOST_FORMATS]):
        yield from _wrong(f"formats[{index}]", one)


def _wrong(field: str, one: Format) -> Iterator[Violation]:
    if one.aspect not in ASPECTS:
        choice = ", ".join(ASPECTS)
        yield Violation(f"{field}.aspect", "ASPECT_UNKNOWN", f"{one.aspect!r} is none of {choice}")
    if one.height % 2:
        remedy = f"{one.height} is odd; video needs even sides, so use {one.height - 1}"
        yield Violation(f"{field}.height", "DIMENSION_ODD", remedy)
    elif one.height > MOST_HEIGHT:
        remedy = f"{one.height} is above {MOST_HEIGHT}; the short side has 360 to 1080 pixels"
        yield Violation(f"{field}.height", "DIMENSION_TOO_LARGE", remedy)
    elif one.height < LEAST_HEIGHT:
        remedy = f"{one.height} is below {LEAST_HEIGHT}; the short side has 360 to 1080 pixels"
        yield Violation(f"{field}.height", "DIMENSION_INVALID", remedy)


def _even(value: float) -> int:
    return 2 * round(value / 2)
