"""What the small networks for stitching, eyes and lips are asked, and what their answers mean."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.timeline import Floats
from services.motion.domain.liveportrait.pose import POINTS

NUMBERS: Final = 3 * POINTS
CLOSED_LIPS: Final = 0.03
"""A source whose lips are less open needs no normalising."""


def stitching_input(source: Floats, driven: Floats) -> Floats:
    """Return what the stitching network is shown (n, 126): the source's points, then the driven.

    source: (1, 21, 3) or (n, 21, 3); driven: (n, 21, 3).
    """
    return np.concatenate([_flat(source, len(driven)), _flat(driven, len(driven))], 1)


def stitched(driven: Floats, answer: Floats) -> Floats:
    """Return key points (n, 21, 3) after the network's answer (n, 65): points, then x and y."""
    moved = driven + answer[:, :NUMBERS].reshape(-1, POINTS, 3)
    moved[..., :2] += answer[:, None, NUMBERS:]
    return np.asarray(moved, np.float32)


def eye_input(source: Floats, own: Floats, wanted: Floats) -> Floats:
    """Return what the eyes' network is shown (n, 66).

    source: key points (1, 21, 3); own: the source's eye ratios (1, 2); wanted: a ratio for both
    eyes in each frame (n,).
    """
    count = len(wanted)
    return np.concatenate([_flat(source, count), np.repeat(own, count, 0), wanted[:, None]], 1)


def lip_input(source: Floats, own: Floats, wanted: Floats) -> Floats:
    """Return what the lips' network is shown (n, 65).

    source: key points (1, 21, 3); own: the source's lip ratio (1, 1); wanted: a ratio for each
    frame (n,), 0 for lips that meet.
    """
    count = len(wanted)
    return np.concatenate([_flat(source, count), np.repeat(own, count, 0), wanted[:, None]], 1)


def retargeted(driven: Floats, answer: Floats) -> Floats:
    """Return key points (n, 21, 3) after an answer (n, 63) of the eyes' or the lips' network."""
    return np.asarray(driven + answer.reshape(-1, POINTS, 3), np.float32)


def multiplied(source: Floats, driven: Floats, amount: float) -> Floats:
    """Return key points (n, 21, 3) that move `amount` times as far from the source's (1, 21, 3).

    The published pipeline does so last, after stitching.
    """
    return np.asarray(source + (driven - source) * np.float32(amount), np.float32)


def _flat(points: Floats, count: int) -> Floats:
    return np.broadcast_to(points, (count, POINTS, 3)).reshape(count, NUMBERS)
