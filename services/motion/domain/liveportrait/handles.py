"""Which of LivePortrait's expression numbers move which part of a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Floats
from services.motion.domain.liveportrait.pose import POINTS

Term = tuple[int, int, float]
"""Key point, axis (0 x, 1 y, 2 z), what a unit of the handle adds."""
X, Y, Z = range(3)


@dataclass(frozen=True)
class Handle:
    """One way to deform a face: what is added to its expression, before scale and rotation."""

    least: float
    most: float
    """Values between which faces stay faces."""
    above: tuple[Term, ...]
    """Added per unit of a positive value."""
    below: tuple[Term, ...] | None = None
    """Added per unit of a negative value; None: as above."""

    def deltas(self, values: npt.ArrayLike) -> Floats:
        """Return what values (k,), held within the range, add to expressions (k, 21, 3)."""
        held = np.asarray(values, np.float64).clip(self.least, self.most)
        up, down = (_direction(terms) for terms in (self.above, self.below or self.above))
        added: npt.NDArray[np.float64] = np.multiply.outer(held.clip(0), up) + np.multiply.outer(
            held.clip(None, 0), down
        )
        return added.astype(np.float32)


def _direction(terms: tuple[Term, ...]) -> npt.NDArray[np.floating[Any]]:
    direction = np.zeros((POINTS, 3))
    for point, axis, amount in terms:
        direction[point, axis] += amount
    return direction


HANDLES: Final[dict[str, Handle]] = {
    "open": Handle(0, 120, ((19, Y, 0.001), (19, Z, 0.0001), (17, Y, -0.0001))),
    "spread": Handle(0, 15, ((20, Z, -0.001), (20, Y, -0.001), (14, Y, -0.001))),
    "round": Handle(-20, 15, ((14, Y, 0.001), (3, Y, -0.0005), (7, Y, -0.0005), (17, Z, -0.0005))),
    "sideways": Handle(-0.09, 0.09, ((19, X, 1.0),)),
    "smile": Handle(
        -0.3,
        1.3,
        (
            *((20, Y, -0.01), (14, Y, -0.02), (17, Y, 0.0065), (17, Z, 0.003)),
            *((13, Y, -0.00275), (16, Y, -0.00275), (3, Y, -0.0035), (7, Y, -0.0035)),
        ),
    ),
    "brows": Handle(
        -30,
        30,
        above=((1, Y, 0.001), (2, Y, -0.001)),
        below=((1, X, -0.001), (2, X, 0.001), (1, Y, 0.0003), (2, Y, -0.0003)),
    ),
    "gaze_x": Handle(
        -30,
        30,
        above=((11, X, 0.0007), (15, X, 0.001)),
        below=((11, X, 0.001), (15, X, 0.0007)),
    ),
    # Up and down moves the lids along: half as much, and against it.
    "gaze_y": Handle(
        -63, 63, ((11, Y, -0.0005), (15, Y, -0.0005), (13, Y, -0.00015), (16, Y, -0.00015))
    ),
    "wink": Handle(
        0,
        39,
        (
            *((11, Y, 0.001), (13, Y, -0.0003)),
            *((17, X, 0.0003), (17, Y, 0.0003), (3, Y, -0.0003)),
        ),
    ),
}
"""By name, in the units of the published editor's sliders. Source: LivePortrait's editor (MIT)."""
