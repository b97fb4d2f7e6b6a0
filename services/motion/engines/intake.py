"""Takes portraits and performances that come from outside: judges them and keeps what is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from rostrum.media.v1.media_pb2 import Warning as Advice

from services.chassis.errors import Invalid, Violation
from services.chassis.sandbox import decode_image
from services.chassis.timeline import Bytes, Floats
from services.motion.domain.portrait import measure, measure_pose
from services.motion.domain.portrait_rules import (
    LEAST_FACE_PIXELS,
    advice,
    pose_violations,
    violations,
)
from services.motion.domain.template import Template, check_arrays
from services.motion.engines import faces
from services.motion.engines.archive import FORBIDDEN, read_arrays
from services.motion.engines.performance import EXTENSIONS, read_performance
from services.motion.engines.rigging import on_grey, with_true_alpha

USEFUL_FACE_PIXELS: Final = 1024
"""A larger face is scaled down: no picture shows more of it."""
BESIDE: Final = 0.3
"""Smaller faces than this share of the largest belong to the background."""
UNREADABLE_PIXELS: Final = 64
"""What is smaller and shows no features is as likely a pattern as a face."""


@dataclass(frozen=True)
class ImportedPortrait:
    """A portrait fit to build a rig from."""

    png: bytes
    """8-bit RGB, or RGBA with straight alpha; pixels and nothing else."""
    width: int
    height: int
    has_matte: bool
    warnings: tuple[Advice, ...]


@dataclass(frozen=True)
class ImportedTemplate:
    """A performance fit to move like."""

    tracks: Floats
    """(n, 12), see TRACKS."""
    frame_rate: int
    warnings: tuple[Advice, ...]


def import_portrait(data: bytes, extension: str) -> ImportedPortrait:
    """Return the portrait that a PNG, JPEG or WebP shows.

    Raises Invalid for a file that is no picture, and for FACE_NOT_FOUND, FACE_MULTIPLE,
    FACE_POSE_EXTREME, FACE_CROPPED, FACE_TOO_SMALL and FACE_MOUTH_OPEN.
    """
    picture = with_true_alpha(decode_image(data, extension, "portrait"))
    bgr = on_grey(picture)
    landmarks = the_face(bgr)
    cut_out = picture.shape[2] == 4
    matte = np.asarray(picture[..., 3] / 255, np.float32) if cut_out else faces.matte(bgr)
    if broken := pose_violations(measure_pose(bgr.shape[1], bgr.shape[0], landmarks)):
        raise Invalid.every(broken)
    measures = measure(np.ascontiguousarray(bgr[..., ::-1]), matte, landmarks, cut_out=cut_out)
    if broken := violations(measures):
        raise Invalid.every(broken)
    kept = _scaled(picture, USEFUL_FACE_PIXELS / measures.face_pixels)
    height, width = kept.shape[:2]
    return ImportedPortrait(_png(kept), width, height, cut_out, _warnings(advice(measures)))


def the_face(bgr: Bytes) -> Floats:
    """Return the mesh (478, 3) of the one face of a picture (h, w, 3).

    Raises Invalid for none, for several, and for one that is seen but shows no features.
    """
    boxes = faces.boxes(bgr)
    near = [box for box in boxes if box.side >= BESIDE * boxes[0].side]
    meshes = [mesh for box in near if (mesh := faces.landmarks_in(bgr, box)) is not None]
    if len(meshes) > 1:
        remedy = f"{len(meshes)} faces are in the picture: crop it to the one who is to speak"
        raise Invalid("portrait", "FACE_MULTIPLE", remedy)
    if meshes:
        return meshes[0]
    if (mesh := faces.landmarks(bgr)) is not None:
        return mesh
    raise _unreadable(near)


def _unreadable(boxes: list[faces.Box]) -> Invalid:
    side = boxes[0].side if boxes else 0
    if side >= UNREADABLE_PIXELS:
        remedy = "a face is there, but not from the front: use a picture that looks at the camera"
        return Invalid("portrait", "FACE_POSE_EXTREME", remedy)
    remedy = "no face is in the picture: use one that shows head and shoulders from the front, "
    remedy += f"the face {LEAST_FACE_PIXELS} pixels high at least"
    return Invalid("portrait", "FACE_NOT_FOUND", remedy)


def import_template(data: bytes, extension: str) -> ImportedTemplate:
    """Return the performance that a template (npz) holds or a driving clip (MP4, MOV) shows.

    Raises Invalid for a file that is neither: the reasons of `read_arrays` and `check_arrays`, or
    those of `read_performance`.
    """
    if extension in EXTENSIONS:
        template, seen = read_performance(data, extension)
        return _imported(template, seen)
    if extension != "npz" and extension not in FORBIDDEN:
        remedy = "hand in a template as npz, or a driving clip as MP4"
        raise Invalid("template", "TEMPLATE_FORMAT_UNSUPPORTED", remedy)
    return _imported(check_arrays(read_arrays(data, extension)), ())


def _imported(template: Template, seen: Iterable[Violation]) -> ImportedTemplate:
    return ImportedTemplate(template.tracks, template.frame_rate, _warnings(seen))


def _warnings(seen: Iterable[Violation]) -> tuple[Advice, ...]:
    return tuple(Advice(reason=v.reason, field=v.field, message=v.remedy) for v in seen)


def _scaled(picture: Bytes, scale: float) -> Bytes:
    if scale >= 1:
        return picture
    if picture.shape[2] == 3:
        return _smaller(picture, scale)
    # What is transparent must not bleed into the edge: scaled premultiplied.
    alpha = picture[..., 3:].astype(np.float32) / 255
    colours = _smaller((picture[..., :3] * alpha).astype(np.uint8), scale)
    small_alpha = _smaller(picture[..., 3], scale)[..., None]
    colours = (colours * (255 / np.maximum(small_alpha, 1))).clip(0, 255).astype(np.uint8)
    return np.concatenate([colours, small_alpha], axis=2)


def _smaller(picture: Bytes, scale: float) -> Bytes:
    smaller = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def _png(picture: Bytes) -> bytes:
    order = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    return cv2.imencode(".png", cv2.cvtColor(picture, order))[1].tobytes()
