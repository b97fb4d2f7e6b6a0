"""Lids, irises and brows: the lines along which a still face blinks and looks."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.rig import Eye
from services.chassis.timeline import Bytes, Floats
from services.motion.domain.curves import fit_line
from services.motion.domain.mesh import EyePoints

MARGIN: Final = 0.55
"""Columns beyond the corners that belong to an eye, in eye widths."""


def trace_eye(rgb: Bytes, landmarks: Floats, points: EyePoints) -> Eye:
    """Return the lines of one eye of a canvas (n, n, 3), from its mesh (478, 3).

    A polynomial of degree 4 runs through the points of each lid; towards the corners the opening
    tapers like a sine, so that lids meet without a step.
    """
    upper, lower = landmarks[list(points.upper), :2], landmarks[list(points.lower), :2]
    brow = landmarks[list(points.brow), :2]
    start, end = float(upper[:, 0].min()), float(upper[:, 0].max())
    width = end - start
    x = np.arange(
        max(0, int(start - MARGIN * width)),
        min(rgb.shape[1], int(end + MARGIN * width) + 1),
        dtype=np.float32,
    )
    upper_y, lower_y = _opening(upper, lower, x)
    brow_top = float(brow[:, 1].min())
    crease = upper_y - max(0.10 * width, 0.62 * (float(upper_y.min()) - brow_top))
    iris = landmarks[list(points.iris), :2]
    return Eye(
        x=x,
        upper=upper_y,
        lower=lower_y,
        crease=np.asarray(crease, np.float32),
        cheek=np.asarray(lower_y + 0.42 * width, np.float32),
        width=width,
        iris_x=float(iris[0, 0]),
        iris_y=float(iris[0, 1]),
        iris_radius=float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean()),
        brow_x=float(brow[:, 0].mean()),
        brow_y=float(brow[:, 1].mean()),
        brow_top=brow_top,
        lid_colour=_lid_colour(rgb, x, (upper_y, lower_y), brow),
    )


def sclera_colour(rgb: Bytes, eyes: tuple[Eye, Eye]) -> Floats:
    """Return the white of the eyes, RGB (3,): the median of the lightest fifth of both openings."""
    light = [
        pixels[pixels.mean(axis=1) >= np.percentile(pixels.mean(axis=1), 82)]
        for pixels in (_opening_pixels(rgb, eye) for eye in eyes)
        if len(pixels) > 8
    ]
    if not light:
        return np.array([210, 205, 200], np.float32)
    return np.asarray(np.median(np.concatenate(light), axis=0), np.float32)


def _opening(upper: Floats, lower: Floats, x: Floats) -> tuple[Floats, Floats]:
    start, end = float(upper[:, 0].min()), float(upper[:, 0].max())
    width, middle = end - start, (start + end) / 2
    upper_y, lower_y = fit_line(upper, x, 4), fit_line(lower, x, 4)
    halfway = (upper_y + lower_y) / 2
    least = 0.10 * width * np.sqrt(np.clip(1 - ((x - middle) / (0.56 * width)) ** 2, 0, 1))
    inside = (np.minimum(x - start, end - x) + 0.06 * width) / (0.17 * width)
    taper = np.sin(np.clip(inside, 0, 1) * np.pi / 2)
    gap = np.maximum(lower_y - upper_y, least) * taper
    top, bottom = halfway - gap / 2, halfway + gap / 2 + 0.05 * width * taper
    return np.asarray(top, np.float32), np.asarray(bottom, np.float32)


def _opening_pixels(rgb: Bytes, eye: Eye) -> Floats:
    gap = eye.lower - eye.upper
    rows = np.arange(rgb.shape[0], dtype=np.float32)[:, None]
    within = (rows > eye.upper + 0.25 * gap) & (rows < eye.lower - 0.2 * gap)
    columns = rgb[:, eye.x.astype(int)]
    return np.asarray(columns[within & (gap > 0.3 * gap.max())], np.float32)


def _lid_colour(rgb: Bytes, x: Floats, lids: tuple[Floats, Floats], brow: Floats) -> Floats:
    """Return the skin of a closed lid, RGB (3,): between brow bone and cheek, nearer to the cheek.

    What an open eye shows of its lid lies in the shade of the socket and is no measure.
    """
    width = float(x[-1] - x[0]) / (1 + 2 * MARGIN)
    columns = np.abs(x - x.mean()) < 0.3 * width
    upper, lower = lids[0][columns], lids[1][columns]
    lashes = upper - 0.16 * width
    bone = np.maximum(np.median(brow[5:, 1]) + 0.04 * width, lashes - 0.40 * width)
    strip = rgb[:, x[columns].astype(int)]
    shaded = _between(strip, np.minimum(bone, lashes - 2), lashes)
    cheek = _between(strip, lower + 0.14 * width, lower + 0.36 * width)
    return np.asarray(0.35 * shaded + 0.65 * cheek, np.float32)


def _between(strip: Bytes, top: Floats, bottom: Floats) -> Floats:
    """Return the median colour of a strip's columns (n, C, 3) between two lines (C,)."""
    rows = np.arange(strip.shape[0], dtype=np.float32)[:, None]
    return np.asarray(np.median(strip[(rows > top) & (rows < bottom)], axis=0), np.float32)
