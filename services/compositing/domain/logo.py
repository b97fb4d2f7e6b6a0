"""The logo: a trapezoid that hangs from the accent bar, with the channel's name or picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes
from services.compositing.domain import colour, fitting, raster
from services.compositing.domain.box import Box
from services.compositing.domain.brand import Theme
from services.compositing.domain.colour import Colour
from services.compositing.domain.measures import Logo
from services.compositing.domain.raster import Layer, Point
from services.compositing.domain.sheet import Sheet
from services.compositing.domain.typesetting import Style

SEEN: Final = 2.0
"""Least contrast of a logo picture and the trapezoid."""


def draw(sheet: Sheet, text: str, picture: Bytes | None) -> Layer | None:
    """Draw the logo: its picture (h, w, 4), RGBA with straight alpha, or else its text.

    Returns None where there is neither.
    """
    if picture is not None:
        return _hang(sheet, _picture_layer(_fitted(picture, sheet)), _ground(picture, sheet.theme))
    return _hang(sheet, _words(sheet, text), sheet.theme.accent) if text else None


def _hang(sheet: Sheet, sign: Layer, ground: Colour) -> Layer:
    """Draw the trapezoid with a sign on it that lies at x = 0, y = 0 being the middle."""
    kind, scale = sheet.aspect.logo, sheet.scale
    top, height = round(sheet.aspect.bar * scale), round(kind.height * scale)
    inset = round(kind.inset[0] * scale)
    width = inset + sign.box.right + round(kind.inset[2] * scale)
    left = round(kind.edge * scale)
    if kind.side == "right":
        left = sheet.frame.right - left - width
    shape = raster.polygon(_trapezoid(kind, Box(left, top, left + width, top + height), scale))
    placed = sign.moved(left + inset, top + height // 2)
    return raster.flatten([raster.wash(*shape, ground), placed], sheet.frame)


def _words(sheet: Sheet, text: str) -> Layer:
    kind, typesetter = sheet.aspect.logo, sheet.typesetter
    tries = [(Style(size, 700, -0.01), 1) for size in fitting.sizes(kind.size, kind.size * 0.7)]
    fitted = fitting.fit(typesetter, text, tries, kind.width)
    style = fitted.style.sized(fitted.style.size * sheet.scale)
    start = -typesetter.ink(fitted.lines[0], style).left
    baseline = typesetter.cap_height(style) / 2
    return raster.wash(
        *typesetter.draw(fitted.lines[0], style, start, baseline), sheet.theme.on_accent
    )


def _trapezoid(kind: Logo, box: Box, scale: float) -> list[Point]:
    """Return its corners: slanted on the side towards the middle of the picture."""
    slant = kind.slant * scale
    corners = [(box.left, box.top), (box.right, box.top)]
    if kind.side == "right":
        return [*corners, (box.right, box.bottom), (box.left + slant, box.bottom)]
    return [*corners, (box.right - slant, box.bottom), (box.left, box.bottom)]


def _fitted(picture: Bytes, sheet: Sheet) -> Bytes:
    """Return the visible part of a logo, premultiplied, as large as its place allows."""
    cropped = _visible(picture)
    height, width = cropped.shape[:2]
    room = sheet.aspect.logo.picture
    factor = min(room[0] * sheet.scale / width, room[1] * sheet.scale / height)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    alpha = cropped[..., 3:].astype(np.uint16)
    colours = (cropped[..., :3] * alpha + 127) // 255
    straight = np.concatenate([colours, alpha], axis=-1).astype(np.uint8)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(straight, size, interpolation=way), np.uint8)
    resized[..., :3] = np.minimum(resized[..., :3], resized[..., 3:])
    return resized


def _visible(picture: Bytes) -> Bytes:
    seen = picture[..., 3] > 8
    if not seen.any():
        return picture
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _picture_layer(picture: Bytes) -> Layer:
    blue_green_red = np.ascontiguousarray(picture[..., 2::-1])
    return Layer(0, -(picture.shape[0] // 2), blue_green_red, 255 - picture[..., 3])


def _ground(picture: Bytes, theme: Theme) -> Colour:
    """Return what the picture is seen on: its own edge where it is opaque, else what contrasts."""
    if picture[..., 3].min() == 255:
        red, green, blue = np.median(_border(picture), axis=0).astype(int).tolist()
        return red, green, blue
    weights = picture[..., 3].astype(np.float64).ravel() + 1e-9
    mean = np.average(picture[..., :3].reshape(-1, 3), axis=0, weights=weights)
    red, green, blue = mean.astype(int).tolist()
    grounds = (theme.accent, theme.ink, theme.ticker)
    if colour.contrast((red, green, blue), theme.accent) >= SEEN:
        return theme.accent
    return max(grounds, key=lambda ground: colour.contrast((red, green, blue), ground))


def _border(picture: Bytes) -> Bytes:
    sides = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    return np.concatenate([side[:, :3] for side in sides])
