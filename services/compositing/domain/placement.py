"""Where in a picture the presenter's canvas lies."""

from __future__ import annotations

from dataclasses import dataclass

from services.compositing.domain.box import Box


@dataclass(frozen=True)
class Placement:
    """How a rig's canvas is laid into a picture; canvas (0, 0) is its upper left corner."""

    scale: float
    """Picture pixels per canvas pixel."""
    left: float
    """Picture x of the canvas' left edge; may lie outside the picture."""
    top: float
    clip: Box
    """Nothing is drawn outside it."""
    fade_pixels: int = 0
    """Over so many lowest rows of `clip` the presenter fades out; 0: runs out of the frame."""
