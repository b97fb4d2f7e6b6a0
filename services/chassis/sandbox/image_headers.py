"""What the headers of a picture say, read without decoding a pixel.

Each `_size` takes a whole file and returns (width, height) in pixels as stored. Raises Refused
for IMAGE_TRUNCATED, IMAGE_CORRUPT and IMAGE_ANIMATED.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from services.chassis.sandbox.refusal import Refused

Size = tuple[int, int]

JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""
JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_SCAN: Final = 0xDA
WEBP_MOVES: Final = 0x02
MOST_PARTS: Final = 100_000
"""Chunks of a PNG, markers and padding of a JPEG: far more than an honest file has."""
GIF_BYTES: Final = 4 << 20
"""Where a second picture is looked for."""


def gif_moves(data: bytes) -> bool:
    """Return whether a GIF has a second picture near; what ends early or is odd has none."""
    data = data[:GIF_BYTES]
    pictures, at = 0, 13 + _gif_colours(data, 10)
    while pictures < 2 and data[at : at + 1] in (b"\x21", b"\x2c"):
        if data[at] == 0x2C:
            pictures += 1
            at += 11 + _gif_colours(data, at + 9)  # its place, its colours, the width of codes
        else:
            at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return pictures > 1


def _gif_colours(data: bytes, at: int) -> int:
    """Return the bytes of the colour table that the flags at a place announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def png_size(data: bytes) -> Size:
    """Read a PNG, whose chunks must all be whole and have the right checksums."""
    size: Size | None = None
    for kind, body in _png_chunks(data):
        if kind == b"IHDR" and len(body) == 13:
            size = struct.unpack_from(">II", body)
        if kind == b"acTL":
            raise Refused("IMAGE_ANIMATED")
    if size is None:
        raise Refused("IMAGE_CORRUPT")
    return size


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    for _ in range(MOST_PARTS):
        if position + 12 > len(data):
            raise Refused("IMAGE_TRUNCATED")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            raise Refused("IMAGE_TRUNCATED")
        if zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise Refused("IMAGE_CORRUPT")
        if kind == b"IEND":
            return
        yield kind, data[position + 8 : end]
        position = end + 4
    raise Refused("IMAGE_CORRUPT")


def jpeg_size(data: bytes) -> Size:
    """Read a JPEG up to its first scan."""
    size: Size | None = None
    position, left = 2, MOST_PARTS
    while position + 4 <= len(data):
        lead, marker, length = struct.unpack_from(">BBH", data, position)
        if lead != 0xFF or not left:
            raise Refused("IMAGE_CORRUPT")
        if marker == JPEG_SCAN:
            break
        if marker in JPEG_FRAMES:
            size = _jpeg_frame(data[position + 5 : position + 9])
        left -= 1
        position += 1 if marker == 0xFF else 2 if marker in JPEG_ALONE else 2 + length
    else:
        raise Refused("IMAGE_TRUNCATED")
    if size is None:
        raise Refused("IMAGE_CORRUPT")
    return size


def _jpeg_frame(body: bytes) -> Size:
    if len(body) < 4:
        raise Refused("IMAGE_TRUNCATED")
    height, width = struct.unpack(">HH", body)
    return width, height


def webp_size(data: bytes) -> Size:
    """Read a WebP: lossy, lossless or extended."""
    if len(data) < 30 or int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise Refused("IMAGE_TRUNCATED")
    kind, head = data[12:16], data[20:30]
    if kind == b"VP8X":
        if head[0] & WEBP_MOVES or b"ANMF" in data[30:64]:
            raise Refused("IMAGE_ANIMATED")
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and head[0] == 0x2F:
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise Refused("IMAGE_CORRUPT")


SIZES: Final[Mapping[str, Callable[[bytes], Size]]] = {
    "png": png_size,
    "jpeg": jpeg_size,
    "webp": webp_size,
}
