"""Speech, drawn into the patch of texture round the mouth."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.box import Box
from services.compositing.domain.puppet_creases import Creases
from services.compositing.domain.puppet_interior import Interior
from services.compositing.domain.puppet_lips import LipLines, Lips, MouthShape
from services.compositing.domain.puppet_patch import (
    STEPS_PER_TEXEL,
    Scale,
    coarse_points,
    every,
    refine,
    sample,
    saturate,
    smooth_step,
)

REACH: Final = (1.0, 1.0, 0.06, 1.0, 1.0, 0.1, 0.05)
"""Half mouth widths that each column of `MOUTH` moves something by, per unit."""

COARSE: Final = 4
"""Displacements are computed for every so many texels and interpolated."""

Key = tuple[int, ...]
"""A mouth in whole steps: equal keys are equal pictures."""


class MouthPatch:
    """The texture round the mouth, and how it is moved; all in texels."""

    def __init__(self, rig: Rig, texture: Bytes, scale: Scale) -> None:
        """Take a rig's mouth. texture: (t, t, 4), premultiplied BGRA without edits."""
        self.box = _box(rig, texture, scale)
        height, width = self.box.height, self.box.width
        self._source = np.ascontiguousarray(
            texture[self.box.top : self.box.bottom, self.box.left : self.box.right]
        )
        self._rig = rig
        self._lips = Lips(rig.mouth, scale, self.box)
        self._interior = Interior(rig, self._lips, (height, width))
        self._creases = Creases(rig, self._lips, scale, self.box)
        self._steps = np.float32(self._lips.half_width * STEPS_PER_TEXEL) * np.array(
            REACH, np.float32
        )
        self._x = self._lips.columns[None]
        self._y = np.arange(height, dtype=np.float32)[:, None]
        self._coarse_x = coarse_points(width, COARSE)[None]
        self._coarse_y = coarse_points(height, COARSE)[:, None]
        self._flesh = self._flesh_weight()

    def key(self, mouth: Floats) -> Key:
        """Round a frame of a take (7,) to what can be told apart."""
        return tuple(int(step) for step in np.rint(mouth * self._steps))

    def draw(self, key: Key) -> Bytes:
        """Return the patch (h, w, 4), premultiplied BGRA; at rest the portrait's own pixels."""
        if not any(key) and self._lips.gap.max() <= 0:
            return self._source
        shape = self._shape(key)
        lines = self._lips.lines(shape)
        patch = self._skin(lines, shape)
        self._creases.draw(patch, lines, shape)
        self._interior.paint(patch, lines, shape, self._lips.stretch(shape))
        return patch

    def _shape(self, key: Key) -> MouthShape:
        jaw, width, round_, upper, tuck, tongue, press = (
            float(step) for step in np.array(key, np.float32) / self._steps
        )
        jaw = max(0.0, jaw)
        smile = self._rig.mouth.smile
        active = saturate((jaw - 0.015) / 0.12)
        active = active * active * (3 - 2 * active)
        return MouthShape(
            jaw=jaw * (1 - 0.9 * smile) * self._rig.jaw_gain,
            width=width - 0.60 * smile * active,
            round=round_,
            upper=upper,
            tuck=tuck,
            tongue=tongue,
            press=press,
            unsmile=smile * active,
        )

    def _skin(self, lines: LipLines, shape: MouthShape) -> Bytes:
        """Return lips, chin and cheeks in their new places, parted along the seam."""
        stretch = np.float32(self._lips.stretch(shape) - 1)
        narrow = 1 / (1 + stretch * self._flesh) - 1
        aside = np.asarray((self._coarse_x - np.float32(self._lips.centre)) * narrow, np.float32)
        return sample(self._source, refine(aside, COARSE) + self._x, self._rows(lines) + self._y)

    def _rows(self, lines: LipLines) -> Floats:
        """Return how far down each texel's colour lies in the portrait, (h, w).

        What lies above the seam comes from the upper lip, the rest from the lower; both are
        computed only as far as they are seen.
        """
        seam = (lines.upper + lines.lower) * np.float32(0.5)
        y, rim = self._coarse_y, self._lips.rim[every(COARSE)]
        first = max(0, int(seam.min()) // COARSE - 1)
        last = min(len(y), int(seam.max()) // COARSE + 2)
        rows_above = self._lips.rows_above(lines, y[:last], every(COARSE))
        rows_below = self._lips.rows_below(lines, y[first:], every(COARSE))
        above = refine((rows_above - y[:last]) * rim, COARSE)
        below = refine((rows_below - y[first:]) * rim, COARSE)
        between = slice(first * COARSE, last * COARSE)
        seen_above = self._y[between] < seam
        mixed = np.where(seen_above, above[between], below[: between.stop - between.start])
        return np.concatenate(
            [above[: between.start], mixed, below[between.stop - between.start :]]
        )

    def _flesh_weight(self) -> Floats:
        """Return how far each coarse texel follows the mouth sideways, (h, w) / COARSE."""
        half, centre = np.float32(self._lips.half_width), np.float32(self._lips.centre)
        seam = ((self._lips.upper + self._lips.lower) / 2)[every(COARSE)]
        aside = np.maximum(0, np.abs(self._coarse_x - centre) / half - 0.35) / 0.85
        away = np.maximum(0, np.abs(self._coarse_y - seam) / half - 0.15) / 0.75
        weight = np.exp(-(aside**2) - away**2) * self._lips.rim[every(COARSE)]
        weight *= smooth_step(0.0, np.float32(0.08 * self._rig.face_height), self._coarse_y)
        return np.asarray(weight, np.float32)


def _box(rig: Rig, texture: Bytes, scale: Scale) -> Box:
    height, width = texture.shape[:2]
    mouth = rig.mouth
    x0, x1 = scale.at(float(mouth.x[0])), scale.at(float(mouth.x[-1]))
    y0, y1 = scale.at(mouth.nose_y - 0.08 * rig.face_height), scale.at(mouth.neck_y) + 3
    box = Box(max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1)))
    return box.trimmed(COARSE)
