"""Blinks, gaze and brows, drawn into the patch of texture round one eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.rig import Eye
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.box import Box
from services.compositing.domain.puppet_patch import (
    STEPS_PER_TEXEL,
    Scale,
    coarse_points,
    every,
    refine,
    sample,
    smooth_step,
)

WIDEST: Final = -0.05
"""Closure below which an eye would look startled."""
BROW_TRAVEL: Final = 2.17
"""Eye widths that a brow moves for each outer-corner distance of lift."""
LASHES: Final = 0.15
"""Height of the band of lashes, in eye widths; it moves as a whole and folds down."""


COARSE: Final = 2
"""Displacements of a closing lid are computed for every second texel and interpolated."""
LIGHT: Final = 4
"""Texels per sample of a closing lid's light."""


@dataclass(frozen=True)
class EyeShape:
    """What one eye does, in whole steps: equal shapes are equal pictures."""

    closure: int
    brow: int
    gaze_x: int
    gaze_y: int


class EyePatch:
    """The texture round one eye, and the weights with which it moves; all in texels."""

    def __init__(self, eye: Eye, texture: Bytes, scale: Scale, between_x: float) -> None:
        """Take the lines of an eye.

        texture: (t, t, 4), premultiplied BGRA without edits; between_x: canvas x of
        the middle between both eyes, which neither patch crosses.
        """
        width = self._width = eye.width * scale.ratio
        self._right_side = eye.iris_x < between_x
        self.box = _box(eye, texture, scale, between_x)
        self._source = np.ascontiguousarray(
            texture[self.box.top : self.box.bottom, self.box.left : self.box.right]
        )
        columns = np.arange(self.box.width, dtype=np.float32)
        at = scale.canvas(columns + self.box.left)

        def line(values: Floats) -> Floats:
            return scale.texels(np.interp(at, eye.x, values).astype(np.float32)) - np.float32(
                self.box.top
            )

        self._upper, self._lower = line(eye.upper), line(eye.lower)
        self._crease, self._cheek = line(eye.crease), line(eye.cheek)
        self._gap = self._lower - self._upper
        self._tallest = float(self._gap.max())
        self._lash = np.float32(LASHES * width) * np.clip(
            self._gap / np.float32(LASHES * width), 0, 1
        )
        self._x = np.repeat(columns[None], self.box.height, axis=0)
        self._y = np.arange(self.box.height, dtype=np.float32)[:, None]
        self._brow = self._brow_weight(eye, scale)
        iris_x, iris_y = scale.at(eye.iris_x) - self.box.left, scale.at(eye.iris_y) - self.box.top
        away = np.hypot(self._x - iris_x, self._y - iris_y) / np.float32(
            eye.iris_radius * scale.ratio
        )
        self._iris = np.exp(-2.2 * np.maximum(0, away - 1) ** 2).astype(np.float32)
        self._fold = self._crease + np.float32(0.25) * (self._upper - self._lash - self._crease)
        self._lid_colour = np.append(eye.lid_colour[::-1], np.float32(255))

    def shape(self, closure: float, brow: float, gaze_x: float, gaze_y: float) -> EyeShape:
        """Round tracks to what can be told apart; see `TRACKS` for their units."""
        closure = min(max(closure, WIDEST), 1.0)
        brow = min(max(brow, -0.05), 0.09) * BROW_TRAVEL * self._width
        across = min(max(gaze_x, -0.14), 0.14) * self._width
        down = min(max(gaze_y, -0.10), 0.10) * self._width
        steps = (closure * max(self._tallest, 1.0), brow, across, down)
        return EyeShape(*(round(step * STEPS_PER_TEXEL) for step in steps))

    def draw(self, shape: EyeShape) -> Bytes:
        """Return the patch (h, w, 4), premultiplied BGRA, with lids, iris and brow in place."""
        if shape == EyeShape(0, 0, 0, 0):
            return self._source
        if shape.closure == 0:
            return self._awake(shape)
        closure = shape.closure / STEPS_PER_TEXEL / max(self._tallest, 1.0)
        patch = self._skin(closure, shape.brow / STEPS_PER_TEXEL)
        if closure > 0:
            self._lit(patch, closure)
        self._open(patch, closure, shape)
        return patch

    def _awake(self, shape: EyeShape) -> Bytes:
        """Return the patch with lids as in the portrait, as it is on most frames."""
        patch = self._source.copy()
        if shape.brow:
            end = int(self._upper.max()) + 1
            map_y = self._y[:end] + np.float32(shape.brow / STEPS_PER_TEXEL) * self._brow[:end]
            patch[:end] = sample(self._source, self._x[:end], map_y)
        if shape.gaze_x or shape.gaze_y:
            first, last = int(self._upper.min()) - 1, int(self._lower.max()) + 2
            rows = patch[first:last]
            ball = self._ball(first, last, shape)
            cover = self._cover(self._y[first:last], self._upper, self._lower, 0.0)
            rows[:] = rows + (ball - rows) * cover[..., None] + np.float32(0.5)
        return patch

    def _cover(self, y: Floats, upper: Floats, lower: Floats, closure: float) -> Floats:
        """Return how much of each texel in rows y is eyeball, 0 to 1."""
        inside = np.clip(
            np.minimum(y - upper, lower - y) / np.float32(1.2) + np.float32(0.15), 0, 1
        )
        return np.asarray(inside * np.clip(self._gap * np.float32((1 - closure) / 1.5), 0, 1))

    def _skin(self, closure: float, brow: float) -> Bytes:
        """Return the skin above the upper lid, pulled down by it and lifted with the brow."""
        step, y = every(COARSE), coarse_points(self.box.height, COARSE)[:, None]
        upper, crease, lash = self._upper[step], self._crease[step], self._lash[step]
        moved = upper + np.float32(0.95 * closure) * self._gap[step]
        fold = moved - lash * np.float32(1 - 0.5 * max(closure, 0.0))
        root = upper - lash
        stretched = crease + (y - crease) * ((root - crease) / np.maximum(fold - crease, 0.5))
        lashes = root + (y - fold) * ((upper - root) / np.maximum(moved - fold, 0.3))
        source = np.where(y < crease, y, np.where(y < fold, stretched, lashes)) - y
        if brow:
            source += np.float32(brow) * self._brow[step, step]
        moves = refine(np.asarray(source, np.float32), COARSE)
        return sample(self._source, self._x, moves + self._y)

    def _lit(self, patch: Bytes, closure: float) -> None:
        """Light the lid like skin that comes out of the socket's shade.

        Only the broad tone changes; what is finer than a tenth of the eye stays.
        """
        rim = self._upper + np.float32(0.95 * closure) * self._gap
        first = max(0, int(self._fold.min()) // LIGHT)
        last = min(self.box.height, int(rim.max()) + LIGHT) // LIGHT
        rows = patch[first * LIGHT : last * LIGHT]
        size = (self.box.width // LIGHT, last - first)
        small = cv2.resize(rows, size, interpolation=cv2.INTER_AREA)
        tone = cv2.GaussianBlur(small, (0, 0), 0.10 * self._width / LIGHT).astype(np.float32)
        at = slice(LIGHT // 2, self.box.width, LIGHT)
        fold, rim, open_ = (
            self._fold[at],
            rim[at],
            (self._gap[at] / self._tallest) ** np.float32(0.8),
        )
        y = (np.arange(first, last, dtype=np.float32)[:, None] + np.float32(0.5)) * LIGHT
        down = (y - fold) / np.maximum(rim - fold, 1)
        weight = smooth_step(0.0, 0.60, down) * smooth_step(0.0, 0.10, 1 - down) * open_
        weight *= np.float32(0.85 * min(1.0, 1.6 * closure))
        light = np.float32(0.86) + np.float32(0.22) * np.sin(np.pi * np.clip(down, 0, 1))
        change = weight[..., None] * (self._lid_colour * light[..., None] - tone)
        change[..., 3] = 0
        lit = rows + cv2.resize(change, (rows.shape[1], rows.shape[0]))
        rows[:] = np.clip(lit + np.float32(0.5), 0, 255)

    def _open(self, patch: Bytes, closure: float, shape: EyeShape) -> None:
        """Draw the lower lid and, between the lids, the eyeball: covered, never squeezed."""
        shut = max(closure, 0.0)
        upper = self._upper + np.float32(0.95 * closure) * self._gap
        lower = self._lower - np.float32(0.05 * shut) * self._gap
        first = max(0, int(min(upper.min(), self._upper.min())) - 2)
        last = min(self.box.height, int(self._cheek.max()) + 2)
        x, y = self._x[first:last], self._y[first:last]
        lid = self._lower_lid(x, y, lower)
        ball = self._ball(first, last, shape)
        shade = 1 - np.float32(0.30 * min(1.0, shut * 2.5)) * np.clip(
            1 - (y - upper) / np.float32(0.16 * self._tallest + 1e-3), 0, 1
        )
        rows = patch[first:last].astype(np.float32)
        below = np.clip(
            (y - (upper + np.float32(0.35) * (lower - upper))) / np.float32(1.3) + 0.5, 0, 1
        )
        rows += (lid - rows) * below[..., None]
        inside = self._cover(y, upper, lower, closure)
        rows += (ball * shade[..., None] - rows) * inside[..., None]
        patch[first:last] = np.asarray(rows + 0.5, np.uint8)
        patch[last:] = self._source[last:]

    def _lower_lid(self, x: Floats, y: Floats, lower: Floats) -> Floats:
        squeeze = (self._cheek - self._lower) / (self._cheek - lower)
        map_y = np.where(y < self._cheek, self._cheek - (self._cheek - y) * squeeze, y)
        return sample(self._source, x, map_y.astype(np.float32)).astype(np.float32)

    def _ball(self, first: int, last: int, shape: EyeShape) -> Floats:
        if not (shape.gaze_x or shape.gaze_y):
            return self._source[first:last].astype(np.float32)
        weight = self._iris[first:last]
        map_x = self._x[first:last] - np.float32(shape.gaze_x / STEPS_PER_TEXEL) * weight
        map_y = self._y[first:last] - np.float32(shape.gaze_y / STEPS_PER_TEXEL) * weight
        return sample(self._source, map_x, map_y).astype(np.float32)

    def _brow_weight(self, eye: Eye, scale: Scale) -> Floats:
        """Return how far each texel follows the brow: nothing below the lashes or at the rim."""
        width = np.float32(self._width)
        x, y = self._x, self._y
        centre_x, centre_y = (
            scale.at(eye.brow_x) - self.box.left,
            scale.at(eye.brow_y) - self.box.top,
        )
        weight = np.exp(
            -(((x - centre_x) / (0.62 * width)) ** 2) - ((y - centre_y) / (0.34 * width)) ** 2
        )
        weight *= smooth_step(self._upper - 0.13 * width, self._crease - 0.12 * width, y)
        right, bottom = self.box.width - 1, self.box.height - 1
        rim = np.minimum(np.minimum(x, right - x), np.minimum(y, bottom - y))
        return np.asarray(weight * smooth_step(0.0, 0.2 * width, rim), np.float32)


def _box(eye: Eye, texture: Bytes, scale: Scale, between_x: float) -> Box:
    height, width = texture.shape[:2]
    x0, x1 = scale.at(float(eye.x[0])), scale.at(float(eye.x[-1]))
    middle = round(scale.at(between_x))
    x0, x1 = (x0, min(x1, middle)) if eye.iris_x < between_x else (max(x0, middle), x1)
    y0 = scale.at(eye.brow_top - 0.55 * eye.width)
    y1 = scale.at(float(eye.cheek.max()) + 0.06 * eye.width)
    box = Box(max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1) + 1))
    return box.trimmed(LIGHT)
