"""Placing: how large the presenter is, and where the head lies, in a format."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.rig import Head
from services.compositing.domain.box import Box
from services.compositing.domain.placement import Placement
from services.compositing.domain.sheet import Sheet


@dataclass(frozen=True)
class Room:
    """What is left for the presenter, in the template's pixels."""

    ceiling: float
    """Hair should stay below."""
    right: float
    """Hair should stay left of it."""
    floor: float
    """The portrait must have reached down to here."""


ROUNDS = 4
"""Size follows the eyes' height and the other way round; so many rounds settle both."""


def place(head: Head, canvas_pixels: int, sheet: Sheet, room: Room) -> Placement:
    """Return where the canvas lies so that the head is where the template wants it."""
    measures, scale = sheet.aspect.presenter, sheet.scale
    width, height = sheet.frame.right / scale, sheet.frame.bottom / scale
    hair, below = head.eyes_y - head.crown_y, canvas_pixels - head.eyes_y
    crown = room.ceiling + measures.headroom
    size = least = measures.face * height / (head.chin_y - head.eyes_y)
    for _ in range(ROUNDS):
        eyes = min(max(measures.eyes * height, crown + hair * size), measures.lowest * height)
        eyes = max(min(eyes, crown + measures.airiest + hair * size), measures.highest * height)
        size = max(least, (room.floor - eyes) / below)
    centre = min(
        measures.centre * width,
        room.right - measures.headroom - (head.right - head.centre_x) * size,
    )
    return Placement(
        scale=size * scale,
        left=(centre - head.centre_x * size) * scale,
        top=(eyes - head.eyes_y * size) * scale,
        clip=Box(0, 0, sheet.frame.right, _end(sheet, room.floor)),
        fade_pixels=round(measures.fade * scale),
    )


def _end(sheet: Sheet, floor: float) -> int:
    """Return the row the presenter is cut off at: under the ticker, or where the fade ends."""
    if sheet.aspect.presenter.fade:
        return 2 * round(floor * sheet.scale / 2)
    return sheet.frame.bottom - 2 * round(sheet.aspect.ticker.height * sheet.scale / 2)
