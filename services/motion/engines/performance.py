"""Reads the motion of a filmed face from a driving clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from services.chassis.errors import Invalid, Violation
from services.chassis.sandbox import Clip, VideoLimits, decode_video
from services.chassis.timeline import TRACKS, Bytes, Floats
from services.motion.domain.template import Template, check_tracks, tracks_from_landmarks
from services.motion.engines import faces
from services.motion.engines.following import meshes

EXTENSIONS: Final = frozenset({"mp4", "mov", "m4v"})
LIMITS: Final = VideoLimits(side_pixels=1280, frame_rate=25)
LOST_SHARE: Final = 0.25
"""A clip in which the face is missing from so many frames has no performance to follow."""
AROUND: Final = 3.5
"""How much of the picture is followed, in sides of the face's box: room to move in."""
NOTHING: Final = np.zeros((64, 64, 3), np.uint8)
LEAST_FACE_PIXELS: Final = 100
MOST_DEGREES: Final = 20
MOST_STEP_DEGREES: Final = 2.5
"""From frame to frame, in tracks that are smoothed already: 60 degrees a second."""


def read_performance(data: bytes, extension: str) -> tuple[Template, tuple[Violation, ...]]:
    """Return the template of a driving clip of 3 to 30 s, and what could be better about it.

    Raises Invalid for a file that is no such clip, for FACE_NOT_FOUND, FACE_MULTIPLE and FACE_LOST.
    """
    with decode_video(data, extension, "template", LIMITS) as clip:
        found = list(meshes(_faces_of(clip)))
    landmarks = _without_gaps(found)
    template = check_tracks(tracks_from_landmarks(landmarks, clip.frame_rate), clip.frame_rate)
    return template, tuple(_advice(template.tracks, landmarks))


def _faces_of(clip: Clip) -> Iterator[Bytes]:
    """Yield the part of every frame, BGR, in which the face is; nothing until one is seen."""
    window: tuple[slice, slice] | None = None
    for index, frame in enumerate(clip.frames):
        bgr = frame[..., ::-1]
        if window is None and index % clip.frame_rate == 0:  # a search takes half a second
            window = _window(np.ascontiguousarray(bgr))
        yield NOTHING if window is None else np.ascontiguousarray(bgr[window])


def _window(bgr: Bytes) -> tuple[slice, slice] | None:
    boxes = [box for box in faces.boxes(bgr) if faces.landmarks_in(bgr, box) is not None]
    if not boxes:
        return None
    first = boxes[0]
    if any(box.side > first.side / 2 for box in boxes[1:]):
        remedy = f"{len(boxes)} faces are in the clip: film one person alone"
        raise Invalid("template", "FACE_MULTIPLE", remedy)
    reach = first.side * AROUND / 2
    middle_x, middle_y = first.left + first.side / 2, first.top + first.side / 2
    left, top = max(round(middle_x - reach), 0), max(round(middle_y - reach), 0)
    return slice(top, round(middle_y + reach)), slice(left, round(middle_x + reach))


def _without_gaps(found: list[Floats | None]) -> Floats:
    """Return the mesh of every frame (n, 478, 3), straight lines over the frames without one."""
    seen = [index for index, mesh in enumerate(found) if mesh is not None]
    lost = sorted(set(range(len(found))) - set(seen))
    if not seen:
        remedy = "no face is in the clip: film head and shoulders from the front"
        raise Invalid("template", "FACE_NOT_FOUND", remedy)
    if len(lost) >= LOST_SHARE * len(found):
        remedy = f"the face is missing from {len(lost)} of {len(found)} frames ({_spans(lost)}); "
        remedy += "film it without a break, facing the camera"
        raise Invalid("template", "FACE_LOST", remedy)
    known = np.stack([mesh for mesh in found if mesh is not None])
    position = np.interp(np.arange(len(found)), seen, np.arange(len(seen)))
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(seen) - 1)
    share = (position - before)[:, None, None].astype(np.float32)
    return np.asarray(known[before] * (1 - share) + known[after] * share, np.float32)


def _spans(frames: Iterable[int]) -> str:
    """Say which frames: 3-9, 20, 40-41."""
    spans: list[list[int]] = []
    for frame in frames:
        if spans and frame == spans[-1][1] + 1:
            spans[-1][1] = frame
        else:
            spans.append([frame, frame])
    named = [f"{first}-{last}" if last > first else f"{first}" for first, last in spans[:5]]
    return ", ".join(named) + (" and more" if len(spans) > 5 else "")


def _advice(tracks: Floats, landmarks: Floats) -> Iterator[Violation]:
    angles = tracks[:, [TRACKS.index(name) for name in ("pitch", "yaw", "roll")]]
    face = float(np.median(np.ptp(landmarks[..., 1], axis=1)))
    if face < LEAST_FACE_PIXELS:
        remedy = f"the face is {face:.0f} pixels high: come closer, small motion is lost in noise"
        yield Violation("template", "CLIP_FACE_SMALL", remedy)
    if np.abs(angles).max() > MOST_DEGREES:
        remedy = "the head turns far: stay within 15 degrees, a still portrait cannot follow"
        yield Violation("template", "CLIP_TURNS_FAR", remedy)
    if np.abs(np.diff(angles, axis=0)).max() > MOST_STEP_DEGREES:
        remedy = "the head jerks, or the clip is cut: move slowly, in one take"
        yield Violation("template", "CLIP_JERKS", remedy)
