"""Rasters: layers of premultiplied colour, and the anti-aliased shapes they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Bytes
from services.compositing.domain.box import Box
from services.compositing.domain.colour import Colour

FINE: Final = 4
"""Shapes and type are drawn this many times larger, then averaged."""
SHIFT: Final = 4
"""Bits behind the point in the corners that OpenCV is given."""

Point = tuple[float, float]
Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Layer:
    """A translucent rectangle: laid on a picture it gives `colour + picture * keep / 255`."""

    left: int
    top: int
    colour: Bytes
    """(h, w, 3) BGR, premultiplied with its alpha."""
    keep: Bytes
    """(h, w): 255 minus alpha, what stays of the picture below."""

    @property
    def box(self) -> Box:
        """Return the pixels it covers."""
        height, width = self.keep.shape
        return Box(self.left, self.top, self.left + width, self.top + height)

    def cropped(self, box: Box) -> Layer:
        """Return the part of it inside a box, perhaps an empty one."""
        seen = self.box.meet(box)
        if seen.is_empty:
            return Layer(seen.left, seen.top, self.colour[:0, :0], self.keep[:0, :0])
        inside = seen.moved(-self.left, -self.top)
        return Layer(seen.left, seen.top, inside.of(self.colour), inside.of(self.keep))

    def moved(self, right: int, down: int) -> Layer:
        """Return it elsewhere."""
        return replace(self, left=self.left + right, top=self.top + down)

    def faded(self, opacity: float) -> Layer:
        """Return it with `opacity` (0 to 1) of its alpha."""
        if opacity >= 1:
            return self
        alpha = np.asarray(cv2.convertScaleAbs(255 - self.keep, alpha=opacity), np.uint8)
        colour = np.asarray(cv2.convertScaleAbs(self.colour, alpha=opacity), np.uint8)
        return replace(self, colour=colour, keep=~alpha)

    def lay_on(self, picture: Bytes) -> None:
        """Draw it on a picture (H, W, 3) BGR, in place; what lies outside is cut off."""
        height, width = picture.shape[:2]
        seen = self.cropped(Box(0, 0, width, height))
        if not seen.box.is_empty:
            below = seen.box.of(picture)
            below[:] = _over(seen, below)


def wash(mask: Bytes, left: int, top: int, colour: Colour, opacity: float = 1.0) -> Layer:
    """Return a layer of one colour whose alpha is `mask` (h, w) times `opacity`."""
    alpha = np.asarray(cv2.convertScaleAbs(mask, alpha=opacity), np.uint16)
    blue_green_red = np.array(colour[::-1], np.uint16)
    premultiplied = (alpha[..., None] * blue_green_red + 127) // 255
    return Layer(left, top, premultiplied.astype(np.uint8), (255 - alpha).astype(np.uint8))


def flatten(layers: Sequence[Layer], frame: Box) -> Layer:
    """Return layers laid on one another, first at the bottom, as one with even bounds."""
    seen = [part for layer in layers if not (part := layer.cropped(frame)).box.is_empty]
    bounds = _bounds([layer.box for layer in seen]).even()
    height, width = bounds.bottom - bounds.top, bounds.right - bounds.left
    colour = np.zeros((height, width, 3), np.uint8)
    keep = np.full((height, width), 255, np.uint8)
    for layer in seen:
        inside = layer.box.moved(-bounds.left, -bounds.top)
        inside.of(colour)[:] = _over(layer, inside.of(colour))
        inside.of(keep)[:] = cv2.multiply(inside.of(keep), layer.keep, scale=1 / 255)
    return Layer(bounds.left, bounds.top, colour, keep)


def polygon(points: Iterable[Point]) -> tuple[Bytes, int, int]:
    """Return the coverage (h, w) of a polygon in pixels, and its left and top."""
    corners = np.array(list(points), np.float64)
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    canvas = _canvas(right - left, bottom - top)
    _fill(canvas, corners - (left, top))
    return _reduce(canvas), int(left), int(top)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> list[Point]:
    """Return the corners of a box with rounded corners, as a polygon."""
    points: list[Point] = []
    turns = ((right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270))
    for x, y, start in turns:
        inward_x = radius if x == left else -radius
        inward_y = radius if y == top else -radius
        points += arc(x + inward_x, y + inward_y, radius, start, start + 90)
    return points


def arc(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    """Return points along an arc; degrees clockwise from the right."""
    angles = np.radians(np.linspace(start, end, max(2, int(abs(end - start) / 6) + 1)))
    return [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angles]


def strokes(paths: Iterable[Sequence[Point]], pen: float, width: int, height: int) -> Bytes:
    """Return the coverage (height, width) of lines drawn with a round pen; pixels."""
    canvas = _canvas(width, height)
    for path in paths:
        corners = _fixed(np.array(path, np.float64))
        thick = max(1, round(pen * FINE))
        cv2.polylines(canvas, [corners], isClosed=False, color=255, thickness=thick, shift=SHIFT)
        for corner in corners:
            radius = round(pen * FINE / 2 * 2**SHIFT)
            cv2.circle(canvas, corner.tolist(), radius, 255, -1, cv2.LINE_8, SHIFT)
    return _reduce(canvas)


def _over(layer: Layer, below: Bytes) -> Bytes:
    keep = cv2.cvtColor(np.ascontiguousarray(layer.keep), cv2.COLOR_GRAY2BGR)
    stays = cv2.multiply(below, keep, scale=1 / 255)
    return np.asarray(cv2.add(layer.colour, stays), np.uint8)


def _bounds(boxes: Sequence[Box]) -> Box:
    if not boxes:
        return Box(0, 0, 0, 0)
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    return Box(left, top, max(box.right for box in boxes), max(box.bottom for box in boxes))


def _canvas(width: int, height: int) -> Bytes:
    return np.zeros((int(height) * FINE, int(width) * FINE), np.uint8)


def _fixed(points: Doubles) -> Whole:
    """Return pixels as OpenCV's fixed point on the fine canvas, where pixel centres are whole."""
    return np.round((points * FINE - 0.5) * 2**SHIFT).astype(np.int32)


def _fill(canvas: Bytes, corners: Doubles) -> None:
    cv2.fillPoly(canvas, [_fixed(corners)], 255, cv2.LINE_8, SHIFT)


def _reduce(canvas: Bytes) -> Bytes:
    height, width = canvas.shape
    small = cv2.resize(canvas, (width // FINE, height // FINE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
