"""Placing: how large the presenter is, and where the head lies, in a format."""

from __future__ import annotations

from services.chassis.rig import Head
from services.compositing.domain.placement import Box, Placement
from services.compositing.domain.sheet import Sheet


def place(head: Head, canvas_pixels: int, sheet: Sheet, ceiling: float, floor: float) -> Placement:
    """Return where the canvas lies so that the head is where the template wants it.

    ceiling, floor: what hair should stay below, and where the portrait must have reached down to;
    the template's pixels.
    """
    aspect, frame, scale = sheet.aspect, sheet.frame, sheet.scale
    measures = aspect.presenter
    width, height = frame.right / scale, frame.bottom / scale
    hair = head.eyes_y - head.crown_y
    below = canvas_pixels - head.eyes_y
    bottom = floor if measures.fade else measures.bottom
    eyes = measures.eyes * height
    size = max(measures.face * height / (head.chin_y - head.eyes_y), (bottom - eyes) / below)
    room = ceiling + measures.headroom
    eyes = min(max(eyes, room + hair * size), measures.lowest * height)
    ticker = frame.bottom - 2 * round(aspect.ticker.height * scale / 2)
    end = round(floor * scale / 2) * 2 if measures.fade else ticker
    return Placement(
        scale=size * scale,
        left=(measures.centre * width - head.centre_x * size) * scale,
        top=(eyes - head.eyes_y * size) * scale,
        clip=Box(0, 0, frame.right, end),
        fade_pixels=round(measures.fade * scale),
    )
