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
    similarities,
)
from services.motion.domain.template import closure_of
from services.motion.domain.waves import SG7, Reals

BONE: Final = (
    *(10, 151, 9, 8, 6, 197, 195, 5, 4, 127, 356, 234, 454, 21, 251),
    *(54, 284, 103, 332, 67, 297, 109, 338),
)
"""Points that do not even move when the eyes blink."""
CUT: Final = 0.03
"""Pupil distances by which a step outruns its neighbours: heads gather speed, cuts do not."""
NEIGHBOURS: Final = 1.5
MOVING: Final = 0.004
"""Pupil distances a frame: slower steps are lost in the mesh's noise."""
HELD: Final = 0.4
"""Share of the steps before and after it, below which a step is a hold."""
SHUT: Final = 0.55
STIRRING: Final = 0.2
"""Lid closure from which the mesh moves with the lids."""


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
    """Return the trembling of the head in thousandths of the pupil distance.

    Root mean square of what a parabola over 7 frames leaves of the skull's place, but for blinks,
    in which a mesh stirs as a whole.
    """
    place = landmarks[:, BONE, :2].mean(1).T / pupil_distance(landmarks)
    left = np.sum([(x[3:-3] - np.convolve(x, SG7, "valid")) ** 2 for x in place], 0)
    blinking = np.convolve(_lids(landmarks) > STIRRING, np.ones(11), "same")[3:-3] > 0
    calm = left[~blinking] if not blinking.all() else left
    return float(np.sqrt(calm.mean()) * 1000)


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


def holds(landmarks: Reals) -> float:
    """Return how often a moving head stops for one frame, as a share of the frames it moves in.

    Dropped and doubled frames do that, heads hardly ever.
    """
    place = landmarks[:, BONE, :2].mean(1)
    step = np.linalg.norm(np.diff(place, axis=0), axis=1) / pupil_distance(landmarks)
    beside = np.minimum(step[:-2], step[2:])
    moving = beside > MOVING
    return float((step[1:-1] < HELD * beside)[moving].mean()) if moving.any() else 0.0


def drift(landmarks: Reals) -> float:
    """Return how far the skull's shape has changed at the end, in pupil distances.

    Mean way of its points from the first quarter of the frames to the last, after each frame is
    laid onto the mean head: turning does not count, another face does. The mesh of a turned head is
    a little another one, though, and in a clip of ten seconds a head may be turned more in one
    quarter than in the other. So the way is measured as it is, and with what goes with the pose
    taken away; each alone takes some chance for change, and the shorter one is returned.
    """
    mean = mean_head(landmarks)
    skulls = landmarks[:, RIGID].astype(np.float64)
    scale, turn, shift = similarities(skulls, mean[list(RIGID)])
    laid = scale[:, None, None] * skulls @ turn.mT + shift[:, None]
    pose = poses(landmarks, mean, neck_pivot(mean))[:, :3]
    way = min(_change(laid), _change(laid - _following(pose, laid)))
    return way / pupil_distance(landmarks)


def _change(points: Reals) -> float:
    """Return the mean way of points (n, k, 3) from the first quarter of frames to the last."""
    quarter = max(1, len(points) // 4)
    moved = points[-quarter:].mean(0) - points[:quarter].mean(0)
    return float(np.linalg.norm(moved, axis=1).mean())


def _following(pose: Reals, points: Reals) -> Reals:
    """Return the share of points (n, k, 3) that goes with the pose (n, 3).

    By least squares beside a constant and time, so that a change that happens to come with a turn
    is not taken for it.
    """
    turns = pose - pose.mean(0)
    known = np.column_stack([turns, np.ones(len(pose)), np.linspace(-1, 1, len(pose))])
    fitted, *_ = np.linalg.lstsq(known, points.reshape(len(points), -1), rcond=None)
    following: Reals = (turns @ fitted[:3]).reshape(points.shape)
    return following


def seam(landmarks: Reals) -> float:
    """Return the step from the last frame back to the first, in usual steps: 1 is seamless."""
    around = np.concatenate([landmarks[-1:], landmarks[:1]])
    rigid = around[:, RIGID, :2]
    step = np.linalg.norm(np.diff(rigid, axis=0), axis=-1).mean() / pupil_distance(landmarks)
    return float(step / (np.median(steps(landmarks)) + 1e-4))


def blinks(landmarks: Reals, frame_rate: int) -> Blinks:
    """Return how often and how evenly the eyes blink."""
    edges = np.diff(np.pad((_lids(landmarks) > SHUT).astype(int), 1))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    gaps = np.diff(starts) / frame_rate
    return Blinks(
        per_minute=len(starts) / (len(landmarks) / frame_rate) * 60,
        irregularity=float(gaps.std() / gaps.mean()) if len(gaps) > 1 else 0.0,
        seconds=float(np.median(ends - starts)) / frame_rate if len(starts) else 0.0,
    )


def _lids(landmarks: Reals) -> Reals:
    """Return how far both lids are closed (n,), 0 to 1."""
    lids: Reals = np.mean([closure_of(openness(landmarks, eye)) for eye in EYES], 0)
    return lids


def _centre(landmarks: Reals) -> Reals:
    """Return where the face is (n, 2), in pupil distances."""
    centre: Reals = landmarks[:, RIGID, :2].mean(1) / pupil_distance(landmarks)
    return centre
