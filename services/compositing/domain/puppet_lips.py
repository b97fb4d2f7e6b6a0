"""How lips, chin and cheeks move when a mouth speaks: lines per column, and maps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.chassis.rig import Mouth
from services.chassis.timeline import Floats
from services.compositing.domain.box import Box
from services.compositing.domain.puppet_patch import Scale, saturate, smooth_step


@dataclass(frozen=True)
class MouthShape:
    """What the mouth does; the columns of `MOUTH`, after the portrait's own gains."""

    jaw: float
    """Half mouth widths, like the next four."""
    width: float
    round: float
    upper: float
    tuck: float
    tongue: float
    """0 to 1."""
    press: float
    """0 to 1."""
    unsmile: float
    """0 to 1: how far a smiling portrait's corners are let down, so that it does not grin."""


@dataclass(frozen=True)
class LipLines:
    """Lines of the moved mouth per column of the patch (C,), in texels from its corner."""

    across: Floats
    """Place in the moved mouth: -1 and 1 at its corners."""
    upper: Floats
    """Lower edge of the upper lip, where it is now."""
    lower: Floats
    """Upper edge of the lower lip, where it is now; never above `upper`."""
    from_upper: Floats
    """Where `upper` is in the portrait."""
    from_lower: Floats
    lip_top: Floats
    """Where the upper lip meets the skin, now."""
    from_lip_top: Floats
    lip_bottom: Floats
    from_lip_bottom: Floats
    chin: Floats
    """Where the chin is now, were it in this column."""


class Lips:
    """A rig's mouth in texels of a patch, and how it answers to a shape."""

    def __init__(self, mouth: Mouth, scale: Scale, box: Box) -> None:
        columns = np.arange(box.width, dtype=np.float32)
        at = scale.canvas(columns + box.left)

        def line(values: Floats) -> Floats:
            across = np.interp(at, mouth.x, values).astype(np.float32)
            return scale.texels(across) - np.float32(box.top)

        self.half_width = mouth.half_width * scale.ratio
        self.centre = scale.at(mouth.centre_x) - box.left
        self.nose = scale.at(mouth.nose_y) - box.top
        self.chin = scale.at(mouth.chin_y) - box.top
        self.neck = scale.at(mouth.neck_y) - box.top
        self.columns = columns
        self.upper, self.lower = line(mouth.seam_upper), line(mouth.seam_lower)
        self.lip_top, self.lip_bottom = line(mouth.lip_top), line(mouth.lip_bottom)
        self.gap = self.lower - self.upper
        across = np.abs(columns - np.float32(self.centre)) / np.float32(self.half_width)
        rim = np.minimum(columns, columns[-1] - columns)
        self.rim = smooth_step(0.0, 0.28 * self.half_width, rim)
        self.jaw_follow = np.exp(-((np.maximum(0, across - 0.55) / 0.80) ** 2)) * self.rim
        self.corner_follow = self.rim * np.exp(-((np.maximum(0, across - 1) / 0.35) ** 2))
        self.seam_middle = float(np.interp(self.centre, columns, self.upper))

    def lines(self, shape: MouthShape) -> LipLines:
        """Return the lines of a shape.

        The jaw pulls the lower lip down along a rounded profile and the corners a little; rounding
        narrows the profile and thickens the lips; an open portrait first brings its lips together.
        """
        half = self.half_width
        jaw, stretch = shape.jaw * half, self.stretch(shape)
        across = (self.columns - np.float32(self.centre)) / np.float32(half * stretch)
        out = np.minimum(np.abs(across), 1)
        bow = 1 - out * out
        profile = np.clip(1 - out ** np.float32(2.7 - 0.5 * shape.round), 0, 1)
        profile = profile ** np.float32(0.72 - 0.08 * shape.round)
        at = np.float32(self.centre) + across * np.float32(half)
        upper, lower, gap, top, bottom = (
            np.interp(at, self.columns, line).astype(np.float32)
            for line in (self.upper, self.lower, self.gap, self.lip_top, self.lip_bottom)
        )
        corners = np.float32(0.36 * jaw) * self.jaw_follow * (1 - profile)
        corners += np.float32(0.60 * shape.unsmile * half) * out**2 * self.corner_follow
        closing = gap * np.float32(saturate(1 - shape.jaw / 0.30))
        raised = np.float32(shape.upper * half + 0.06 * jaw) * bow
        moved_upper = upper + corners - raised + np.float32(0.38) * closing
        tuck = np.float32(0.6 * shape.tuck * half) * bow
        dropped = lower + corners + np.float32(0.94 * jaw) * profile - np.float32(0.62) * closing
        moved_lower = np.maximum(dropped - tuck, moved_upper)
        press = np.float32(0.055 * shape.press * half) * bow
        pout = np.float32(shape.round * half) * bow
        drop = np.float32(0.92) * (moved_lower - lower) + np.float32(0.08 * jaw) * self.jaw_follow
        lip_bottom = bottom + drop + np.float32(0.05) * pout - np.float32(0.5) * press
        lip_top = top + np.float32(0.80) * (moved_upper - upper) - np.float32(0.045) * pout
        lip_bottom = np.maximum(lip_bottom, moved_lower + np.float32(0.5))
        return LipLines(
            across=across,
            upper=moved_upper,
            lower=moved_lower,
            from_upper=upper,
            from_lower=lower,
            lip_top=lip_top + np.float32(0.4) * press,
            from_lip_top=top,
            lip_bottom=lip_bottom,
            from_lip_bottom=bottom,
            chin=np.maximum(
                np.float32(self.chin) + np.float32(0.98 * jaw) * self.jaw_follow, lip_bottom + 1
            ),
        )

    def stretch(self, shape: MouthShape) -> float:
        """Return how wide the mouth is, 1 being as in the portrait; an open jaw draws it in."""
        return 1 + shape.width - 0.30 * shape.jaw

    def rows_below(self, lines: LipLines, y: Floats, step: slice) -> Floats:
        """Return the portrait's row for rows y (R, 1) from lip to neck, at columns `step`."""
        lower, bottom, chin = lines.lower[step], lines.lip_bottom[step], lines.chin[step]
        from_lower, from_bottom = lines.from_lower[step], lines.from_lip_bottom[step]
        lip = from_lower + (y - lower) * ((from_bottom - from_lower) / (bottom - lower))
        skin = from_bottom + (y - bottom) * (
            (np.float32(self.chin) - from_bottom) / (chin - bottom)
        )
        slack = np.float32(self.neck) - np.minimum(chin, np.float32(self.neck - 1))
        neck = self.neck - (self.neck - y) * (np.float32(self.neck - self.chin) / slack)
        above_neck = np.where(y < chin, skin, np.where(y < self.neck, neck, y))
        return np.asarray(np.where(y < bottom, lip, above_neck), np.float32)

    def rows_above(self, lines: LipLines, y: Floats, step: slice) -> Floats:
        """Return the portrait's row for rows y (R, 1) from lip to nose, at columns `step`."""
        upper, top = lines.upper[step], lines.lip_top[step]
        from_upper, from_top = lines.from_upper[step], lines.from_lip_top[step]
        nose = np.float32(self.nose)
        tall = np.maximum(upper - top, np.float32(0.5))
        lip = from_upper - (upper - y) * ((from_upper - from_top) / tall)
        skin = nose + (y - nose) * ((from_top - nose) / np.maximum(top - nose, 1))
        return np.asarray(np.where(y > top, lip, np.where(y > nose, skin, y)), np.float32)
