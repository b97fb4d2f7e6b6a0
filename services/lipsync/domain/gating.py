"""How much of a drawn mouth each frame shows: none in silence, none without a face to lay it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Floats
from services.lipsync.domain.mouth import LONG_PAUSE_SECONDS
from services.lipsync.domain.visemes import SILENCE, Segment

EARLY_SECONDS: Final = 0.07
LATE_SECONDS: Final = 0.11
"""A mouth gets ready before its sound and comes to rest after it."""
EASE_SECONDS: Final = 0.10
FADE_SECONDS: Final = 0.16
FRONTAL_DEGREES: Final = 25.0
TURNED_DEGREES: Final = 35.0
"""Faces that look farther aside are drawn badly: the network saw few of them."""

Seen = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.floating[Any]]


def weights(spoken: Sequence[Segment], seen: Seen, yaw: Reals, frame_rate: int) -> Floats:
    """Return how much of the take each frame shows (n,), 0 to 1.

    spoken: what is said, from second 0 on. seen: (n,) whether the frame shows a face. yaw: (n,)
    degrees; what it says of frames without a face is passed over.
    """
    speech = speaking(spoken, len(seen), frame_rate)
    return np.asarray(speech * present(seen, frame_rate) * facing(np.where(seen, yaw, 0)))


def speaking(spoken: Sequence[Segment], frame_count: int, frame_rate: int) -> Floats:
    """Return 1 while somebody speaks, exactly 0 in pauses longer than 250 ms, eased between: (n,).

    The first and the last frame are 0 unless sound fills them, so that chunks meet at rest.
    """
    times = (np.arange(frame_count, dtype=np.float32) + np.float32(0.5)) / np.float32(frame_rate)
    open_ = np.zeros(frame_count, np.float32)
    for start, end in _stretches(spoken):
        away = np.maximum(start - times, times - end)
        open_ = np.maximum(open_, _ease(1 - away / np.float32(EASE_SECONDS)))
    return open_


def present(seen: Seen, frame_rate: int) -> Floats:
    """Return a cross-fade (n,): 0 on frames without a face, 1 from four frames beside them on.

    It falls before the face is lost and rises after it is found; frames are not guessed at.
    """
    if seen.all():
        return np.ones(len(seen), np.float32)
    lost = np.flatnonzero(~seen)
    away = np.abs(np.arange(len(seen))[:, None] - lost).min(1)
    return _ease(away.astype(np.float32) / np.float32(FADE_SECONDS * frame_rate))


def facing(yaw: Reals) -> Floats:
    """Return 1 for faces within 25 degrees of the camera, 0 from 35 on, eased between: (n,)."""
    linear = (TURNED_DEGREES - np.abs(yaw)) / (TURNED_DEGREES - FRONTAL_DEGREES)
    return _ease(np.asarray(linear, np.float32))


def _stretches(spoken: Sequence[Segment]) -> list[tuple[float, float]]:
    """Return when somebody speaks; short pauses are part of it."""
    stretches: list[tuple[float, float]] = []
    for segment in spoken:
        if segment.viseme == SILENCE:
            continue
        if stretches and segment.start - stretches[-1][1] <= LONG_PAUSE_SECONDS:
            stretches[-1] = (stretches[-1][0], segment.end)
        else:
            stretches.append((segment.start, segment.end))
    return [(start - EARLY_SECONDS, end + LATE_SECONDS) for start, end in stretches]


def _ease(linear: Floats) -> Floats:
    x = linear.clip(0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)
