"""Pictures and rigs in the store: PNG for pixels, npz for geometry."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from rostrum.media.v1 import media_pb2

from services.chassis import media
from services.chassis.errors import Invalid
from services.chassis.rig import Rig
from services.chassis.sandbox.image_headers import png_size
from services.chassis.sandbox.refusal import Refused
from services.chassis.store import Store
from services.chassis.timeline import Bytes

COMPRESSION = (cv2.IMWRITE_PNG_COMPRESSION, 2)
"""Textures are written once and read by every chunk; more effort saves little."""

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS: Final = 33_177_600
"""As many as intake lets in."""


def write_picture(store: Store, picture: Bytes) -> str:
    """Store a picture (h, w, 3) RGB or (h, w, 4) RGBA as PNG and return the digest."""
    order = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, order), COMPRESSION)
    return store.put(data.tobytes())


def read_picture(store: Store, digest: str) -> Bytes:
    """Return a stored picture, (h, w, 3) RGB or (h, w, 4) RGBA.

    For pictures that a stage of ours wrote: pictures from outside come in through the sandbox
    alone. Raises Invalid for anything else.
    """
    data = store.get(digest)
    picture = _decode(data) if _is_sound(data) else None
    if picture is None or picture.ndim != 3 or picture.dtype != np.uint8:
        raise Invalid("digest", "PICTURE_FORMAT_INVALID", "expected PNG, 8-bit RGB or RGBA")
    order = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(picture, order), np.uint8)


def _is_sound(data: bytes) -> bool:
    """Return whether the file is a PNG, whole, and not too large: no pixel is decoded yet."""
    try:
        width, height = png_size(data) if data.startswith(PNG) else (0, 0)
    except Refused:
        return False
    return 0 < width * height <= MOST_PIXELS


def _decode(data: bytes) -> cv2.typing.MatLike | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None


def write_rig(store: Store, rig: Rig, texture: Bytes) -> media_pb2.Rig:
    """Store a rig and its texture (t, t, 4) RGBA, and return the message that names both."""
    return media_pb2.Rig(
        digest=media.write_arrays(store, rig.to_arrays()),
        texture_digest=write_picture(store, texture),
        canvas_pixels=rig.canvas_pixels,
    )


def read_rig(store: Store, message: media_pb2.Rig) -> tuple[Rig, Bytes]:
    """Return a stored rig and its texture (t, t, 4) RGBA.

    Raises Invalid where the texture is not a square at least as large as the rig's canvas.
    """
    rig = Rig.from_arrays(media.read_arrays(store, message.digest))
    texture = read_picture(store, message.texture_digest)
    height, width, channels = texture.shape
    if channels != 4 or height != width or height < rig.canvas_pixels:
        raise Invalid("rig.texture_digest", "TEXTURE_SHAPE_INVALID", "expected a square RGBA")
    return rig, texture
