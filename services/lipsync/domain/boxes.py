"""Where on each frame the face is that Wav2Lip draws anew."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.timeline import Floats

SPAN: Final = 5
"""Frames that the published smoothing looks at."""
CHIN_ROOM: Final = 10
"""Pixels that the published pipeline adds below a box."""
SIGMA_SECONDS: Final = 0.08
"""Of our smoothing: what is quicker than this is a detector's noise."""

Boxes = npt.NDArray[np.int64]


def face_boxes(landmarks: Floats) -> Floats:
    """Return the box of each face (n, 4): left, top, right, bottom in pixels.

    landmarks: (n, 478, 3) or (n, 468, 3) of MediaPipe's face mesh. From the top of the forehead to
    the chin and from cheek to cheek, as the published detector (S3FD) was taught to box faces; what
    it would say of the same face is not known here, for its weights are not.
    """
    points = landmarks[..., :2]
    return np.concatenate([points.min(1), points.max(1)], 1).astype(np.float32)


def widened(boxes: Boxes, width: int, height: int, pads: tuple[int, int, int, int]) -> Boxes:
    """Return boxes (n, 4) grown by pixels at top, bottom, left and right, within the picture.

    Source: Wav2Lip's inference, whose usual pads are 0, 10, 0, 0.
    """
    top, bottom, left, right = pads
    grown = boxes + np.array([-left, -top, right, bottom])
    return np.asarray(grown.clip(0, [width, height, width, height]), np.int64)


def smoothed_as_published(boxes: Boxes) -> Boxes:
    """Return boxes (n, 4) under the published smoothing: the mean of five from each on, cut off.

    It looks ahead only, writes into what it reads, and cuts to whole pixels: boxes lag and creep to
    the upper left. Here to compare with. Source: Wav2Lip's inference.
    """
    smoothed = np.array(boxes, np.int64)
    for index in range(len(smoothed)):
        first = min(index, max(0, len(smoothed) - SPAN))
        smoothed[index] = smoothed[first : first + SPAN].mean(0)
    return smoothed


def steadied(boxes: Floats, frame_rate: int, *, is_loop: bool) -> Boxes:
    """Return boxes (n, 4) that move with the head and never change size.

    Centres are smoothed evenly to both sides, through a loop's seam where it is one; width and
    height are the medians, for a box that breathes makes the mouth breathe. Rounded once.
    Raises Invalid for no box at all.
    """
    if len(boxes) == 0:
        raise Invalid("loop", "LOOP_LENGTH_INVALID", "a loop has one frame at least")
    corners = boxes.astype(np.float64)
    size = np.maximum(np.rint(np.median(corners[:, 2:] - corners[:, :2], 0)), 1)
    centres = _smoothed((corners[:, :2] + corners[:, 2:]) / 2, frame_rate, is_loop)
    first = np.rint(centres - size / 2)
    return np.concatenate([first, first + size], 1).astype(np.int64)


def _smoothed(
    centres: npt.NDArray[np.float64], frame_rate: int, is_loop: bool
) -> npt.NDArray[np.float64]:
    sigma = SIGMA_SECONDS * frame_rate
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(centres, ((reach, reach), (0, 0)), mode="wrap" if is_loop else "edge")
    columns = [np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T]
    return np.stack(columns, 1)
