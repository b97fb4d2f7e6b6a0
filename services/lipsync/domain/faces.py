"""What Wav2Lip's generator is shown of a face, and what becomes of its answer."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.timeline import Bytes, Floats

SIDE: Final = 96
"""Pixels of the face that the network sees and draws."""
HIDDEN_ROWS: Final = SIDE // 2
"""The lower half is hidden from it."""
LEVELS: Final[Floats] = (np.arange(256) / 255).astype(np.float32)


def crop(picture: Bytes, box: npt.NDArray[np.int64]) -> Bytes:
    """Return the face in a box (left, top, right, bottom) of a BGR picture: (96, 96, 3), BGR.

    A box that reaches beyond the picture sees its edge continued. Raises Invalid for an empty one.
    """
    left, top, right, bottom = map(int, box)
    if right <= left or bottom <= top:
        raise Invalid("box", "BOX_EMPTY", f"{left}, {top} to {right}, {bottom} holds no pixel")
    rows = np.arange(top, bottom).clip(0, picture.shape[0] - 1)
    columns = np.arange(left, right).clip(0, picture.shape[1] - 1)
    face = picture[np.ix_(rows, columns)]
    return np.asarray(cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)


def generator_input(faces: Bytes) -> Floats:
    """Return the generator's pictures (n, 6, 96, 96), 0 to 1, of faces (n, 96, 96, 3) BGR.

    Channels: the face without its lower half, then the whole of the same face, both BGR.
    Source: Wav2Lip's inference.
    """
    masked = faces.copy()
    masked[:, HIDDEN_ROWS:] = 0
    shown = np.concatenate([masked, faces], axis=3)
    return np.ascontiguousarray(LEVELS[shown].transpose(0, 3, 1, 2))


def drawn_faces(answer: Floats) -> Bytes:
    """Return the generator's faces (n, 96, 96, 3) BGR of its answer (n, 3, 96, 96), 0 to 1.

    Source: Wav2Lip's inference, which cuts levels off and does not round them.
    """
    return (answer.transpose(0, 2, 3, 1) * np.float32(255)).clip(0, 255).astype(np.uint8)


def enlarged(face: Bytes, width: int, height: int) -> Bytes:
    """Return a drawn face at the size of its box, (height, width, 3). Source: Wav2Lip's."""
    return np.asarray(cv2.resize(face, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
