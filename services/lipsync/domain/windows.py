"""Which fifth of a second of sound each frame's mouth is drawn from."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Floats
from services.lipsync.domain.mel import COLUMNS_PER_SECOND

COLUMNS: Final = 16
"""Mel columns that a network hears at once: 200 ms from the frame on, not around it."""

Numbers = npt.NDArray[np.int64]


def published_starts(column_count: int, frame_rate: float) -> Numbers:
    """Return the first column of every window that the published pipeline cuts, (n,).

    It decides the number of frames itself: the video ends up to .2 s before or after its sound.
    Source: Wav2Lip's inference; the last window is moved back to end with the sound.
    """
    per_frame = COLUMNS_PER_SECOND / frame_rate
    last = column_count - COLUMNS
    count = next(i for i in range(column_count + 1) if int(i * per_frame) > last)
    starts = (np.arange(count) * per_frame).astype(np.int64)
    return np.append(starts, last)


def frame_windows(mel: Floats, frame_count: int, frame_rate: int, offset_frames: int = 0) -> Floats:
    """Return what the network hears for each of exactly `frame_count` frames, (n, 1, 80, 16).

    mel: (80, columns). Windows start where the published ones do; past both ends of the sound they
    hear its outermost column, which is silence in a chunk. offset_frames: how late the picture is
    without it; frames are then drawn from what is said so much later.
    Source: Wav2Lip's inference.
    """
    frames = np.arange(frame_count) + offset_frames
    starts = (frames * (COLUMNS_PER_SECOND / frame_rate)).astype(np.int64)
    columns = (starts[:, None] + np.arange(COLUMNS)).clip(0, mel.shape[1] - 1)  # (n, 16)
    return np.ascontiguousarray(mel[:, columns].transpose(1, 0, 2)[:, None], np.float32)
