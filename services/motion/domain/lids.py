"""Blinks: irregular, sometimes double, never half begun."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.motion.domain.waves import Reals, ease, since

CLOSING_SECONDS: Final = 0.085
CLOSED_SECONDS: Final = 0.050
OPENING_SECONDS: Final = 0.160
SHORTEST_INTERVAL_SECONDS: Final = 1.1
LONGEST_INTERVAL_SECONDS: Final = 5.0
"""Eyes that stay open longer stare."""
DOUBLE_BLINK_SHARE: Final = 0.1
OTHER_LID: Final = 0.985
"""The left lid closes a little less: no face is quite symmetric."""


def blink(passed: Reals) -> Reals:
    """Return lid closure at seconds since a blink began: 85 ms down, 50 ms shut, 160 ms up."""
    down = ease(passed / CLOSING_SECONDS)
    up = ease((passed - CLOSING_SECONDS - CLOSED_SECONDS) / OPENING_SECONDS)
    return np.where(passed < 0, 0, down - up)


def closure(times: Reals, moments: Reals, period: float) -> Reals:
    """Return lid closure from 0 to 1 at each time, for blinks that start at these moments.

    Times and moments in seconds on a circle of `period` seconds.
    """
    closed: Reals = np.zeros(len(times))
    for moment in moments:
        closed = np.maximum(closed, blink(since(times, float(moment), period)))
    return closed


def blink_moments(rng: np.random.Generator, period: float, per_minute: float) -> Reals:
    """Return when blinks start on a circle of `period` seconds: no two intervals alike.

    Intervals are gamma distributed with shape 3; about one blink in ten is a double one. There is
    always at least one blink. Source: Bentivoglio et al. 1997, for rates in conversation.
    """
    mean = 60 / per_minute
    moments = [rng.uniform(0.3, 1.0) * min(mean, period / 2)]
    while True:
        if rng.random() < DOUBLE_BLINK_SHARE:
            moments.append(moments[-1] + rng.uniform(0.36, 0.5))
        interval = rng.gamma(3.0, mean / 3.0)
        if interval > LONGEST_INTERVAL_SECONDS:
            interval = LONGEST_INTERVAL_SECONDS * rng.uniform(0.8, 1.0)
        moments.append(moments[-1] + max(SHORTEST_INTERVAL_SECONDS, interval))
        if moments[-1] > period + moments[0] - SHORTEST_INTERVAL_SECONDS:
            break
    last = period + moments[0] - SHORTEST_INTERVAL_SECONDS
    return np.array([m for m in moments if m == moments[0] or m < last]) % period
