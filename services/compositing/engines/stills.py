"""Stills beside a video: its thumbnail and its contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import ffmpeg
import numpy as np

from services.chassis.timeline import Bytes
from services.compositing.domain import contact_sheet as sheets
from services.compositing.domain import raster
from services.compositing.domain.contact_sheet import CAPTION, Grid
from services.compositing.domain.typesetting import Style
from services.compositing.engines import fonts
from services.compositing.engines.ffmpeg import Unnamed, run
from services.compositing.engines.segments import AS_WRITTEN

QUALITY: Final = 92
"""Of JPEG, in hundredths."""
TYPE: Final = Style(size=20, weight=500)
INK: Final = (214, 222, 238)
TIMEOUT_SECONDS: Final = 60.0


def jpeg(picture: Bytes) -> bytes:
    """Return a BGR picture as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    encoded, data = cv2.imencode(".jpg", picture, options)
    assert encoded
    return bytes(data)


def contact_sheet(
    segments: Sequence[tuple[bytes, int]], size: tuple[int, int], frame_rate: int
) -> Bytes:
    """Return frames of a whole video on one BGR picture, each over the time it is shown at.

    segments: the video's parts in order, each with its number of frames. size: its width and
    height.
    """
    picked = sheets.pick([count for _, count in segments], frame_rate)
    grid = Grid.of(*size, len(picked))
    pictures = [frame_of(segments, frame, frame_rate, grid) for frame in picked]
    drawn = sheets.lay_out(pictures, grid)
    typesetter = fonts.load().typesetter(fonts.HANKEN)
    for index, frame in enumerate(picked):
        left, top = grid.corner(index)
        baseline = top + grid.height + CAPTION * 0.78
        written = typesetter.draw(sheets.clock(frame, frame_rate), TYPE, left, baseline)
        raster.wash(*written, INK).lay_on(drawn)
    return drawn


def frame_of(
    segments: Sequence[tuple[bytes, int]], frame: int, frame_rate: int, grid: Grid
) -> Bytes:
    """Return one frame of a video in parts, (grid.height, grid.width, 3) BGR."""
    for data, count in segments:
        if frame < count:
            return _decode(data, frame, frame_rate, grid)
        frame -= count
    raise IndexError(frame)


def _decode(segment: bytes, frame: int, frame_rate: int, grid: Grid) -> Bytes:
    # A quarter frame early, so that rounding never asks for the one after.
    since = f"{max(0.0, (frame - 0.25) / frame_rate):.6f}"
    colours = {"flags": "area", "in_color_matrix": "bt709", "in_range": "tv"}
    with Unnamed(segment) as file:
        shown = ffmpeg.input(file.address, ss=since, threads=1, **AS_WRITTEN)
        small = shown.filter("scale", grid.width, grid.height, **colours)
        raw = small.output("-", format="rawvideo", pix_fmt="bgr24", vframes=1)
        data = run(raw.get_args(), timeout_seconds=TIMEOUT_SECONDS, files=[file])
    picture: Bytes = np.frombuffer(data, np.uint8).reshape(grid.height, grid.width, 3)
    return picture
