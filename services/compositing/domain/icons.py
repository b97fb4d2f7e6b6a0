"""Line icons: drawings on a 24 x 24 grid, drawn with a round pen."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final

from services.chassis.timeline import Bytes
from services.compositing.domain.raster import Point, arc, rounded, strokes
from services.compositing.domain.template import Icon

GRID: Final = 24
PEN: Final = 1.75


def draw(icon: Icon, size: float) -> Bytes:
    """Return the coverage (n, n) of an icon `size` pixels high; n is the next whole number."""
    scale = size / GRID
    paths = [[(x * scale, y * scale) for x, y in path] for path in _paths(icon)]
    side = ceil(size)
    return strokes(paths, PEN * scale, side, side)


def _paths(icon: Icon) -> Iterator[list[Point]]:
    for line in icon.lines:
        yield list(zip(line[::2], line[1::2], strict=True))
    for x, y, radius in icon.circles:
        yield arc(x, y, radius, 0, 360)
    for left, top, right, bottom, radius in icon.boxes:
        corners = rounded(left, top, right, bottom, radius)
        yield [*corners, corners[0]]
    for x, y, radius, start, end in icon.arcs:
        yield arc(x, y, radius, start, end)
