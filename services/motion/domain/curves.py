"""Lines through a few landmarks, read off column by column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Floats


def smooth_step(start: float, end: float, x: npt.ArrayLike) -> Floats:
    """Return the cubic step from 0 at `start` to 1 at `end`, for x of any shape."""
    t = np.clip((np.asarray(x, np.float32) - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def fit_line(points: Floats, x: Floats, degree: int) -> Floats:
    """Fit a polynomial through points (P, 2) and return y at columns x (C,).

    Beyond the outermost points the line goes on level.
    """
    middle = float(points[:, 0].min() + points[:, 0].max()) / 2
    reach = max(float(points[:, 0].max() - points[:, 0].min()) / 2, 1e-3)
    at = (points[:, 0] - middle) / reach
    coefficients = np.polyfit(at, points[:, 1], degree)
    inside = np.clip((x - middle) / reach, at.min(), at.max())
    return np.asarray(np.polyval(coefficients, inside), np.float32)
