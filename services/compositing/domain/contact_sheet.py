"""The contact sheet: which frames of a video stand on it, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.timeline import Bytes

GROUND: Final = (24, 18, 14)
"""BGR, dark and a little blue, as the pictures are."""
WIDEST: Final = 2400
MARGIN: Final = 16
CAPTION: Final = 32
"""Pixels under each picture for its time."""


@dataclass(frozen=True)
class Grid:
    """How a sheet is divided."""

    columns: int
    width: int
    """Of a picture on it, pixels; even."""
    height: int

    @classmethod
    def of(cls, width: int, height: int, count: int) -> Grid:
        """Return whole rows for `count` pictures of a video of that size."""
        columns = min(count, 4 if width >= height else max(6, count // 2))
        room = (WIDEST - MARGIN * (columns + 1)) // columns // 2 * 2
        across = min(room, width)
        return cls(columns, across, round(across * height / width / 2) * 2)

    def corner(self, index: int) -> tuple[int, int]:
        """Return left and top of a picture."""
        row, column = divmod(index, self.columns)
        left = MARGIN + column * (self.width + MARGIN)
        return left, MARGIN + row * (self.height + CAPTION + MARGIN)


def pick(frame_count: int, frame_rate: int) -> list[int]:
    """Return the frames to show: 12 to 20, evenly spread, each from the middle of its stretch."""
    count = 12 if frame_count < 30 * frame_rate else 20 if frame_count > 60 * frame_rate else 16
    count = min(count, frame_count)
    return [(2 * index + 1) * frame_count // (2 * count) for index in range(count)]


def lay_out(pictures: Sequence[Bytes], grid: Grid) -> Bytes:
    """Return the sheet, BGR, with room for a line of type under each picture.

    pictures: (grid.height, grid.width, 3) BGR.
    """
    _, top = grid.corner(len(pictures) - 1)
    right, _ = grid.corner(min(grid.columns, len(pictures)) - 1)
    size = (top + grid.height + CAPTION + MARGIN, right + grid.width + MARGIN)
    sheet: Bytes = np.empty((*size, 3), np.uint8)
    sheet[:] = GROUND
    for index, picture in enumerate(pictures):
        left, top = grid.corner(index)
        sheet[top : top + grid.height, left : left + grid.width] = picture
    return sheet


def clock(frame: int, frame_rate: int) -> str:
    """Return when a frame is shown: minutes, seconds and hundredths."""
    hundredths = frame * 100 // frame_rate
    return f"{hundredths // 6000}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
