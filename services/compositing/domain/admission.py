"""What a request may ask for: media that fit one another, in lengths that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.chassis.errors import Invalid, Violation
from services.chassis.timeline import CHUNK_SECONDS, samples_per_frame

MOST_CHUNKS: Final = 1000
MOST_SILENCE_SECONDS: Final = 10


def chunk(frame_rate: int, take_frames: int, lead_frames: int, tail_frames: int) -> None:
    """Check a chunk's length. Raises Invalid."""
    samples_per_frame(frame_rate)
    if not 1 <= take_frames <= CHUNK_SECONDS * frame_rate:
        remedy = f"{take_frames} frames; a chunk has 1 to {CHUNK_SECONDS * frame_rate}"
        raise Invalid("take.frame_count", "CHUNK_LENGTH_INVALID", remedy)
    silence(frame_rate, {"lead_frames": lead_frames, "tail_frames": tail_frames})


def start(frame_rate: int, start_frame: int) -> None:
    """Check where in its video a chunk begins. Raises Invalid."""
    longest = MOST_CHUNKS * (CHUNK_SECONDS + 2 * MOST_SILENCE_SECONDS) * frame_rate
    if start_frame > longest:
        raise Invalid("start_frame", "CHUNK_START_INVALID", f"no video has {start_frame} frames")


def joined(frame_rate: int, frames: int, lead_frames: int, tail_frames: int, field: str) -> None:
    """Check the length of a chunk that is joined, `field` in the request. Raises Invalid."""
    if not 1 <= frames <= CHUNK_SECONDS * frame_rate:
        remedy = f"{frames} frames; a chunk has 1 to {CHUNK_SECONDS * frame_rate}"
        raise Invalid(f"{field}.speech.frame_count", "CHUNK_LENGTH_INVALID", remedy)
    around = {f"{field}.lead_frames": lead_frames, f"{field}.tail_frames": tail_frames}
    silence(frame_rate, around)


def silence(frame_rate: int, frames: Mapping[str, int]) -> None:
    """Check silences, by their fields. Raises Invalid."""
    for field, count in frames.items():
        if count > MOST_SILENCE_SECONDS * frame_rate:
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
