"""Formats: the shape and size of a finished picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ASPECTS: Final = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
LEAST_HEIGHT: Final = 360
MOST_HEIGHT: Final = 1080


@dataclass(frozen=True)
class Format:
    """An aspect, and the pixels of the picture's short side."""

    aspect: str
    """"16:9", "9:16" or "1:1"."""
    height: int
    """Even, 360 to 1080."""

    @property
    def scale(self) -> float:
        """Return pixels of this format per pixel of a template's measures."""
        return self.height / MOST_HEIGHT

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels, both even."""
        across, down = ASPECTS[self.aspect]
        short = min(across, down)
        return _even(self.height * across / short), _even(self.height * down / short)


def _even(value: float) -> int:
    return 2 * round(value / 2)
