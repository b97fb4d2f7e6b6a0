"""How far a handle moves a given face: drawn at a few values, measured, and turned round.

Draw the face with each of `probes`, find its landmarks, `measure` them, `fit` a curve, and
`invert` it: then a track's number in widths of the face becomes a value of the handle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.chassis.timeline import MOUTH, Floats
from services.motion.domain.face import EYES, brow_lift, gaze, neck_pivot, poses
from services.motion.domain.liveportrait.handles import HANDLES, Handle
from services.motion.domain.liveportrait.pose import POINTS
from services.motion.domain.mesh import CORNER_LEFT, CORNER_RIGHT, SEAM_LOWER, SEAM_UPPER
from services.motion.domain.waves import Reals

STEPS: Final = 9
"""Values of a handle that are drawn."""
MIDDLE: Final = len(SEAM_UPPER) // 2
GAP_PER_JAW: Final = 1.6
WIDTH_PER_WIDTH: Final = 0.6
"""What landmarks read off the puppet's mouth for each half mouth width of jaw and of width: 1.45 to
1.84 and .51 to .68 on the shipped presenters. Curves are in what landmarks read, so goals are too.
"""
LEAST_EFFECT: Final = 0.01
"""Of a measure; what is smaller is the landmarks' own noise."""
WIDEST: Final = 0.5
"""Numbers of MOUTH are steered from minus to plus this."""
GRID: Final = 21


@dataclass(frozen=True)
class Curve:
    """What a handle does to one face."""

    values: Reals
    """Of the handle (k,), rising, with 0 among them."""
    response: Reals
    """What the measure changes by (k,), rising or falling throughout, 0 where the value is 0."""


def probes(handle: Handle, steps: int = STEPS) -> Reals:
    """Return the values to draw (k,): from the least to the most, and none at all."""
    return np.unique(np.append(np.linspace(handle.least, handle.most, steps), 0.0))


def measure(name: str, landmarks: Reals, rest: Reals) -> Reals:
    """Return what landmarks (n, 478, 3) say of a handle's effect (n,), against a face at rest.

    rest: (478, 3) of the same face. "open": gap between the lips in half mouth widths at rest;
    "spread" and "round": change of the mouth's width by that at rest; "brows": lift by the outer
    eye distance; "gaze_x", "gaze_y": in eye widths; "pitch", "yaw", "roll": degrees as in TRACKS.
    """
    return _MEASURES[name](landmarks, rest[None]) - _MEASURES[name](rest[None], rest[None])


def fit(values: Reals, measured: Reals, least_effect: float = LEAST_EFFECT) -> Curve:
    """Return the curve through what was measured (k,) at values (k,), made to rise or fall.

    Raises Invalid where the handle moves nothing, and where 0 was not drawn.
    Source: isotonic regression by pooling adjacent violators, Ayer and others 1955.
    """
    order = np.argsort(values)
    drawn, seen = np.asarray(values, np.float64)[order], np.asarray(measured, np.float64)[order]
    if not (drawn == 0).any():
        raise Invalid("handle", "HANDLE_REST_MISSING", "draw the face at 0 too")
    sign = np.sign(np.polyfit(drawn, seen, 1)[0])
    rising = _isotonic(sign * seen)
    if not np.ptp(rising) >= least_effect:
        remedy = (
            f"the face changes by {np.ptp(rising):.3f}: use another portrait, facing the camera"
        )
        raise Invalid("handle", "HANDLE_WITHOUT_EFFECT", remedy)
    return Curve(drawn, sign * (rising - rising[drawn == 0][0]))


def invert(curve: Curve, wanted: Reals) -> Reals:
    """Return the handle's values (n,) that give the wanted change of the measure (n,).

    Beyond what was measured the handle stays at its end. Where several values do the same, the one
    nearest to rest is taken.
    """
    sign = 1 if curve.response[-1] >= curve.response[0] else -1
    nearest = np.argsort(np.abs(curve.values), kind="stable")
    levels, first = np.unique((sign * curve.response)[nearest], return_index=True)
    return np.interp(sign * np.asarray(wanted), levels, curve.values[nearest][first])


def mouth_steering(curves: Mapping[str, Curve]) -> dict[str, Floats]:
    """Return the arrays that turn a mouth's numbers into key points for one presenter.

    curves: of "open", "spread" and "round". "values" (7, k): steps of each column of MOUTH;
    "deltas" (7, k, 21, 3): what each adds to the expression. Jaw opens; width spreads or narrows.
    Rounding is part of a narrow mouth already, and lips that press or tuck are the retargeting
    network's: those columns add nothing.
    """
    steps = np.linspace(-WIDEST, WIDEST, GRID)
    deltas = np.zeros((len(MOUTH), GRID, POINTS, 3), np.float32)
    deltas[MOUTH.index("jaw")] = steered("open", curves["open"], GAP_PER_JAW * steps.clip(0))
    wider, narrower = WIDTH_PER_WIDTH * steps.clip(0), WIDTH_PER_WIDTH * steps.clip(None, 0)
    deltas[MOUTH.index("width")] = steered("spread", curves["spread"], wider)
    deltas[MOUTH.index("width")] += steered("round", curves["round"], narrower)
    return {"values": np.tile(steps.astype(np.float32), (len(MOUTH), 1)), "deltas": deltas}


def steered(name: str, curve: Curve, wanted: Reals) -> Floats:
    """Return what to add to expressions (n, 21, 3) so that a measure changes as wanted (n,)."""
    return HANDLES[name].deltas(invert(curve, wanted))


def _isotonic(numbers: Reals) -> Reals:
    """Return the nearest rising sequence (k,): neighbours that fall are pooled to their mean."""
    pools: list[list[float]] = []
    for number in numbers:
        pools.append([float(number), 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (mean, count), (last, more) = pools[-2], pools.pop()
            pools[-1] = [(mean * count + last * more) / (count + more), count + more]
    return np.concatenate([np.full(int(count), mean) for mean, count in pools])


def _corner_distance(landmarks: Reals) -> Reals:
    apart = landmarks[:, CORNER_LEFT, :2] - landmarks[:, CORNER_RIGHT, :2]
    distance: Reals = np.linalg.norm(apart, axis=1)
    return distance


def _gap(landmarks: Reals, rest: Reals) -> Reals:
    upper, lower = (landmarks[:, line[MIDDLE], :2] for line in (SEAM_UPPER, SEAM_LOWER))
    gap: Reals = 2 * np.linalg.norm(lower - upper, axis=1) / _corner_distance(rest)
    return gap


def _width(landmarks: Reals, rest: Reals) -> Reals:
    return _corner_distance(landmarks) / _corner_distance(rest)


def _brows(landmarks: Reals, rest: Reals) -> Reals:
    del rest
    lift: Reals = np.mean([brow_lift(landmarks, eye) for eye in EYES], 0)
    return lift


def _gaze(axis: int) -> Callable[[Reals, Reals], Reals]:
    def look(landmarks: Reals, rest: Reals) -> Reals:
        del rest
        offset: Reals = np.mean([gaze(landmarks, eye)[:, axis] for eye in EYES], 0)
        return offset

    return look


def _angle(number: int) -> Callable[[Reals, Reals], Reals]:
    def turn(landmarks: Reals, rest: Reals) -> Reals:
        return poses(landmarks, rest[0], neck_pivot(rest[0]))[:, number]

    return turn


_MEASURES: Final[Mapping[str, Callable[[Reals, Reals], Reals]]] = {
    "open": _gap,
    "spread": _width,
    "round": _width,
    "brows": _brows,
    "gaze_x": _gaze(0),
    "gaze_y": _gaze(1),
    "pitch": _angle(0),
    "yaw": _angle(1),
    "roll": _angle(2),
}
