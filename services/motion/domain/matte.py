"""The person's outline: alpha, and colours that hold nothing of the portrait's background."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.rig import Person
from services.chassis.timeline import Bytes, Floats
from services.motion.domain.curves import smooth_step

Bools = npt.NDArray[np.bool_]

SURE: Final = 0.97
"""Alpha from which a pixel is all person."""
SPECK: Final = 0.002
"""Share of the canvas under which a loose piece of matte is a fault of the cut-out."""
TOUCH_PIXELS: Final = 12
"""So long a run of person along a canvas side is a cut, not a stray hair."""


def clean_matte(rgba: Bytes) -> Bytes:
    """Return straight RGBA (n, n, 4) without specks, its thin edge coloured by the person alone.

    Colours go on under the transparent part, so that whatever resamples the picture mixes in
    nothing foreign.
    """
    raw = _float(rgba[..., 3] / 255)
    alpha = _float(np.clip((raw - 0.02) / 0.96, 0, 1) * _without_specks(raw))
    colours = spread_colours(rgba[..., :3], alpha, sure=0.5)
    return _joined(colours, alpha)


def cut_out(rgb: Bytes, likelihood: Floats) -> Bytes:
    """Return straight RGBA (n, n, 4) of the person in a picture (n, n, 3).

    likelihood: (n, n), 0 to 1, how surely a pixel shows the person; coarse. The guided filter lays
    it along the picture's edges; then alpha is solved from the colours of person and background.
    Source: He, Sun and Tang 2010 (guided filter); known-plate matting for the edge.
    """
    side = rgb.shape[0]
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    soft = _guided(_float(gray), smooth_step(0.3, 0.75, likelihood), max(3, side // 96), 1e-4)
    alpha = _float(np.clip((soft - 0.08) / 0.84, 0, 1))
    alpha *= _without_specks(alpha)
    alpha, colours = _solve_edge(rgb, alpha)
    return _joined(colours, alpha)


def spread_colours(rgb: Bytes, alpha: Floats, sure: float) -> Floats:
    """Return colours (n, n, 3) that go smoothly on where alpha (n, n) falls below `sure`."""
    known = (alpha >= sure).astype(np.float32)
    fill = push_pull(rgb.astype(np.float32), known)
    blend = smooth_step(0.3 * sure, sure, alpha)[..., None]
    return np.asarray(rgb * blend + fill * (1 - blend), np.float32)


def push_pull(picture: Floats, known: Floats) -> Floats:
    """Fill a picture (h, w, 3) where known (h, w) is 0 from where it is 1, through a pyramid.

    Source: Gortler et al. 1996, section 3.4.
    """
    levels = [(picture * known[..., None], known)]
    while min(levels[-1][1].shape) > 3:
        levels.append((_float(cv2.pyrDown(levels[-1][0])), _float(cv2.pyrDown(levels[-1][1]))))
    filled = levels[-1][0] / np.maximum(levels[-1][1], 1e-3)[..., None]
    for colours, weight in levels[-2::-1]:
        coarse = cv2.resize(filled, colours.shape[1::-1])
        part = np.clip(weight, 0, 1)[..., None]
        filled = colours / np.maximum(weight, 1e-3)[..., None] * part + coarse * (1 - part)
    return np.asarray(filled, np.float32)


def measure_person(alpha: Floats) -> Person:
    """Return the matte's bounding box and the sides where the person was cut off; alpha (n, n)."""
    rows, columns = (np.flatnonzero((alpha > 0.5).any(axis=axis)) for axis in (1, 0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    solid = alpha > 0.5
    return Person(
        left=float(left),
        top=float(top),
        right=float(right),
        bottom=float(bottom),
        cut_left=_is_straight(solid[:, left], solid[:, left + 1]),
        cut_top=_is_straight(solid[top], solid[top + 1]),
        cut_right=_is_straight(solid[:, right - 1], solid[:, right - 2]),
        cut_bottom=_is_straight(solid[bottom - 1], solid[bottom - 2]),
    )


def _is_straight(edge: Bools, inner: Bools) -> bool:
    """Tell whether an outermost line is as long as the one within: a cut; round shapes taper."""
    return bool(edge.sum() >= max(TOUCH_PIXELS, 0.8 * inner.sum()))


def _without_specks(alpha: Floats) -> Floats:
    """Return 1 where the matte hangs together with something large, else 0; (n, n)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.05).astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= SPECK * alpha.size
    large[0] = False
    return np.asarray(large[labels] if count > 1 else np.zeros_like(alpha), np.float32)


def _solve_edge(rgb: Bytes, alpha: Floats) -> tuple[Floats, Floats]:
    """Solve alpha = (I-B).(F-B) / |F-B|^2 in the uncertain band, and the person's colour there."""
    radius = max(3, rgb.shape[0] // 64)
    inside = cv2.erode((alpha > SURE).astype(np.uint8), _disc(radius))
    near = cv2.dilate((alpha > 0.05).astype(np.uint8), _disc(radius // 2 + 1))
    band = (near > 0) & (inside == 0)
    picture = rgb.astype(np.float32)
    person = push_pull(picture, inside.astype(np.float32))
    plate = cv2.GaussianBlur(push_pull(picture, (near == 0).astype(np.float32)), (0, 0), 1.5)
    contrast = person - plate
    power = (contrast**2).sum(axis=2)
    solved = np.clip(((picture - plate) * contrast).sum(axis=2) / (power + 50), 0, 1)
    solved = np.clip((solved - 0.04) / 0.80, 0, 1)
    foreign = np.clip((np.abs(picture - plate).max(axis=2) - 14) / 26, 0, 1)
    trust = np.clip(power / 900, 0, 1)
    mixed = alpha * (1 - trust) + np.maximum(solved, foreign) * trust
    refined = np.where(band, np.clip(mixed, *_limits(alpha)), alpha)
    refined[inside > 0] = 1
    share = refined[..., None]
    own = np.clip((picture - (1 - share) * plate) / np.maximum(share, 0.15), 0, 255)
    blend = np.clip((share - 0.25) / 0.5, 0, 1)
    colours = np.where(band[..., None], own * blend + person * (1 - blend), picture)
    colours = np.where((refined > 0.02)[..., None], colours, person)
    return refined.astype(np.float32), colours.astype(np.float32)


def _limits(alpha: Floats) -> tuple[Floats, Floats]:
    """Return how low and how high alpha may go, (n, n) each, by the distance from its outline.

    Hair as dark as the wall solves to nothing, a wall as light as a shirt to person: deep inside
    and far outside the outline stands.
    """
    pixel = 1024 / alpha.shape[0]
    solid = (alpha > 0.5).astype(np.uint8)
    inward = cv2.distanceTransform(solid, cv2.DIST_L2, 5) * pixel
    outward = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5) * pixel
    return smooth_step(1.5, 8.0, inward), 1 - smooth_step(9.0, 18.0, outward)


def _guided(guide: Floats, mask: Floats, radius: int, softness: float) -> Floats:
    def mean(values: Floats) -> Floats:
        return _float(cv2.boxFilter(values, -1, (2 * radius + 1, 2 * radius + 1)))

    guide_mean, mask_mean = mean(guide), mean(mask)
    covariance = mean(guide * mask) - guide_mean * mask_mean
    gain = covariance / (mean(guide * guide) - guide_mean**2 + softness)
    return _float(np.clip(mean(gain) * guide + mean(mask_mean - gain * guide_mean), 0, 1))


def _float(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def _disc(radius: int) -> Bytes:
    size = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size), np.uint8)


def _joined(colours: Floats, alpha: Floats) -> Bytes:
    layers = np.dstack([np.clip(colours, 0, 255), alpha * 255])
    return np.asarray(layers + 0.5, np.uint8)
