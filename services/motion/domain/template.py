"""Motion templates: what a file must hold, and how a performance becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.timeline import FRAME_RATES, TRACKS, Floats
from services.motion.domain.face import (
    EYES,
    brow_lift,
    gaze,
    mean_head,
    neck_pivot,
    openness,
    poses,
    pupil_distance,
)
from services.motion.domain.waves import SG5, SG9, Reals, filtered

VERSION: Final = 1
"""Goes up when a track changes its meaning."""
MEMBERS: Final = ("tracks", "rate", "version")
"""Arrays of a template file: (n, 12) floating point, frames/s, `VERSION`."""
SHORTEST_SECONDS: Final = 1
LONGEST_SECONDS: Final = 300
LARGEST_BYTES: Final = 2 * 300 * 30 * len(TRACKS) * 8
"""Of a file and of what it unpacks to: twice the longest template in double precision."""
LARGEST_NUMBER: Final = 90.0
SHUT: Final = 0.28
"""Eye openness of a shut lid, as a share of the open one's."""
PITCH_GAIN: Final = 1.28
YAW_GAIN: Final = 0.89
"""The mesh shows turns smaller or larger than they are; measured on a rendered head."""


@dataclass(frozen=True)
class Template:
    """A performance."""

    tracks: Floats
    """(n, 12) float32, see TRACKS."""
    frame_rate: int


def check_members(sizes: Mapping[str, int]) -> None:
    """Raise Invalid unless an archive holds what a template holds, and not too much of it.

    sizes: name of each member without ".npy" -> bytes it says it unpacks to. Ask before unpacking.
    """
    if sum(sizes.values()) > LARGEST_BYTES:
        remedy = f"a template unpacks to {LARGEST_BYTES:,} bytes at most"
        raise Invalid("template", "TEMPLATE_TOO_LARGE", remedy)
    if strangers := sorted(set(sizes) - set(MEMBERS)):
        remedy = f"remove {strangers[0]!r}; a template holds {', '.join(MEMBERS)}"
        raise Invalid("template", "TEMPLATE_UNSAFE", remedy)
    if missing := [name for name in MEMBERS if name not in sizes]:
        remedy = f"there is no array {missing[0]!r}"
        raise Invalid("template", "TEMPLATE_SHAPE_INVALID", remedy)


def check_arrays(arrays: Mapping[str, npt.NDArray[np.generic]]) -> Template:
    """Return the template that the arrays of a file are.

    Raises Invalid where they are none: TEMPLATE_UNSAFE, _VERSION_UNKNOWN, _SHAPE_INVALID,
    _RATE_INVALID, _LENGTH_INVALID, _NOT_FINITE, _OUT_OF_RANGE.
    """
    check_members({name: array.nbytes for name, array in arrays.items()})
    if any(array.dtype.kind not in "fiu" for array in arrays.values()):
        raise Invalid("template", "TEMPLATE_UNSAFE", "arrays hold numbers, never objects or text")
    tracks, rate, version = (arrays[name] for name in MEMBERS)
    if version.size != 1 or version.item() != VERSION:
        raise Invalid("template", "TEMPLATE_VERSION_UNKNOWN", f"write version {VERSION}")
    if rate.size != 1 or rate.item() not in FRAME_RATES:
        raise Invalid("template", "TEMPLATE_RATE_INVALID", "write 24, 25 or 30 frames/s")
    return check_tracks(tracks, int(rate.item()))


def check_tracks(tracks: npt.NDArray[np.generic], frame_rate: int) -> Template:
    """Return the template of tracks. Raises Invalid for their shape, length or content."""
    if tracks.ndim != 2 or tracks.shape[1] != len(TRACKS):
        remedy = f"tracks are (frames, {len(TRACKS)}), not {tracks.shape}"
        raise Invalid("template", "TEMPLATE_SHAPE_INVALID", remedy)
    if not SHORTEST_SECONDS * frame_rate <= len(tracks) <= LONGEST_SECONDS * frame_rate:
        remedy = f"{len(tracks)} frames; it lasts {SHORTEST_SECONDS} to {LONGEST_SECONDS} s"
        raise Invalid("template", "TEMPLATE_LENGTH_INVALID", remedy)
    numbers = tracks.astype(np.float64)
    if not np.isfinite(numbers).all():
        frame = int(np.argwhere(~np.isfinite(numbers))[0][0])
        raise Invalid("template", "TEMPLATE_NOT_FINITE", f"frame {frame} holds NaN or infinity")
    if np.abs(numbers).max() > LARGEST_NUMBER:
        remedy = "angles are degrees up to 90; everything else is smaller"
        raise Invalid("template", "TEMPLATE_OUT_OF_RANGE", remedy)
    return Template(numbers.astype(np.float32), frame_rate)


def resample(tracks: Floats, from_rate: int, to_rate: int) -> Floats:
    """Return the same motion at another frame rate: (round(n to / from), 12) float32.

    Source: Catmull and Rom 1974, cubic through the samples; lids in straight lines, since a cubic
    swings past a shut lid.
    """
    if from_rate == to_rate:
        return tracks
    count = max(1, round(len(tracks) * to_rate / from_rate))
    position = (np.arange(count) + 0.5) * from_rate / to_rate - 0.5
    resampled = at(tracks, position)
    for lid in (6, 7):
        resampled[:, lid] = np.interp(position, np.arange(len(tracks)), tracks[:, lid])
    return resampled.astype(np.float32)


def at(tracks: Reals, position: Reals) -> Reals:
    """Return tracks (k, 12) between frames, at fractional frame numbers (k,); ends are held."""
    last = len(tracks) - 1
    position = position.clip(0, last)
    left = np.minimum(position.astype(int), max(0, last - 1))
    x = (position - left)[:, None]
    p0, p1, p2, p3 = (tracks[(left + k).clip(0, last)] for k in (-1, 0, 1, 2))
    between: Reals = p1 + 0.5 * x * (
        p2 - p0 + x * (2 * p0 - 5 * p1 + 4 * p2 - p3 + x * (3 * (p1 - p2) + p3 - p0))
    )
    return between


def tracks_from_landmarks(landmarks: Reals, frame_rate: int) -> Floats:
    """Return the motion tracks (n, 12) of a filmed face.

    landmarks: (n, 478, 3) of MediaPipe's face mesh in pixels, one row a frame.
    Accuracy on a rendered head of 512 pixels: pose within .6 degrees, lids r .95; brows (r .4) and
    gaze (r .7 across, 0 up and down) are weak, and loops take little or nothing of them.
    Source: similarity of 36 rigid points to their mean shape (Umeyama 1991), turned about the neck.
    """
    mean = mean_head(landmarks)
    pose = poses(landmarks, mean, neck_pivot(mean))
    pose[:, 3:5] /= pupil_distance(landmarks)
    pose[:, 0] *= PITCH_GAIN
    pose[:, 1] *= YAW_GAIN
    lids = np.stack([closure_of(openness(landmarks, eye)) for eye in EYES], 1)
    brows = np.stack([brow_lift(landmarks, eye) for eye in EYES], 1)
    look = np.mean([gaze(landmarks, eye) for eye in EYES], 0)
    pose, brows, look = (track - np.median(track, 0) for track in (pose, brows, look))
    smooth = [filtered(column, SG9) for column in pose.T]
    lidded = list(lids.T)
    raised = [filtered(column, SG9) for column in brows.T]
    looked = [filtered(column, SG5) for column in look.T]
    tracks: Floats = np.stack([*smooth, *lidded, *raised, *looked], 1).astype(np.float32)
    assert tracks.shape[1] == len(TRACKS), frame_rate
    return tracks


def closure_of(eye_openness: Reals) -> Reals:
    """Return lid closure (n,) from eye openness: 0 as usual, 1 shut, a little below 0 for wide."""
    usual = np.percentile(eye_openness, 80)
    closed: Reals = (1 - (eye_openness / usual - SHUT) / (1 - SHUT)).clip(-0.15, 1)
    return closed
