"""From the numbers of a mouth to the key points that move a neural presenter's lips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.chassis.timeline import MOUTH, Floats
from services.lipsync.domain.mouth import PRESS

POINTS: Final = 21
"""Key points of LivePortrait."""


@dataclass(frozen=True)
class Steering:
    """What was measured on one presenter: how far key points go for each number of a mouth."""

    values: Floats
    """Steps of each column of MOUTH (7, k), rising, in its own unit."""
    deltas: Floats
    """What each step adds to the expression (7, k, 21, 3)."""


def expression(mouth: Floats, steering: Steering) -> Floats:
    """Return what a mouth (n, 7) adds to LivePortrait's expression in each frame: (n, 21, 3).

    Columns are added up; between steps the way is straight, beyond the outermost nothing grows. At
    rest the sum is what the steps at zero say, which is zero.
    Raises Invalid where the shapes do not fit one another.
    """
    columns, steps = steering.values.shape
    if mouth.shape[1:] != (len(MOUTH),) or columns != len(MOUTH):
        raise Invalid("take", "TAKE_SHAPE_INVALID", f"a mouth has {len(MOUTH)} columns")
    if steering.deltas.shape != (columns, steps, POINTS, 3):
        raise Invalid("steering", "STEERING_SHAPE_INVALID", f"{steering.deltas.shape} deltas")
    total = np.zeros((len(mouth), POINTS, 3), np.float32)
    for values, grid, deltas in zip(mouth.T, steering.values, steering.deltas, strict=True):
        after = np.searchsorted(grid, values).clip(1, steps - 1)
        span = np.maximum(grid[after] - grid[after - 1], np.float32(1e-9))
        share = ((values - grid[after - 1]) / span).clip(0, 1)[:, None, None]
        total += deltas[after - 1] + share * (deltas[after] - deltas[after - 1])
    return total


def closing(mouth: Floats) -> Floats:
    """Return how surely the lips are to meet in each frame of a mouth (n, 7): (n,), 0 to 1.

    The share by which the lips' retargeting, asked for a gap of zero, is added: the handles alone
    do not make lips meet.
    """
    return np.asarray(mouth[:, PRESS].clip(0, 1), np.float32)
