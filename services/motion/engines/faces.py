"""MediaPipe's face mesh, face detector and person segmenter, loaded when first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats

CONFIDENCE: Final = 0.3
"""Below it the mesh lies beside the face."""


def landmarks(bgr: Bytes) -> Floats | None:
    """Return the mesh (478, 3) of the most prominent face, or None where there is no face.

    bgr: (h, w, 3). x and y in pixels, pixel centres at whole numbers; z in the same unit, away from
    the viewer.
    """
    with _silence():
        found = _face_mesh().process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).multi_face_landmarks
    if not found:
        return None
    height, width = bgr.shape[:2]
    points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32)
    mesh: Floats = points * np.float32([width, height, width]) - np.float32([0.5, 0.5, 0])
    return mesh


def count(bgr: Bytes) -> int:
    """Return how many faces a picture (h, w, 3) shows; those in the background count too."""
    with _silence():
        detections = _detector().process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).detections
    return len(detections or ())


def matte(bgr: Bytes) -> Floats:
    """Return how surely each pixel of a picture (h, w, 3) shows a person: (h, w), 0 to 1."""
    with _silence():
        mask = _segmenter().process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).segmentation_mask
    return np.array(mask, np.float32)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep MediaPipe's chatter, which C++ writes past Python, off the user's terminal."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@cache
def _solutions() -> Any:
    import mediapipe  # noqa: PLC0415  takes 1.3 s; only those who look for faces shall wait

    return mediapipe.solutions


@cache
def _face_mesh() -> Any:
    return _solutions().face_mesh.FaceMesh(
        static_image_mode=True,
        refine_landmarks=True,
        max_num_faces=1,
        min_detection_confidence=CONFIDENCE,
    )


@cache
def _detector() -> Any:
    return _solutions().face_detection.FaceDetection(model_selection=1)


@cache
def _segmenter() -> Any:
    return _solutions().selfie_segmentation.SelfieSegmentation(model_selection=0)
