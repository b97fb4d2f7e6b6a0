"""A look that rests on the lens, glances beside it, and stays on us while the head turns."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.motion.domain.waves import Reals, ease

GAZE_PER_DEGREE: Final = 0.007
"""Eye widths that an iris moves per degree: a 12 mm eyeball behind a 30 mm lid opening."""
SACCADE_SECONDS: Final = 0.035
GLANCE_SHARE: Final = 0.4
GLANCE: Final = (0.020, 0.007)
"""Standard deviations of a glance across and down, in eye widths: about 3 degrees and 1."""


def wandering(rng: np.random.Generator, times: Reals, period: float) -> Reals:
    """Return a gaze (n, 2) in eye widths: fixations of .3 to 2.6 s with small saccades between.

    It starts and ends on the lens, so that a loop has no seam.
    """
    gaze: Reals = np.zeros((len(times), 2))
    moment, here = rng.uniform(0.4, 1.5), np.zeros(2)
    while moment < period - 0.4:
        glances = rng.random() < GLANCE_SHARE
        there = (rng.normal(size=2) * GLANCE).clip(-0.045, 0.045) * glances
        gaze += np.outer(_saccade(times - moment), there - here)
        here = there
        moment += rng.uniform(0.3, 1.1) if glances else rng.uniform(0.7, 2.6)
    gaze -= np.outer(_saccade(times - period + 0.3), here)
    return gaze


def steadied(pitch: Reals, yaw: Reals) -> Reals:
    """Return the gaze (n, 2) that keeps the eyes on the viewer while the head turns (degrees).

    Source: the vestibulo-ocular reflex at gain 1, here for up to 6 degrees.
    """
    turn = np.stack([yaw, pitch], 1).clip(-6, 6)
    steady: Reals = -GAZE_PER_DEGREE * turn
    return steady


def _saccade(passed: Reals) -> Reals:
    return ease(passed / SACCADE_SECONDS)
