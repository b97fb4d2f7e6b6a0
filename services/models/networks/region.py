"""Rectangles of a network's maps: what is made anew when only a window of a picture changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Region:
    """A rectangle in pixels of one map; bottom and right are the first row and column outside."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def whole(cls, side: int) -> Region:
        """Return all of a square map."""
        return cls(0, 0, side, side)

    def grown(self, pixels: int, side: int) -> Region:
        """Return it with a margin, inside a map of this side."""
        return Region(
            max(self.top - pixels, 0),
            max(self.left - pixels, 0),
            min(self.bottom + pixels, side),
            min(self.right + pixels, side),
        )

    def halved(self) -> Region:
        """Return the pixels of the map of half the side that touch it."""
        return Region(self.top // 2, self.left // 2, -(-self.bottom // 2), -(-self.right // 2))

    def doubled(self) -> Region:
        """Return it in the map of twice the side."""
        return Region(2 * self.top, 2 * self.left, 2 * self.bottom, 2 * self.right)

    def joined(self, other: Region) -> Region:
        """Return the smallest region around both."""
        return Region(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def inside(self, frame: Region) -> tuple[slice, slice]:
        """Return its rows and columns in an array that covers only the frame."""
        rows = slice(self.top - frame.top, self.bottom - frame.top)
        return rows, slice(self.left - frame.left, self.right - frame.left)


Regions = Mapping[int, Region]
"""By side of the map."""


def cut(x: Tensor, region: Region, frame: Region) -> Tensor:
    """Return the region of a map (..., h, w) that covers the frame; nothing is copied."""
    rows, columns = region.inside(frame)
    return x[..., rows, columns]


def paste(x: Tensor, part: Tensor, region: Region, frame: Region) -> Tensor:
    """Return the map with the region replaced."""
    pasted = x.clone()
    cut(pasted, region, frame).copy_(part)
    return pasted
