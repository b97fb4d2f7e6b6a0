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

KEYFRAME_SECONDS: Final = 2
"""How far apart pictures lie that a segment can be decoded from."""


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


def pick(lengths: Sequence[int], frame_rate: int) -> list[int]:
    """Return the frames to show: 12 to 20, spread evenly over segments of these lengths.

    In longer videos each moves to the next picture after one that a segment can be decoded from:
    the same sheet for a twentieth of the work.
    """
    total = sum(lengths)
    count = 12 if total < 30 * frame_rate else 20 if total > 60 * frame_rate else 16
    count = min(count, total)
    picked = [(2 * index + 1) * total // (2 * count) for index in range(count)]
    if total < count * KEYFRAME_SECONDS * frame_rate:
        return picked
    return [_after_keyframe(frame, lengths, KEYFRAME_SECONDS * frame_rate) for frame in picked]


def _after_keyframe(frame: int, lengths: Sequence[int], apart: int) -> int:
    start = 0
    for length in lengths:
        if frame < start + length:
            nearest = round((frame - start - 1) / apart) * apart + 1
            return start + min(max(nearest, 0), length - 1)
        start += length
    raise IndexError(frame)


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
