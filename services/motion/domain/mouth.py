"""Lips and jaw: the lines along which a still mouth opens, and the teeth and skin behind them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.rig import Mouth
from services.chassis.timeline import Bytes, Floats
from services.motion.domain import mesh
from services.motion.domain.curves import fit_line
from services.motion.domain.depth import face_height

Indices = npt.NDArray[np.intp]

REACH: Final = 2.1
"""Columns on each side of the mouth's centre that move with it, in half mouth widths."""
INNER: Final = 0.93
"""Share of the mouth's half width over which lips can part."""
OPEN_GAP: Final = 0.10
"""A gap in half mouth widths from which the landmarks may mean an open mouth."""
OPEN_SHARE: Final = 0.45
"""Share of the gap that must look like a cavity or teeth, not like lip, in an open mouth."""


def trace_mouth(rgb: Bytes, landmarks: Floats) -> Mouth:
    """Return the lines of the mouth of a canvas (n, n, 3), from its mesh (478, 3).

    A closed mouth's seam is laid on the dark line between the lips: on glossy or pale lips the mesh
    puts the lower lip's edge inside the lip.
    """
    corners = landmarks[[mesh.CORNER_RIGHT, mesh.CORNER_LEFT], 0]
    centre, half = float(corners.mean()), float(np.diff(corners)[0]) / 2
    x = np.arange(
        max(0, int(centre - REACH * half)),
        min(rgb.shape[1], int(centre + REACH * half) + 1),
        dtype=np.float32,
    )
    lip_top, lip_bottom = (_line(landmarks, p, x, 6) for p in (mesh.LIP_TOP, mesh.LIP_BOTTOM))
    upper, lower = _seam(rgb, landmarks, x, centre, half)
    seam = _float((upper + lower) / 2)
    height, chin = face_height(landmarks), float(landmarks[mesh.CHIN, 1])
    return Mouth(
        x=x,
        seam_upper=upper,
        seam_lower=lower,
        lip_top=np.minimum(lip_top, upper - np.float32(0.08 * half)),
        lip_bottom=np.maximum(lip_bottom, lower + np.float32(0.12 * half)),
        centre_x=centre,
        half_width=half,
        nose_y=float(landmarks[mesh.NOSE_BASE, 1]) - 0.02 * height,
        chin_y=chin,
        neck_y=min(chin + 0.27 * height, rgb.shape[0] - 2.0),
        smile=_smile(x, seam, centre, half),
    )


def lip_colour(rgb: Bytes, landmarks: Floats) -> Floats:
    """Return the median colour of both lips, RGB (3,)."""
    lips, between = (np.zeros(rgb.shape[:2], np.uint8) for _ in range(2))
    for mask, over, under in (
        (lips, mesh.LIP_TOP, mesh.LIP_BOTTOM),
        (between, mesh.SEAM_UPPER, mesh.SEAM_LOWER),
    ):
        ring = np.concatenate([landmarks[list(over), :2], landmarks[list(under[::-1]), :2]])
        cv2.fillPoly(mask, [np.round(ring).astype(np.int32)], (1,))
    return np.asarray(np.median(rgb[(lips == 1) & (between == 0)], axis=0), np.float32)


def natural_jaw(mouth: Mouth) -> float:
    """Return how far a mouth opens, 1 being usual: thin lips and smiles less.

    Wide openings of thin lips show more teeth than lip and look like a shout.
    """
    middle = np.abs(mouth.x - mouth.centre_x) < 0.3 * mouth.half_width
    lips = mouth.seam_upper - mouth.lip_top + mouth.lip_bottom - mouth.seam_lower
    thickness = float(lips[middle].mean()) / mouth.half_width
    return float(np.clip(0.72 + 0.45 * thickness, 0.75, 1.05) * (1 - 0.5 * mouth.smile))


def _line(landmarks: Floats, points: tuple[int, ...], x: Floats, degree: int) -> Floats:
    return fit_line(landmarks[list(points), :2], x, degree)


def _seam(
    rgb: Bytes, landmarks: Floats, x: Floats, centre: float, half: float
) -> tuple[Floats, Floats]:
    """Return the edges of upper and lower lip (C,): one line where the mouth is closed."""
    upper = _line(landmarks, mesh.SEAM_UPPER, x, 6)
    lower = _line(landmarks, mesh.SEAM_LOWER, x, 4)
    across = np.abs(x - centre) / half
    gap = np.where(across > INNER, 0, np.maximum(lower - upper, 0))
    if gap.max() > OPEN_GAP * half and _shows_inside(rgb, landmarks, x, upper, gap):
        middle = (upper + lower) / 2
        return _float(middle - gap / 2), _float(middle + gap / 2)
    seam = _dark_line(rgb, landmarks, x, centre, half)
    return seam, seam


def _shows_inside(rgb: Bytes, landmarks: Floats, x: Floats, upper: Floats, gap: Floats) -> bool:
    """Tell whether the gap shows teeth or a cavity: colours far from those of the lips."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lip = cv2.cvtColor((lip_colour(rgb, landmarks) / 255)[None, None], cv2.COLOR_RGB2LAB)[0, 0]
    rows = np.arange(rgb.shape[0], dtype=np.float32)[:, None]
    within = (rows > upper + 0.1 * gap) & (rows < upper + 0.9 * gap) & (gap > 0.5 * gap.max())
    pixels = lab[:, x.astype(int)][within]
    far = np.linalg.norm(pixels - lip, axis=1) > 0.30 * max(float(lip[0]), 30.0)
    return len(far) > 0 and float(far.mean()) > OPEN_SHARE


def _dark_line(rgb: Bytes, landmarks: Floats, x: Floats, centre: float, half: float) -> Floats:
    """Trace the darkest path between the lips from corner to corner, (C,), to parts of a pixel.

    Dynamic programming over columns; a step of one row costs as much as a few grey levels.
    """
    upper, lower = (_line(landmarks, p, x, 4) for p in (mesh.SEAM_UPPER, mesh.SEAM_LOWER))
    guess = np.minimum((upper + lower) / 2, upper + np.float32(0.03 * half))
    reach = max(3, round(0.13 * half))
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    soft = cv2.GaussianBlur(gray, (0, 0), max(0.6, half / 60))
    offsets = np.arange(-reach, reach + 1, dtype=np.float32)
    map_x = np.repeat(x[None], len(offsets), axis=0)
    strip = _float(cv2.remap(soft, map_x, guess + offsets[:, None], cv2.INTER_LINEAR))
    inside = np.abs(x - centre) < INNER * half
    cost = _float(strip[:, inside] + np.abs(offsets)[:, None] * (6 / reach))
    offset = np.zeros(len(x), np.float32)
    offset[inside] = _refined(strip[:, inside], _path(cost), offsets)
    smooth = cv2.GaussianBlur(offset[None], (0, 0), max(0.05 * half, 0.8))[0]
    fade = np.clip((1.08 - np.abs(x - centre) / half) / 0.15, 0, 1)
    return _float(guess + smooth * fade)


def _path(cost: Floats) -> Indices:
    """Return the row per column of the cheapest path through cost (R, C)."""
    total = cost.copy()
    back = np.zeros(cost.shape, np.intp)
    steps = np.arange(cost.shape[0])
    toll = 6.0 * np.abs(steps[:, None] - steps[None]).astype(np.float32)
    for column in range(1, cost.shape[1]):
        through = total[:, column - 1][None] + toll
        back[:, column] = through.argmin(axis=1)
        total[:, column] += through.min(axis=1)
    rows = np.empty(cost.shape[1], np.intp)
    rows[-1] = total[:, -1].argmin()
    for column in range(cost.shape[1] - 1, 0, -1):
        rows[column - 1] = back[rows[column], column]
    return rows


def _refined(strip: Floats, rows: Indices, offsets: Floats) -> Floats:
    """Return the offset of the darkest point near each row of the path, by a weighted mean."""
    near = np.abs(np.arange(len(offsets))[:, None] - rows[None]) <= 2
    dark = np.where(near, np.exp(-(strip - strip.min(axis=0)) / 4), 1e-9)
    return _float((dark * offsets[:, None]).sum(axis=0) / dark.sum(axis=0))


def _smile(x: Floats, seam: Floats, centre: float, half: float) -> float:
    at = np.interp([centre - 0.92 * half, centre, centre + 0.92 * half], x, seam)
    lift = (at[1] - (at[0] + at[2]) / 2) / half
    return float(np.clip(lift - 0.04, 0, 0.40))


def _float(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float32)
