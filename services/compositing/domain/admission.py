"""What a request may ask for: formats that can be encoded, and media that fit one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from services.chassis.errors import Invalid, Violation
from services.chassis.timeline import CHUNK_SECONDS, samples_per_frame
from services.compositing.domain.formats import ASPECTS, LEAST_HEIGHT, MOST_HEIGHT, Format

MOST_FORMATS: Final = 12
MOST_CHUNKS: Final = 1000
MOST_SILENCE_SECONDS: Final = 10


def formats(asked: Sequence[tuple[str, int]]) -> tuple[Format, ...]:
    """Return the formats that pairs of aspect and height mean; height 0 is 1080.

    Raises Invalid that says everything wrong with any of them.
    """
    if not asked:
        raise Invalid("formats", "FIELD_REQUIRED", "name at least one format")
    if len(asked) > MOST_FORMATS:
        raise Invalid("formats", "FORMATS_TOO_MANY", f"at most {MOST_FORMATS} formats of a video")
    whole = [Format(aspect, height or MOST_HEIGHT) for aspect, height in asked]
    wrong = [v for index, one in enumerate(whole) for v in _wrong(f"formats[{index}]", one)]
    if wrong:
        raise Invalid.every(wrong)
    return tuple(whole)


def chunk(frame_rate: int, take_frames: int, lead_frames: int, tail_frames: int) -> None:
    """Check a chunk's length. Raises Invalid."""
    samples_per_frame(frame_rate)
    if not 1 <= take_frames <= CHUNK_SECONDS * frame_rate:
        remedy = f"{take_frames} frames; a chunk has 1 to {CHUNK_SECONDS * frame_rate}"
        raise Invalid("take.frame_count", "CHUNK_LENGTH_INVALID", remedy)
    for field, frames in (("lead_frames", lead_frames), ("tail_frames", tail_frames)):
        if frames > MOST_SILENCE_SECONDS * frame_rate:
            remedy = f"at most {MOST_SILENCE_SECONDS} s of silence on either side of a chunk"
            raise Invalid(field, "SILENCE_TOO_LONG", remedy)


def chunk_count(count: int) -> None:
    """Check how many chunks a video is joined from. Raises Invalid."""
    if count == 0:
        raise Invalid("chunks", "FIELD_REQUIRED", "a video has at least one chunk")
    if count > MOST_CHUNKS:
        raise Invalid("chunks", "TOO_MANY_CHUNKS", f"{count}; at most {MOST_CHUNKS} are joined")


def agree(field: str, reason: str, expected: int, found: Mapping[str, int]) -> None:
    """Check that all of `found`, by their names, are as expected. Raises Invalid for each not."""
    wrong = [
        Violation(f"{name}.{field}", reason, f"{value} where {expected} is expected")
        for name, value in found.items()
        if value != expected
    ]
    if wrong:
        raise Invalid.every(wrong)


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
