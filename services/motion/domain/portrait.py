"""What a portrait is like, measured: size, pose, mouth, framing, light, sharpness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats
from services.motion.domain import mesh
from services.motion.domain.face import EYES, openness
from services.motion.domain.mouth import trace_mouth
from services.motion.domain.template import YAW_GAIN

MIRRORED: Final = (
    *((33, 263), (133, 362), (127, 356), (234, 454), (61, 291)),
    *((54, 284), (98, 327), (172, 397), (58, 288)),
)
"""Points at image left and right that face one another across an upright head."""
UPRIGHT_PITCH_DEGREES: Final = 4.0
"""What the line from forehead to chin leans in a head that looks straight on."""
CHEEKS: Final = (205, 425)
STUDY_PIXELS: Final = 256
"""Height of the face on which light and sharpness are measured, so that sizes compare."""


@dataclass(frozen=True)
class Pose:
    """How a face stands in its picture."""

    face_pixels: float
    """From the top of the forehead to the chin."""
    yaw_degrees: float
    pitch_degrees: float
    roll_degrees: float
    """Signs as in TRACKS."""
    outside: float
    """Share of the face that lies beyond the picture's edges."""


@dataclass(frozen=True)
class Measures(Pose):
    """One portrait in numbers. Shares are of the picture's width or height."""

    mouth_gap: float
    """Between the lips, by the mouth's width; 0 where they touch."""
    smile: float
    """How far the corners stand above the middle of the lips, in half mouth widths."""
    eye_openness: float
    """Height by width of the eye that is open less."""
    eye_brightness: float
    """The brightest part of the darker eye, by the cheeks."""
    centre_x: float
    eye_line_y: float
    head_top_y: float
    head_touches: bool
    """Whether hair or head reach a side of the picture."""
    shoulders_touch: bool
    light_ratio: float
    """The brighter cheek by the darker."""
    burnt_share: float
    """Share of the face without any structure, because it is white."""
    brightest: float
    """The 95th percentile of the face's luma, 0 to 255."""
    background_luma: float | None
    """Median, 0 to 255; None where a matte stands for the background."""
    sharpness: float
    """Of the face at `STUDY_PIXELS`: how much of its contrast lies in the finest detail."""


def measure_pose(width: int, height: int, landmarks: Floats) -> Pose:
    """Measure how a face, its mesh (478, 3), stands in a picture of that size."""
    yaw, pitch, roll = head_angles(landmarks)
    inside = (landmarks[:, :2] >= 0) & (landmarks[:, :2] < (width, height))
    return Pose(
        face_pixels=float(np.linalg.norm(landmarks[mesh.CHIN] - landmarks[mesh.FOREHEAD])),
        yaw_degrees=yaw,
        pitch_degrees=pitch,
        roll_degrees=roll,
        outside=1 - float(inside.all(axis=1).mean()),
    )


def measure(rgb: Bytes, matte: Floats, landmarks: Floats, *, cut_out: bool) -> Measures:
    """Measure a portrait whose face lies in the picture and is more or less upright.

    rgb: (h, w, 3), on grey where it is cut out. matte: (h, w), 0 to 1: where the person is.
    landmarks: its mesh (478, 3). cut_out: whether the picture brought the matte itself.
    """
    height, width = rgb.shape[:2]
    mouth = trace_mouth(rgb, landmarks)
    face = _study(rgb, landmarks)
    left, right = (_cheek(face.luma, face.landmarks, point) for point in CHEEKS)
    skin = face.luma[face.mask]
    head_top, head_touches, shoulders_touch = _framing(matte, landmarks)
    return Measures(
        **vars(measure_pose(width, height, landmarks)),
        mouth_gap=float((mouth.seam_lower - mouth.seam_upper).max()) / (2 * mouth.half_width),
        smile=mouth.smile,
        eye_openness=min(float(openness(landmarks[None], eye)[0]) for eye in EYES),
        eye_brightness=_eye_brightness(face, (left + right) / 2),
        centre_x=float(landmarks[[mesh.CHEEK_RIGHT, mesh.CHEEK_LEFT], 0].mean()) / width,
        eye_line_y=float(landmarks[[eye.iris[0] for eye in EYES], 1].mean()) / height,
        head_top_y=head_top,
        head_touches=head_touches,
        shoulders_touch=shoulders_touch,
        light_ratio=max(left, right) / max(min(left, right), 1.0),
        burnt_share=float((skin >= 250).mean()),
        brightest=float(np.percentile(skin, 95)),
        background_luma=None if cut_out else _background(rgb, matte),
        sharpness=_sharpness(face),
    )


def head_angles(landmarks: Floats) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees of one mesh (478, 3), signs as in TRACKS.

    Yaw is right within 1 degree (r .99) and pitch within 2 (r .95) on a rendered head.
    """
    right, left = (landmarks[[pair[side] for pair in MIRRORED]] for side in (0, 1))
    across = (left - right).mean(0)
    down = landmarks[mesh.CHIN] - landmarks[mesh.FOREHEAD]
    yaw = np.degrees(np.arctan2(across[2], across[0])) * YAW_GAIN
    roll = np.degrees(np.arctan2(across[1], across[0]))
    pitch = UPRIGHT_PITCH_DEGREES - np.degrees(np.arctan2(down[2], down[1]))
    return float(yaw), float(pitch), float(roll)


@dataclass(frozen=True)
class _Face:
    """The face alone, at `STUDY_PIXELS`."""

    luma: Floats
    mask: np.typing.NDArray[np.bool_]
    landmarks: Floats


def _study(rgb: Bytes, landmarks: Floats) -> _Face:
    scale = STUDY_PIXELS / max(float(np.ptp(landmarks[:, 1])), 1.0)
    left, top = np.maximum(landmarks[:, :2].min(0) - 4, 0).astype(int)
    right, bottom = np.ceil(landmarks[:, :2].max(0) + 5).astype(int)
    luma = cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=way)
    points = ((landmarks - np.array([left, top, 0], np.float32)) * scale).astype(np.float32)
    return _Face(np.asarray(scaled, np.float32), _polygon(scaled.shape, points, mesh.OVAL), points)


def _polygon(
    shape: tuple[int, ...], landmarks: Floats, points: tuple[int, ...]
) -> np.typing.NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(landmarks[list(points), :2]).astype(np.int32)], (1,))
    return mask.astype(bool)


def _cheek(luma: Floats, landmarks: Floats, point: int) -> float:
    x, y = landmarks[point, :2].astype(int)
    patch = luma[max(y - 12, 0) : y + 13, max(x - 12, 0) : x + 13]
    return float(np.median(patch)) if patch.size else 0.0


def _eye_brightness(face: _Face, cheek: float) -> float:
    """Return the 90th percentile of luma in the darker eye, by the cheeks'."""
    rings = [eye.upper + eye.lower[-2:0:-1] for eye in EYES]
    eyes = [face.luma[_polygon(face.luma.shape, face.landmarks, ring)] for ring in rings]
    return min(float(np.percentile(eye, 90)) if eye.size else 0 for eye in eyes) / max(cheek, 1)


def _framing(matte: Floats, landmarks: Floats) -> tuple[float, bool, bool]:
    """Return where the head begins, and whether head and shoulders touch the picture's sides."""
    height, width = matte.shape
    left, right = np.clip(landmarks[:, 0].min(), 0, width - 2), landmarks[:, 0].max() + 1
    above = matte[:, int(left) : int(right)].max(axis=1) > 0.5
    top = int(above.argmax())
    chin = int(np.clip(landmarks[mesh.CHIN, 1], 1, height - 1))
    sides = np.maximum(matte[:, :2].max(axis=1), matte[:, -2:].max(axis=1)) > 0.5
    return top / height, bool(sides[top:chin].any()), bool(sides[chin:].mean() > 0.1)


def _background(rgb: Bytes, matte: Floats) -> float | None:
    behind = matte < 0.1
    if behind.mean() < 0.05:
        return None
    return float(np.median(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[behind]))


def _sharpness(face: _Face) -> float:
    """Return the share of the face's contrast that one step of a Laplace filter finds."""
    fine = cv2.Laplacian(face.luma, cv2.CV_32F)[face.mask]
    return float(fine.std() / max(float(face.luma[face.mask].std()), 1.0))
