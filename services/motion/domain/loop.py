"""Loops of a performance: its stretches strung together anew, so that nobody sees them return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.timeline import Floats
from services.motion.domain.idle import (
    BLINKS_PER_MINUTE,
    BROWS,
    GAZE,
    LIDS,
    PITCH,
    ROLL,
    SHIFT_X,
    YAW,
    with_eyes,
)
from services.motion.domain.template import at
from services.motion.domain.waves import Reals, around, ease, noise

BROW_DEAD_ZONE: Final = 0.012
"""Lifts that a face mesh sees in a brow at rest."""
DISTANCE: Final = np.array([1.0, 1.0, 1.0, 30.0, 30.0, 60.0])
"""Degrees that a unit of each head track counts for, when poses are compared."""
MIRRORED: Final = (YAW, ROLL, SHIFT_X)
"""Columns that change sign in a mirror."""
FADE_SECONDS: Final = 1.0
NEAR_DEGREES: Final = 2.0
"""Stretches are strung where poses differ by about so much."""


@dataclass(frozen=True)
class Stretch:
    """A piece of the performance as it is played once in the loop."""

    first: int
    """Frame of the performance."""
    frames: int
    tempo: float
    """Frames of the performance per frame of the loop."""
    side: int
    """1, or -1 for a mirrored piece."""
    size: float
    """Amplitude, 1 as performed."""

    def played(self, tracks: Reals, position: Reals) -> Reals:
        """Return the piece (k, 12) at loop frames (k,) counted from its start."""
        piece = at(tracks, self.first + position * self.tempo) * self.size
        if self.side < 0:
            piece[:, MIRRORED] *= -1
            piece[:, BROWS] = piece[:, BROWS][:, ::-1]
        return piece


def loop_of(performance: Reals, frame_count: int, frame_rate: int, seed: int) -> Floats:
    """Return a loop (frame_count, 12) that moves like a performance, however short that is.

    performance: (n, 12) at `frame_rate`. Stretches between its calm moments are played in random
    order, some mirrored, each at a tempo and size of its own, and cross-faded as numbers; no frame
    is played backwards. Lids and gaze are made anew: cut at seams, blinks would jump.
    """
    rng = np.random.default_rng((2, seed))
    tracks = _prepared(performance)
    stretches = _strung(rng, tracks, frame_count, frame_rate)
    loop = _crossfaded(stretches, tracks, frame_count, frame_rate)
    period, times = frame_count / frame_rate, around(frame_count, frame_rate)
    for column, deviation in ((PITCH, 0.35), (YAW, 0.6), (ROLL, 0.3)):
        loop[:, column] += noise(rng, times, period, deviation, 0.15)
    loop[:, :6] -= loop[:, :6].mean(0)
    return with_eyes(loop, rng, frame_rate, _blinks_per_minute(performance, frame_rate))


def calm_moments(tracks: Reals, frame_rate: int) -> list[int]:
    """Return frames at which the head moves least, at least .6 s apart; never fewer than two."""
    head = tracks[:, :6] * DISTANCE
    speed = np.linalg.norm(np.gradient(head, axis=0), axis=1)
    reach = max(1, round(0.3 * frame_rate))
    calm = [
        frame
        for frame in range(len(speed))
        if speed[frame] == speed[max(0, frame - reach) : frame + reach + 1].min()
    ]
    return calm if len(calm) > 1 else [0, len(speed) // 2]


def _prepared(performance: Reals) -> Reals:
    """Return the performance facing front, without what a face mesh sees badly."""
    tracks = performance.astype(np.float64)
    tracks[:, :6] -= tracks[:, :6].mean(0)
    lift = tracks[:, BROWS]
    tracks[:, BROWS] = np.sign(lift) * np.maximum(0, np.abs(lift) - BROW_DEAD_ZONE)
    tracks[:, LIDS] = tracks[:, GAZE] = 0
    return tracks


def _strung(
    rng: np.random.Generator, tracks: Reals, frame_count: int, frame_rate: int
) -> list[Stretch]:
    """Return stretches that together last `frame_count` frames or a little more."""
    calm = calm_moments(tracks, frame_rate)
    longest = float(np.clip(len(tracks) / frame_rate / 2, 2.0, 10.0))
    strung: list[Stretch] = []
    filled = 0
    pose: Reals = np.zeros(6)
    while filled < frame_count:
        first, side = _start(rng, tracks, calm, pose, strung[-3:])
        tempo, size = rng.uniform(0.85, 1.15), rng.uniform(0.75, 1.1)
        left = max((len(tracks) - 1 - first) / tempo, frame_rate)
        frames = round(min(rng.uniform(1.3, longest) * frame_rate, left))
        strung.append(Stretch(first, frames, tempo, side, size))
        filled += frames
        pose = strung[-1].played(tracks, np.array([float(frames)]))[0, :6]
    return strung


def _start(
    rng: np.random.Generator, tracks: Reals, calm: list[int], pose: Reals, recent: list[Stretch]
) -> tuple[int, int]:
    """Return a calm frame and a side that are near a pose and were not just played."""
    starts = [(frame, side) for frame in calm for side in (1, -1)]
    weights = []
    for frame, side in starts:
        start = Stretch(frame, 0, 1, side, 1).played(tracks, np.zeros(1))[0, :6]
        away = float(np.linalg.norm((start - pose) * DISTANCE)) / NEAR_DEGREES
        played = sum(frame == stretch.first for stretch in recent)
        weights.append(float(np.exp(-0.5 * min(away, 6.0) ** 2)) * 0.1**played + 1e-9)
    return starts[rng.choice(len(starts), p=np.array(weights) / sum(weights))]


def _crossfaded(
    stretches: list[Stretch], tracks: Reals, frame_count: int, frame_rate: int
) -> Reals:
    """Return (frame_count, 12): stretches on a circle, each faded into the next."""
    ends = np.cumsum([stretch.frames for stretch in stretches], dtype=float)
    stretched = frame_count / ends[-1]
    bounds = np.concatenate([[0], ends * stretched])
    fade = min(FADE_SECONDS * frame_rate, np.diff(bounds).min())
    loop = np.zeros((frame_count, tracks.shape[1]))
    for stretch, start, end in zip(stretches, bounds, bounds[1:], strict=False):
        frames = np.arange(int(start - fade / 2), int(np.ceil(end + fade / 2)) + 1)
        weight = ease((frames - start) / fade + 0.5) - ease((frames - end) / fade + 0.5)
        piece = stretch.played(tracks, (frames - start) / stretched)
        np.add.at(loop, frames % frame_count, weight[:, None] * piece)
    return loop


def _blinks_per_minute(performance: Reals, frame_rate: int) -> float:
    """Return how often the performer blinks, within what is natural; usual for short clips."""
    shut = performance[:, LIDS].mean(1) > 0.55
    blinks = int((np.diff(shut.astype(int)) == 1).sum())
    seconds = len(performance) / frame_rate
    usual = BLINKS_PER_MINUTE * 30 / 60
    return float(np.clip((blinks + usual) / (seconds + 30) * 60, 8, 22))
