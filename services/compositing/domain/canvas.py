"""Pictures in memory: layers laid over a BGR canvas, and its Rec.709 planes for x264."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.box import Box

RED, BLUE = 0.2126, 0.0722
GREEN: Final = 1 - RED - BLUE
"""Luma of the primaries, ITU-R BT.709-6 item 3.2."""


@dataclass(frozen=True)
class Cover:
    """Something drawn over the canvas: `canvas * keep / 255 + colour`."""

    box: Box
    colour: Bytes
    """Premultiplied BGR (height, width, 3)."""
    keep: Bytes
    """255 - alpha, once for each channel (height, width, 3)."""

    @classmethod
    def of(cls, box: Box, colour: Bytes, keep: Bytes) -> Cover:
        """Make a cover of a layer whose `keep` is (height, width)."""
        keep = np.asarray(cv2.cvtColor(np.ascontiguousarray(keep), cv2.COLOR_GRAY2BGR), np.uint8)
        return cls(box, np.ascontiguousarray(colour), keep)

    def onto(self, canvas: Bytes, box: Box) -> None:
        """Draw it onto the part of a canvas inside box."""
        part = self.box.meet(box)
        if part.is_empty:
            return
        inside = part.moved(-self.box.left, -self.box.top)
        target = part.of(canvas)
        cv2.multiply(target, inside.of(self.keep), dst=target, scale=1 / 255)
        cv2.add(target, inside.of(self.colour), dst=target)


class Planes:
    """Y', Cb and Cr of a picture, Rec.709 limited range, 4:2:0, as x264 takes them.

    A chroma sample is the mean of its four pixels. Boxes must be even.
    """

    def __init__(self, width: int, height: int) -> None:
        self.data: Bytes = np.zeros((height * 3 // 2, width), np.uint8)
        flat = self.data.reshape(-1)
        luma, chroma = width * height, width * height // 4
        self._luma: Bytes = flat[:luma].reshape(height, width)
        self._blue: Bytes = flat[luma : luma + chroma].reshape(height // 2, width // 2)
        self._red: Bytes = flat[luma + chroma :].reshape(height // 2, width // 2)
        # Scratch of `convert`: fresh memory for every frame would cost as much as its arithmetic.
        self._colours: Bytes = np.empty(3 * luma, np.uint8)
        self._half: Bytes = np.empty(3 * chroma, np.uint8)

    @classmethod
    def from_picture(cls, picture: Bytes) -> Planes:
        """Return the planes of a whole BGR picture."""
        height, width = picture.shape[:2]
        planes = cls(width, height)
        planes.convert(picture, Box(0, 0, width, height))
        return planes

    def convert(self, canvas: Bytes, box: Box) -> None:
        """Bring the part inside box up to date with a BGR canvas."""
        small = _halved(box)
        colours, half = _cut(self._colours, box), _cut(self._half, small)
        cv2.transform(box.of(canvas), REC709, dst=colours)
        cv2.resize(colours, half.shape[1::-1], dst=half, interpolation=cv2.INTER_AREA)
        cv2.extractChannel(colours, 0, box.of(self._luma))
        cv2.extractChannel(half, 1, small.of(self._blue))
        cv2.extractChannel(half, 2, small.of(self._red))

    def scroll(self, strip: Planes, box: Box, offset: int) -> None:
        """Fill box from an endless strip of its height that has run on by an even offset."""
        small = _halved(box)
        _scroll(strip._luma, box.of(self._luma), offset)
        _scroll(strip._blue, small.of(self._blue), offset // 2)
        _scroll(strip._red, small.of(self._red), offset // 2)


def _halved(box: Box) -> Box:
    return Box(box.left // 2, box.top // 2, box.right // 2, box.bottom // 2)


def _cut(scratch: Bytes, box: Box) -> Bytes:
    """Return scratch as a picture of a box's size."""
    height, width = box.bottom - box.top, box.right - box.left
    return scratch[: 3 * height * width].reshape(height, width, 3)


def _scroll(strip: Bytes, target: Bytes, offset: int) -> None:
    width, length = target.shape[1], strip.shape[1]
    done = 0
    while done < width:
        begin = (offset + done) % length
        count = min(width - done, length - begin)
        target[:, done : done + count] = strip[:, begin : begin + count]
        done += count


def _rec709() -> Floats:
    """Return the matrix from full-range B'G'R' to limited-range Y'CbCr, (3, 4), for 8 bits."""
    luma = np.array([BLUE, GREEN, RED])
    blue = (np.array([1.0, 0, 0]) - luma) / (2 * (1 - BLUE))
    red = (np.array([0, 0, 1.0]) - luma) / (2 * (1 - RED))
    rows = np.vstack([luma * 219, blue * 224, red * 224]) / 255
    return np.hstack([rows, [[16], [128], [128]]]).astype(np.float32)


REC709: Final = _rec709()
