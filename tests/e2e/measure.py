"""Measures a finished video as a viewer would: lips, head, eyes and picture, by numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from services.chassis.timeline import SAMPLE_RATE, Bytes, Floats, Timing
from services.compositing.domain import probes as picture
from services.lipsync.domain import probes as lips
from services.motion.domain import probes as head
from services.motion.engines import faces
from services.motion.engines.following import follow

AROUND: Final = 2.6
"""How much of the picture round the face is looked at, in sides of its box."""
CORNER: Final = 0.12
"""Share of that window, at both upper corners, in which the wall is behind the presenter."""
WALL: Final = 110
"""Grey behind a portrait whose background is transparent."""


@dataclass(frozen=True)
class Presenter:
    """The presenter's part of a video."""

    lumas: list[Bytes]
    """(h, w) of each frame, the window around the face."""
    landmarks: Floats
    """(n, 478, 3) in the window's pixels."""
    missed: int
    """Frames without a face."""
    frame_rate: int
    left: int
    """Where the window lies in the picture, in pixels."""
    top: int

    @property
    def in_picture(self) -> Floats:
        """Landmarks (n, 478, 3) in the picture's pixels."""
        return self.landmarks + np.array([self.left, self.top, 0], np.float32)


def measure(
    video: Path, timing: Timing | None = None, portrait: Path | None = None
) -> dict[str, float]:
    """Return what probes say of a finished video in which one face is seen.

    timing: of the whole programme, from the video's first frame. Without it, what needs words is
    left out; without the portrait, what compares with it.
    """
    seen = watch(video)
    found = of_the_head(seen) | of_the_picture(seen)
    if timing is not None:
        found |= of_the_lips(seen, timing, listen(video))
    if portrait is not None:
        found |= of_the_likeness(seen, portrait)
    return found


def watch(video: Path) -> Presenter:
    """Decode a video and follow the face in it."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        assert rate is not None
        assert rate.denominator == 1, f"{rate} frames/s are not constant"
        frames = (frame.to_ndarray(format="bgr24") for frame in container.decode(stream))
        return look(frames, int(rate))


def look(frames: Iterable[Bytes], frame_rate: int) -> Presenter:
    """Follow the face in pictures, BGR (h, w, 3); of each only the window around it is kept."""
    lumas: list[Bytes] = []
    frames = iter(frames)
    first = next(frames)
    rows, columns = _window(first)

    def windows() -> Iterator[Bytes]:
        for frame in chain([first], frames):
            window = np.ascontiguousarray(frame[rows, columns])
            lumas.append(cv2.cvtColor(window, cv2.COLOR_BGR2GRAY))
            yield window

    landmarks, missed = follow(windows())
    return Presenter(lumas, landmarks, missed, frame_rate, columns.start, rows.start)


def listen(video: Path) -> Floats:
    """Return the sound of a video, mono at 48 kHz."""
    with av.open(str(video)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        pieces = [
            piece.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces)


def of_the_head(seen: Presenter) -> dict[str, float]:
    sway, blinks = head.sway(seen.landmarks), head.blinks(seen.landmarks, seen.frame_rate)
    return {
        "missed": seen.missed,
        "shift": sway.shift,
        "yaw": sway.yaw_degrees,
        "jitter": head.jitter(seen.landmarks),
        "holds": head.holds(seen.landmarks),
        "cuts": head.cuts(seen.landmarks),
        "drift": head.drift(seen.landmarks),
        "blinks": blinks.per_minute,
        "blink_seconds": blinks.seconds,
    }


def of_the_lips(seen: Presenter, timing: Timing, samples: Floats) -> dict[str, float]:
    opening, rate = lips.mouth_opening(seen.landmarks), seen.frame_rate
    image = lips.offset_to_phonemes(opening, rate, timing)
    sound = lips.sound_offset(samples, timing)
    return {
        "offset": image.milliseconds - sound.milliseconds,
        "confidence": image.confidence,
        "sound_confidence": sound.confidence,
        "bilabials": lips.bilabials(opening, rate, timing).share,
        "vowels": lips.vowels(opening, rate, timing).share,
        "restlessness": lips.restlessness(opening, rate, timing),
    }


def of_the_picture(seen: Presenter) -> dict[str, float]:
    side = seen.lumas[0].shape[1]
    corner = max(2, round(CORNER * side))
    corners = [
        [luma[:corner, x] for luma in seen.lumas] for x in (slice(corner), slice(-corner, side))
    ]
    return {
        "skin_flicker": picture.skin_flicker(seen.lumas, seen.landmarks),
        "wall_flicker": min(picture.background_flicker(corner) for corner in corners),
    }


def of_the_likeness(seen: Presenter, portrait: Path) -> dict[str, float]:
    bgr = _read_portrait(portrait)
    mesh = faces.landmarks(bgr)
    assert mesh is not None, f"no face in {portrait}"
    luma = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    opening = lips.mouth_opening(seen.landmarks)
    closed = np.flatnonzero(opening <= np.percentile(opening, 20))
    shut = [seen.lumas[frame] for frame in closed]
    return {
        "likeness": picture.likeness(seen.lumas[::3], seen.landmarks[::3], luma, mesh),
        "sharpness": picture.mouth_sharpness(shut, seen.landmarks[closed], luma, mesh),
    }


def _window(frame: Bytes) -> tuple[slice, slice]:
    """Return rows and columns around the largest face of a picture."""
    boxes = faces.boxes(frame)
    assert boxes, "no face in the first frame"
    face = boxes[0]
    reach = AROUND / 2 * face.side
    x, y = face.left + face.side / 2, face.top + face.side / 2
    top, left = max(0, round(y - reach)), max(0, round(x - reach))
    return slice(top, round(y + reach)), slice(left, round(x + reach))


def _read_portrait(path: Path) -> Bytes:
    """Return BGR of a portrait, on grey where it is transparent."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture.shape[2] == 3:
        return picture
    alpha = picture[..., 3:] / 255
    return (picture[..., :3] * alpha + WALL * (1 - alpha)).astype(np.uint8)
