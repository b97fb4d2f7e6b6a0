"""Puts the measurements of one face together to a rig."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.rig import Colours, Eye, Head, Person, Rig
from services.chassis.timeline import Bytes, Floats
from services.motion.domain import depth, eyes, matte, mesh, mouth, skin

FOCAL: Final = 4.5
"""Distance of the camera in face heights: a portrait lens."""


def measure_rig(rgba: Bytes, landmarks: Floats, jaw_percent: int, teeth_percent: int) -> Rig:
    """Measure a face on its square canvas.

    rgba: (n, n, 4), straight alpha; landmarks: (478, 3) in its pixels. A percentage of 0 means that
    the gain is measured from the lips or left as the eyes' white gives it.
    """
    rgb = np.ascontiguousarray(rgba[..., :3])
    side = rgba.shape[0]
    pair = tuple(eyes.trace_eye(rgb, landmarks, p) for p in (mesh.EYE_RIGHT, mesh.EYE_LEFT))
    lips = mouth.trace_mouth(rgb, landmarks)
    height = depth.face_height(landmarks)
    person = matte.measure_person(np.asarray(rgba[..., 3] / 255, np.float32))
    return Rig(
        canvas_pixels=side,
        landmarks=landmarks,
        face_height=height,
        pupil_distance=float(np.hypot(*(landmarks[473, :2] - landmarks[468, :2]))),
        pivot=depth.neck_pivot(landmarks),
        focal=FOCAL * height,
        depth=depth.relief(landmarks, side),
        head_weight=depth.head_weight(landmarks, side),
        head=_head(rgba, landmarks, pair, person),
        person=person,
        eye_right=pair[0],
        eye_left=pair[1],
        mouth=lips,
        colours=Colours(
            sclera=eyes.sclera_colour(rgb, (pair[0], pair[1])),
            lip=mouth.lip_colour(rgb, landmarks),
            skin=skin.skin_colour(rgb, landmarks),
        ),
        noise=skin.grain(rgb, landmarks),
        jaw_gain=jaw_percent / 100 if jaw_percent else mouth.natural_jaw(lips),
        teeth_gain=teeth_percent / 100 if teeth_percent else 1.0,
    )


def _head(rgba: Bytes, landmarks: Floats, pair: tuple[Eye, ...], person: Person) -> Head:
    """Find the head's reach: the matte above the chin, hair included."""
    chin = float(landmarks[mesh.CHIN, 1])
    height = depth.face_height(landmarks)
    above = rgba[: int(chin - 0.25 * height), :, 3] > 127
    columns = np.flatnonzero(above.any(axis=0))
    return Head(
        centre_x=depth.middle_x(landmarks),
        eyes_y=float(np.mean([eye.iris_y for eye in pair])),
        crown_y=person.top,
        chin_y=chin,
        left=float(columns[0]),
        right=float(columns[-1]) + 1,
    )
