"""How a presenter moves when nobody shows how: upright, facing us, never quite still."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.timeline import TRACKS, Floats
from services.motion.domain.gaze import steadied, wandering
from services.motion.domain.lids import OTHER_LID, blink_moments, closure
from services.motion.domain.waves import Reals, around, minimum_jerk, noise, since

PITCH, YAW, ROLL, SHIFT_X, SHIFT_Y, LOG_SCALE = range(6)
LIDS, BROWS, GAZE = slice(6, 8), slice(8, 10), slice(10, 12)
BLINKS_PER_MINUTE: Final = 13.0
"""Of the loop alone; speech adds a few in its pauses."""
POSTURE_DEGREES: Final = (0.7, 1.7, 0.7)
"""Standard deviations of pitch, yaw and roll of the postures that are held for seconds."""


def idle(frame_count: int, frame_rate: int, seed: int) -> Floats:
    """Return idle motion (frame_count, 12) whose last frame leads into its first.

    The same seed moves alike at 24, 25 and 30 frames/s where the seconds are the same.
    """
    rng = np.random.default_rng((1, seed))
    period = frame_count / frame_rate
    times = around(frame_count, frame_rate)
    tracks = np.zeros((frame_count, len(TRACKS)))
    tracks[:, :3] = _postures(rng, times, period)
    for column, deviation, hertz in _SWAY:
        tracks[:, column] += noise(rng, times, period, deviation, hertz)
    tracks[:, ROLL] += 0.15 * tracks[:, YAW]
    tracks[:, SHIFT_X] += 0.004 * tracks[:, YAW]
    return with_eyes(tracks, rng, frame_rate, BLINKS_PER_MINUTE)


_SWAY: Final = (
    (PITCH, 0.50, 0.35),
    (PITCH, 0.22, 0.9),
    (YAW, 0.70, 0.30),
    (YAW, 0.25, 0.8),
    (ROLL, 0.35, 0.25),
    (SHIFT_X, 0.011, 0.15),
    (SHIFT_Y, 0.008, 0.2),
    (LOG_SCALE, 0.0035, 0.12),
)
"""Column, standard deviation and hertz of the sway that lies on the postures."""


def with_eyes(
    tracks: Reals, rng: np.random.Generator, frame_rate: int, blinks_per_minute: float
) -> Floats:
    """Return tracks whose lids, brows and gaze live, whatever they did before.

    tracks: (n, 12), a loop of which the head's columns count.
    """
    period = len(tracks) / frame_rate
    times = around(len(tracks), frame_rate)
    shut = closure(times, blink_moments(rng, period, blinks_per_minute), period)
    lively = tracks.copy()
    lively[:, LIDS] = np.outer(shut, (1, OTHER_LID))
    lively[:, BROWS] += noise(rng, times, period, 0.0025, 0.1)[:, None]
    steady = steadied(tracks[:, PITCH], tracks[:, YAW])
    lively[:, GAZE] = wandering(rng, times, period) + steady
    return lively.round(5).astype(np.float32)


def _postures(rng: np.random.Generator, times: Reals, period: float) -> Reals:
    """Return (n, 3) degrees: a posture is held for 2 to 6 s, then the head moves to the next."""
    count = max(2, round(period / 3.6))
    gaps = rng.uniform(2, 6, count)
    moments = np.cumsum(gaps) / gaps.sum() * period
    targets = (rng.normal(size=(count, 3)) * POSTURE_DEGREES).clip(-4, 4)
    targets -= targets.mean(0)
    held = targets[np.searchsorted(moments, times, side="right") - 1]
    for moment, before, after in zip(moments, np.roll(targets, 1, 0), targets, strict=True):
        seconds = min(0.7 + 0.12 * float(np.abs(after - before).sum()), 1.6, period / 4)
        passed = since(times, moment, period)
        still_to_go = np.where(passed < 0, 0, 1 - minimum_jerk(passed / seconds))
        held += np.outer(still_to_go, before - after)
    return held
