"""The backdrop: light behind the head, slanted lines, one light band, grain against banding."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.brand import Theme
from services.compositing.domain.colour import READABLE, Colour, contrast
from services.compositing.domain.placing import Room
from services.compositing.domain.sheet import Sheet
from services.compositing.domain.template import Pattern

SEED: Final = 52
SHADE_EDGE: Final = 180
"""The shade behind a title runs out over so much, in the template's pixels."""
SOFT_EDGE: Final = 0.002
"""Half width of the band's edges, in parts of the gradient line."""


def draw(sheet: Sheet, room: Room) -> Bytes:
    """Return the backdrop (H, W, 3) BGR; where the presenter fades out, it does so too.

    Behind a title without a card it is shaded where type would not be readable on it.
    """
    size = (sheet.frame.right, sheet.frame.bottom)
    x = np.arange(size[0], dtype=np.float32)[None, :] + np.float32(0.5)
    y = np.arange(size[1], dtype=np.float32)[:, None] + np.float32(0.5)
    picture = _radial(sheet, x / np.float32(size[0]), y / np.float32(size[1]))
    pattern, palette, theme = sheet.template.background, sheet.template.palette, sheet.theme
    along = _along(pattern, x, y, size)
    picture = _mixed(picture, theme.band, _band(pattern, along, size) * palette.band.opacity)
    picture = _mixed(
        picture, theme.ink, _lines(pattern, along, sheet.scale) * palette.lines_opacity
    )
    if fade := sheet.aspect.presenter.fade:
        row = y / np.float32(sheet.scale)
        picture = _mixed(picture, theme.card, _smooth((row - np.float32(room.floor - fade)) / fade))
        if _needs_shade(theme):
            part = _smooth(1 - (row - np.float32(room.ceiling)) / np.float32(SHADE_EDGE))
            picture = _mixed(picture, theme.card, part * np.float32(palette.card_opacity))
    return _grained(picture, pattern.grain)


def _needs_shade(theme: Theme) -> bool:
    grounds, inks = theme.background[1:], (theme.ink, theme.tint)
    return any(contrast(ink, ground) < READABLE for ink in inks for ground in grounds)


def _grained(picture: Floats, grain: float) -> Bytes:
    """Return the picture in whole steps, with fixed noise that hides where the steps lie."""
    noise = np.random.default_rng(SEED).uniform(-grain, grain, picture.shape[:2])
    whole = np.round(picture + noise[..., None].astype(np.float32))
    return np.clip(whole, 0, 255).astype(np.uint8)


def _radial(sheet: Sheet, x: Floats, y: Floats) -> Floats:
    light = sheet.aspect.light
    across, down = (x - light.centre[0]) / light.radius[0], (y - light.centre[1]) / light.radius[1]
    far = np.sqrt(across * across + down * down)
    inner, middle, outer = np.array(sheet.theme.background, np.float32)[:, ::-1]
    near, between, end = light.stops
    first = np.clip((far - near) / (between - near), 0, 1)[..., None]
    second = np.clip((far - between) / (end - between), 0, 1)[..., None]
    picture: Floats = inner + first * (middle - inner) + second * (outer - middle)
    return picture


def _along(pattern: Pattern, x: Floats, y: Floats, size: tuple[int, int]) -> Floats:
    """Return how far each pixel lies along the gradient line, pixels from its start."""
    angle = np.radians(pattern.angle)
    across, down = np.float32(np.sin(angle)), np.float32(-np.cos(angle))
    middle = size[0] / 2, size[1] / 2
    distance: Floats = (x - middle[0]) * across + (y - middle[1]) * down
    return distance + np.float32(_length(pattern, size) / 2)


def _length(pattern: Pattern, size: tuple[int, int]) -> float:
    """Return the length of the gradient line. Source: CSS Images 3, linear-gradient()."""
    angle = np.radians(pattern.angle)
    return float(size[0] * abs(np.sin(angle)) + size[1] * abs(np.cos(angle)))


def _band(pattern: Pattern, along: Floats, size: tuple[int, int]) -> Floats:
    share = along / np.float32(_length(pattern, size))
    start, end = pattern.band
    rise = np.clip((share - start) / SOFT_EDGE, 0, 1)
    return np.asarray(rise * np.clip((end - share) / SOFT_EDGE, 0, 1), np.float32)


def _lines(pattern: Pattern, along: Floats, scale: float) -> Floats:
    """Return the coverage of the thin lines."""
    offset = np.abs(along / scale % pattern.line_pitch - pattern.line_width / 2)
    offset = np.minimum(offset, pattern.line_pitch - offset)
    return np.asarray(np.clip((pattern.line_width / 2 - offset) * scale + 0.5, 0, 1), np.float32)


def _mixed(picture: Floats, colour: Colour, part: Floats) -> Floats:
    over = np.array(colour[::-1], np.float32)
    mixed: Floats = picture + (over - picture) * part[..., None]
    return mixed


def _smooth(part: Floats) -> Floats:
    clipped = np.clip(part, 0, 1)
    smooth: Floats = clipped * clipped * (3 - 2 * clipped)
    return smooth
