"""Curves in time that heads and lids follow, on a line and on the circle of a loop."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.floating[Any]]
"""Numbers in the precision at hand."""

SG5: Final[Reals] = np.array([1.0, 1, 1, 1, 1]) / 5
"""Savitzky and Golay 1964: centre of 5 points under a line."""
SG7: Final[Reals] = np.array([-2.0, 3, 6, 7, 6, 3, -2]) / 21
"""Centre of 7 points under a parabola."""
SG9: Final[Reals] = np.array([-21.0, 14, 39, 54, 59, 54, 39, 14, -21]) / 231
"""Centre of 9 points under a parabola."""


def filtered(track: Reals, kernel: Reals) -> Reals:
    """Return a track (n,) under a symmetric kernel; ends are continued by point reflection."""
    reach = len(kernel) // 2
    if len(track) <= reach:
        return track
    padded = np.pad(track, reach, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel, "valid")


def ease(linear: Reals) -> Reals:
    """Return the smooth step of values, which are clipped to 0 to 1."""
    x = np.clip(linear, 0, 1)
    return x * x * (3 - 2 * x)


def minimum_jerk(linear: Reals) -> Reals:
    """Return how far a reach has come at each share of its time.

    Source: Flash and Hogan 1985.
    """
    x = np.clip(linear, 0, 1)
    return x * x * x * (10 - 15 * x + 6 * x * x)


def around(count: int, frame_rate: int) -> Reals:
    """Return the centres of a loop's frames in seconds."""
    return (np.arange(count) + 0.5) / frame_rate


def since(times: Reals, moment: float, period: float) -> Reals:
    """Return seconds from a moment to each time on a circle, from -period / 2 to period / 2."""
    passed: Reals = np.mod(times - moment + period / 2, period) - period / 2
    return passed


def noise(
    rng: np.random.Generator, times: Reals, period: float, deviation: float, hertz: float
) -> Reals:
    """Return band-limited noise on a circle: the same curve at every frame rate.

    deviation: standard deviation over the whole period. hertz: where its spectrum has fallen to
    exp(-1/2), like a Gaussian.
    """
    harmonics = np.arange(1, max(2, int(3 * hertz * period)) + 1)
    size = np.exp(-0.5 * (harmonics / (hertz * period)) ** 2)
    cosine, sine = rng.normal(size=(2, len(harmonics))) * size
    scale = deviation / np.sqrt(0.5 * (cosine**2 + sine**2).sum() + 1e-12)
    angle = 2 * np.pi / period * np.multiply.outer(times, harmonics)
    curve: Reals = np.einsum("th,h->t", np.cos(angle), cosine)
    curve += np.einsum("th,h->t", np.sin(angle), sine)
    curve *= scale
    return curve
