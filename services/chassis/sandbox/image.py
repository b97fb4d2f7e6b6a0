"""Pictures from outside: refused by their headers, or decoded to sRGB pixels in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.sandbox.confined import python_decoder, run
from services.chassis.sandbox.image_headers import SIZES, gif_moves
from services.chassis.sandbox.magic import kind_of
from services.chassis.sandbox.refusal import Refused, complaining_about
from services.chassis.timeline import Bytes

EXTENSIONS: Final = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}
HEAD_BYTES: Final = 12
"""Width, height and channels, four bytes each: what the decoder says before the pixels."""
REMEDIES: Final = {
    "IMAGE_EMPTY": "the file has no bytes; export the picture again",
    "IMAGE_UNRECOGNISED": "this is no picture; use PNG, JPEG or WebP",
    "IMAGE_TYPE_MISMATCH": "the content is not what the file name's ending says; rename the file",
    "IMAGE_TYPE_UNSUPPORTED": "save the picture as PNG, JPEG or WebP",
    "IMAGE_TRUNCATED": "the file ends too early; copy or export it again",
    "IMAGE_CORRUPT": "the file is damaged; copy or export it again",
    "IMAGE_ANIMATED": "a moving picture cannot be used here; export one frame of it as PNG",
}


@dataclass(frozen=True)
class ImageLimits:
    """How large a picture may be."""

    file_bytes: int = 32 << 20
    pixels: int = 33_177_600
    """Width times height; 7680 x 4320."""
    least_side_pixels: int = 16


ANY_IMAGE: Final = ImageLimits()


def decode_image(data: bytes, extension: str, field: str, limits: ImageLimits = ANY_IMAGE) -> Bytes:
    """Return a picture's pixels, (height, width, 3) RGB or (height, width, 4) with straight alpha.

    Upright, 8-bit sRGB, nothing but pixels. `extension` is the file name's ending in lower case,
    without the dot. Raises Invalid for `field`, with one of the reasons of `REMEDIES`,
    IMAGE_TOO_LARGE or IMAGE_TOO_SMALL.
    """
    with complaining_about(field, REMEDIES):
        if len(data) > limits.file_bytes:
            raise Refused(
                "IMAGE_TOO_LARGE", f"more than {limits.file_bytes >> 20} MiB; save it smaller"
            )
        kind = _usable_kind(data, extension)
        _check_size(SIZES[kind](data), limits)
        return _decode(kind, data, limits)


def _usable_kind(data: bytes, extension: str) -> str:
    kind = kind_of(data)
    if not data:
        raise Refused("IMAGE_EMPTY")
    if kind == "gif" and gif_moves(data):
        raise Refused("IMAGE_ANIMATED")
    if not kind:
        raise Refused("IMAGE_UNRECOGNISED")
    if kind not in SIZES:
        raise Refused("IMAGE_TYPE_UNSUPPORTED")
    if EXTENSIONS.get(extension) != kind:
        raise Refused("IMAGE_TYPE_MISMATCH")
    return kind


def _check_size(size: tuple[int, int], limits: ImageLimits) -> None:
    width, height = size
    if width * height > limits.pixels:
        most = f"{limits.pixels / 1e6:.0f} million pixels"
        raise Refused("IMAGE_TOO_LARGE", f"{width} x {height} is more than {most}; scale it down")
    if min(width, height) < limits.least_side_pixels:
        least = limits.least_side_pixels
        remedy = f"{width} x {height} pixels; at least {least} each way are needed"
        raise Refused("IMAGE_TOO_SMALL", remedy)


def _decode(kind: str, data: bytes, limits: ImageLimits) -> Bytes:
    decoder = python_decoder("read_image.py", kind, str(limits.pixels))
    output, ending = run(decoder, data, HEAD_BYTES + 4 * limits.pixels)
    if ending.exit_code:
        raise Refused(ending.complaint if ending.complaint in REMEDIES else "IMAGE_CORRUPT")
    width, height, channels = np.frombuffer(output[:HEAD_BYTES], "<u4").tolist()
    pixels = np.frombuffer(output, np.uint8, offset=HEAD_BYTES)
    return pixels.reshape(height, width, channels)
