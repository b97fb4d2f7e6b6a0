"""MediaPipe's face mesh, face detector and person segmenter, loaded when first asked for."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Final, NamedTuple, Protocol

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats

CONFIDENCE: Final = 0.3
"""Below it the mesh lies beside the face."""
SURENESS: Final = 0.6
"""Below it the detector sees faces in walls and stars."""
SCANNED_PIXELS: Final = 1920
"""Long side of a picture while faces are looked for."""
SMALLEST_WINDOW: Final = 160
AROUND: Final = 2.2
"""How much of the picture round a face the mesh wants to see, in sides of its box."""
HALF_PIXEL: Final = np.array([0.5, 0.5, 0], np.float32)
"""MediaPipe counts from a pixel's edge, we from its centre."""
SAME_SHARE: Final = 0.3
"""Boxes that share more of the smaller one are one face."""


class Box(NamedTuple):
    """Where a face is, in pixels."""

    left: float
    top: float
    side: float
    score: float
    """How sure the detector is, 0 to 1."""


def landmarks(bgr: Bytes) -> Floats | None:
    """Return the mesh (478, 3) of the most prominent face, or None where there is no face.

    bgr: (h, w, 3). x and y in pixels, pixel centres at whole numbers; z in the same unit, away from
    the viewer. A face too small for MediaPipe to find by itself is looked at closely.
    """
    if (mesh := _mesh(bgr)) is not None:
        return mesh
    closer = (landmarks_in(bgr, box) for box in boxes(bgr))
    return next((mesh for mesh in closer if mesh is not None), None)


def landmarks_in(bgr: Bytes, box: Box) -> Floats | None:
    """Return the mesh of the face in a box, as `landmarks` does; None where it shows too little."""
    middle = np.array([box.left, box.top]) + box.side / 2
    first = np.maximum(middle - box.side * AROUND / 2, 0).astype(int)
    last = np.ceil(middle + box.side * AROUND / 2).astype(int)
    mesh = _mesh(np.ascontiguousarray(bgr[first[1] : last[1], first[0] : last[0]]))
    return None if mesh is None else mesh + np.array([*first, 0], np.float32)


def boxes(bgr: Bytes) -> list[Box]:
    """Return the faces of a picture (h, w, 3), the largest first.

    Finds every face that is not dwarfed by the largest: the whole is looked at, and then parts of
    it, down to a third of the short side, for the detector sees 192 x 192 pixels, in which a small
    face is nothing.
    """
    shrink = min(1, SCANNED_PIXELS / max(bgr.shape[:2]))
    smaller = cv2.resize(bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    found = _scan(np.asarray(smaller, np.uint8))
    kept: list[Box] = []
    for box in sorted(found, key=lambda box: -box.score):
        if not any(_overlap(box, other) for other in kept):
            kept.append(box)
    full = [Box(box.left / shrink, box.top / shrink, box.side / shrink, box.score) for box in kept]
    return sorted(full, key=lambda box: -box.side)


def _scan(bgr: Bytes) -> list[Box]:
    height, width = bgr.shape[:2]
    found = list(_detect(bgr, (0, 0, width, height)))
    for share in (1, 2, 3):
        side = min(height, width) // share
        largest = max((box.side for box in found), default=0)
        if side < SMALLEST_WINDOW or largest > side:
            break  # beside so large a face, what would be found now is background
        columns, rows = (1 + math.ceil(2 * (n - side) / side) for n in (width, height))
        for top in np.linspace(0, height - side, rows).astype(int):
            for left in np.linspace(0, width - side, columns).astype(int):
                found.extend(_detect(bgr, (int(left), int(top), side, side)))
    return found


def _detect(bgr: Bytes, window: tuple[int, int, int, int]) -> Iterator[Box]:
    left, top, width, height = window
    seen = _rgb(bgr[top : top + height, left : left + width])
    with silence():
        detections = _detector().process(seen).detections
    for detection in detections or ():
        box = detection.location_data.relative_bounding_box
        side = max(box.width * width, box.height * height)
        yield Box(left + box.xmin * width, top + box.ymin * height, side, detection.score[0])


def _overlap(box: Box, other: Box) -> bool:
    across, down = (
        min(a + box.side, b + other.side) - max(a, b)
        for a, b in ((box.left, other.left), (box.top, other.top))
    )
    return max(across, 0) * max(down, 0) > SAME_SHARE * min(box.side, other.side) ** 2


def _mesh(bgr: Bytes) -> Floats | None:
    with silence():
        found = _face_mesh().process(_rgb(bgr)).multi_face_landmarks
    if not found:
        return None
    height, width = bgr.shape[:2]
    points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32)
    mesh: Floats = points * np.array([width, height, width], np.float32) - HALF_PIXEL
    return mesh


def matte(bgr: Bytes) -> Floats:
    """Return how surely each pixel of a picture (h, w, 3) shows a person: (h, w), 0 to 1."""
    with silence():
        mask = _segmenter().process(_rgb(bgr)).segmentation_mask
    return np.array(mask, np.float32)


def _rgb(bgr: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


@contextmanager
def silence() -> Iterator[None]:
    """Keep MediaPipe's chatter, which C++ writes past Python, off the user's terminal.

    When it is first imported it also hands an error of its own to Python's hook for what nobody
    foresaw: it misses a method of older protobufs, and does without.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    hook, sys.excepthook = sys.excepthook, lambda *_: None
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        sys.excepthook = hook
        os.close(kept)
        os.close(nowhere)


class _Solution(Protocol):
    """What is used of MediaPipe's solutions, which have no types."""

    def process(self, rgb: Bytes) -> SimpleNamespace:
        """Return an object that holds what was found under the solution's own name."""
        ...


@cache
def _face_mesh() -> _Solution:
    import mediapipe  # noqa: PLC0415  takes 1.3 s; only those who look for faces shall wait

    solution: _Solution = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True,
        refine_landmarks=True,
        max_num_faces=1,
        min_detection_confidence=CONFIDENCE,
    )
    return solution


@cache
def _detector() -> _Solution:
    import mediapipe  # noqa: PLC0415

    solution: _Solution = mediapipe.solutions.face_detection.FaceDetection(
        model_selection=1, min_detection_confidence=SURENESS
    )
    return solution


@cache
def _segmenter() -> _Solution:
    import mediapipe  # noqa: PLC0415

    selfie = mediapipe.solutions.selfie_segmentation
    solution: _Solution = selfie.SelfieSegmentation(model_selection=0)
    return solution
