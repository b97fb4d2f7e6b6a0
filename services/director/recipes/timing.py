"""Where chunks lie in the video, and where the video enters its presenter's loop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rostrum.director.v1.director_pb2 import Commission
from rostrum.media.v1.media_pb2 import Speech

LOOP_SECONDS: Final = 128
LEAD_SECONDS: Final = Fraction(3, 5)
"""Before the first word: the frame slides in."""
TAIL_SECONDS: Final = Fraction(1)
"""After the last word."""
FADE_SECONDS: Final = Fraction(2, 5)
"""At the very end, inside the tail: graphics leave."""


@dataclass(frozen=True)
class Cut:
    """Where one chunk's pictures lie, in frames."""

    number: int
    """Counted from 1."""
    speech: Speech
    start_frame: int
    phase_frames: int
    lead_frames: int
    tail_frames: int
    fade_frames: int

    @property
    def frame_count(self) -> int:
        """Length with the silence around it."""
        return self.lead_frames + self.speech.frame_count + self.tail_frames


def loop_frames(frame_rate: int) -> int:
    """Return the length of a loop in frames; at most 3840 of the 7200 a loop may have."""
    return LOOP_SECONDS * frame_rate


def loop_seed(presenter: str) -> int:
    """Return what sets this presenter's motion apart from another's: 32 bits of the name."""
    return _number("loop", presenter) % 2**32


def entry_phase(order: str, presenter: str, loop_length: int) -> int:
    """Return the loop frame that a video begins on, so that no two videos move alike."""
    return _number("entry", order, presenter) % loop_length


def frames_of(seconds: Fraction, frame_rate: int) -> int:
    """Return the nearest whole number of frames."""
    return round(seconds * frame_rate)


def cuts(
    commission: Commission, speeches: Sequence[Speech | None], loop_length: int
) -> Iterator[Cut]:
    """Yield the cuts known so far: a chunk's place needs only the lengths of those before it.

    speeches: one for each chunk, None where it is not spoken yet.
    """
    order = commission.order
    entry = entry_phase(order.name, commission.presenter.name, loop_length)
    start = 0
    for number, speech in enumerate(speeches, 1):
        if speech is None:
            return
        last = number == len(speeches)
        cut = Cut(
            number=number,
            speech=speech,
            start_frame=start,
            phase_frames=(entry + start) % loop_length,
            lead_frames=frames_of(LEAD_SECONDS, order.frame_rate) if number == 1 else 0,
            tail_frames=frames_of(TAIL_SECONDS, order.frame_rate) if last else 0,
            fade_frames=frames_of(FADE_SECONDS, order.frame_rate) if last else 0,
        )
        yield cut
        start += cut.frame_count


def _number(*parts: str) -> int:
    """Return the first 64 bits of a SHA-256; parts are kept apart by a byte no name holds."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")
