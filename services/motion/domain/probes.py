"""Whether a head in a finished picture lives: judged from its landmarks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.motion.domain.face import (
    EYES,
    RIGID,
    mean_head,
    neck_pivot,
    openness,
    poses,
    pupil_distance,
)
from services.motion.domain.template import closure_of
from services.motion.domain.waves import SG7, Reals

CUT: Final = 0.03
"""Pupil distances by which a step outruns its neighbours: heads gather speed, cuts do not."""
NEIGHBOURS: Final = 1.5
SHUT: Final = 0.55


@dataclass(frozen=True)
class Sway:
    """How much a head moves."""

    pitch_degrees: float
    yaw_degrees: float
    roll_degrees: float
    shift: float
    """Standard deviation of the face's place, in pupil distances."""


@dataclass(frozen=True)
class Blinks:
    """How eyes blink."""

    per_minute: float
    irregularity: float
    """Standard deviation of the intervals by their mean; 0 for a metronome or fewer than three."""
    seconds: float
    """Median time that lids are more than half shut."""


def sway(landmarks: Reals) -> Sway:
    """Return standard deviations of the head's pose. landmarks: (n, 478, 3) of the face mesh."""
    mean = mean_head(landmarks)
    pitch, yaw, roll = poses(landmarks, mean, neck_pivot(mean))[:, :3].std(0)
    shift = float(np.linalg.norm(_centre(landmarks).std(0)))
    return Sway(float(pitch), float(yaw), float(roll), shift)


def jitter(landmarks: Reals) -> float:
    """Return the trembling of the face in thousandths of the pupil distance.

    Root mean square of what a parabola over 7 frames leaves of the face's place.
    """
    trembling = [
        column[3:-3] - np.convolve(column, SG7, "valid") for column in _centre(landmarks).T
    ]
    return float(np.sqrt(np.sum(np.square(trembling), 0).mean()) * 1000)


def steps(landmarks: Reals) -> Reals:
    """Return how far the skull's points go from each frame to the next, in pupil distances."""
    rigid = landmarks[:, RIGID, :2]
    step: Reals = np.linalg.norm(np.diff(rigid, axis=0), axis=-1).mean(1) / pupil_distance(
        landmarks
    )
    return step


def cuts(landmarks: Reals) -> int:
    """Return how often the head is suddenly elsewhere."""
    step = steps(landmarks)
    beside = np.maximum(np.pad(step, (1, 0))[:-1], np.pad(step, (0, 1))[1:])
    return int((step - NEIGHBOURS * beside > CUT).sum())


def seam(landmarks: Reals) -> float:
    """Return the step from the last frame back to the first, in usual steps: 1 is seamless."""
    around = np.concatenate([landmarks[-1:], landmarks[:1]])
    rigid = around[:, RIGID, :2]
    step = np.linalg.norm(np.diff(rigid, axis=0), axis=-1).mean() / pupil_distance(landmarks)
    return float(step / (np.median(steps(landmarks)) + 1e-4))


def blinks(landmarks: Reals, frame_rate: int) -> Blinks:
    """Return how often and how evenly the eyes blink."""
    lids = np.mean([closure_of(openness(landmarks, eye)) for eye in EYES], 0)
    edges = np.diff(np.pad((lids > SHUT).astype(int), 1))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    gaps = np.diff(starts) / frame_rate
    return Blinks(
        per_minute=len(starts) / (len(landmarks) / frame_rate) * 60,
        irregularity=float(gaps.std() / gaps.mean()) if len(gaps) > 1 else 0.0,
        seconds=float(np.median(ends - starts)) / frame_rate if len(starts) else 0.0,
    )


def _centre(landmarks: Reals) -> Reals:
    """Return where the face is (n, 2), in pupil distances."""
    centre: Reals = landmarks[:, RIGID, :2].mean(1) / pupil_distance(landmarks)
    return centre
