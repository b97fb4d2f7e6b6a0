"""Colours: reading, mixing, and the contrast that keeps type readable."""

from __future__ import annotations

from typing import Final

Colour = tuple[int, int, int]
"""Red, green and blue of sRGB, 0 to 255."""

READABLE: Final = 4.5
"""Least contrast of type and its ground (WCAG 2, level AA)."""
LEAST_LUMA: Final = 0.05
"""No ground is darker, in parts of white: pure black looks like a hole in the picture."""

WHITE: Final = (255, 255, 255)
BLACK: Final = (0, 0, 0)


def parse(text: str) -> Colour:
    """Return the colour that "#rrggbb" writes. Raises ValueError for anything else."""
    if len(text) != 7 or text[0] != "#":
        raise ValueError(text)
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def mix(first: Colour, second: Colour, part: float) -> Colour:
    """Return `first` with `part` (0 to 1) of it replaced by `second`."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luma(colour: Colour) -> float:
    """Return the Rec.709 luma, 0 to 1."""
    red, green, blue = colour
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def luminance(colour: Colour) -> float:
    """Return the relative luminance, 0 to 1. Source: WCAG 2.2."""
    red, green, blue = (_linear(value / 255) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast ratio, 1 to 21. Source: WCAG 2.2."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def lift(colour: Colour, least: float = LEAST_LUMA) -> Colour:
    """Return the colour, lightened where its luma is below `least`."""
    steps = (mix(colour, WHITE, step / 100) for step in range(101))
    return next(lighter for lighter in steps if luma(lighter) >= least)


def readable(colour: Colour, ground: Colour, towards: Colour) -> Colour:
    """Return the colour, moved `towards` another until it is readable on the ground, or that."""
    steps = (mix(colour, towards, step / 50) for step in range(51))
    return next((c for c in steps if contrast(c, ground) >= READABLE), towards)


def _linear(value: float) -> float:
    if value <= 0.04045:
        return value / 12.92
    return float(((value + 0.055) / 1.055) ** 2.4)
