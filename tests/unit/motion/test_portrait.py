"""Portraits from outside: one face, from the front, large enough, lips closed; else why not."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION
from skimage import data

from services.chassis.errors import Invalid
from services.chassis.timeline import Bytes, Floats
from services.motion.domain import mesh
from services.motion.domain.face import EYES
from services.motion.domain.portrait import head_angles, measure
from services.motion.engines import faces
from services.motion.engines.intake import ImportedPortrait, import_portrait

PRESENTERS = Path(__file__).parents[3] / "services/studio/presenters"
NAMES = ("amara", "ingrid", "jun", "malik")
WALL = (150, 140, 130)
SIDE = 640
"""Pixels: enough for every judgement, and quick."""


@cache
def portrait(name: str) -> Bytes:
    """Return a shipped presenter before a plain wall, BGR."""
    return before(WALL, name)


def before(wall: tuple[int, ...], name: str) -> Bytes:
    picture = cv2.imread(str(PRESENTERS / name / "portrait.png"), cv2.IMREAD_UNCHANGED)
    alpha = picture[..., 3:] / 255
    shown = picture[..., :3] * alpha + np.array(wall) * (1 - alpha)
    return cv2.resize(shown.astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


@cache
def landmarks(name: str) -> Floats:
    found = faces.landmarks(portrait(name))
    assert found is not None
    return found


def png(bgr: Bytes) -> bytes:
    return cv2.imencode(".png", bgr)[1].tobytes()


def judged(bgr: Bytes) -> ImportedPortrait:
    return import_portrait(png(bgr), "png")


def reasons(found: ImportedPortrait) -> set[str]:
    return {warning.reason for warning in found.warnings}


def refusal(bgr: Bytes) -> str:
    with pytest.raises(Invalid) as caught:
        judged(bgr)
    violations = caught.value.violations
    assert {violation.field for violation in violations} == {"portrait"}
    assert all(len(violation.remedy) > 30 for violation in violations)
    return violations[0].reason


def on_wall(bgr: Bytes, face_pixels: float, name: str, size: tuple[int, int]) -> Bytes:
    """Put a portrait, its face so high, in the middle of a wall of (width, height)."""
    scale = face_pixels / float(np.ptp(landmarks(name)[:, 1]))
    small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    width, height = size
    matrix = np.array([[1, 0, (width - small.shape[1]) // 2], [0, 1, height - small.shape[0]]])
    return cv2.warpAffine(small, matrix.astype(float), size, borderValue=WALL)


def triangles() -> np.ndarray:
    """Return the triangles of the face mesh (n, 3), from its edges."""
    near: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    return np.array(
        sorted(
            {tuple(sorted((a, b, c))) for a, b in FACEMESH_TESSELATION for c in near[a] & near[b]}
        )
    )


def turned(name: str, degrees: float) -> Bytes:
    """Return a presenter's face turned about the neck, painted triangle by triangle."""
    picture, points = portrait(name), landmarks(name)
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    pivot = points.mean(0) + np.array([0, 0, 60])
    there = (points - pivot) @ turn.T + pivot
    corners = triangles()
    painted = np.full_like(picture, WALL)
    for triangle in corners[np.argsort(-there[corners, 2].mean(1))]:
        shape = there[triangle, :2].astype(np.float32)
        x, y, width, height = cv2.boundingRect(shape)
        shape -= np.array([x, y], np.float32)
        matrix = cv2.getAffineTransform(points[triangle, :2].astype(np.float32), shape)
        patch = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
        inside = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(inside, shape.round().astype(np.int32), (1,))
        painted[y : y + height, x : x + width][inside == 1] = patch[inside == 1]
    return painted


def with_open_mouth(name: str, share: float) -> Bytes:
    """Part the lips by a share of the mouth's width, and paint the inside dark."""
    picture, points = portrait(name), landmarks(name)
    ends = points[[mesh.CORNER_RIGHT, mesh.CORNER_LEFT], :2]
    centre, half = ends.mean(0), float(np.ptp(ends[:, 0])) / 2
    seam = (points[13, 1] + points[14, 1]) / 2
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    gap = share * 2 * half * np.clip(1 - ((x - centre[0]) / half) ** 2, 0, 1)
    opened = cv2.remap(
        picture, x, np.where(y > seam, y - gap, y).astype(np.float32), cv2.INTER_LINEAR
    )
    opened[(y > seam) & (y < seam + gap)] = (25, 20, 45)
    return opened


def with_sunglasses(name: str) -> Bytes:
    picture = portrait(name).copy()
    for eye in EYES:
        corners = landmarks(name)[[eye.upper[0], eye.upper[-1]], :2]
        width = float(np.ptp(corners[:, 0]))
        middle = tuple(int(value) for value in corners.mean(0))
        cv2.ellipse(picture, middle, (int(width), int(0.75 * width)), 0, 0, 360, (22, 20, 20), -1)
    return picture


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_presenter_is_taken_as_it_is(name: str) -> None:
    file = (PRESENTERS / name / "portrait.png").read_bytes()
    found = import_portrait(file, "png")
    kept = cv2.imdecode(np.frombuffer(found.png, np.uint8), cv2.IMREAD_UNCHANGED)
    given = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (kept == given).all()
    assert (found.width, found.height, found.has_matte) == (*given.shape[1::-1], True)
    assert reasons(found) <= {"PORTRAIT_SHOULDERS_CROPPED"}


@pytest.mark.parametrize("name", NAMES)
def test_closed_lips_are_closed_on_every_skin(name: str) -> None:
    rgb = np.ascontiguousarray(portrait(name)[..., ::-1])
    matte = np.ones(rgb.shape[:2], np.float32)
    assert measure(rgb, matte, landmarks(name), cut_out=False).mouth_gap < 0.02


def test_d18_a_picture_without_a_face_is_refused() -> None:
    assert refusal(np.full((480, 640, 3), WALL, np.uint8)) == "FACE_NOT_FOUND"
    for scene in (data.coffee()[:300, :300], data.hubble_deep_field()[600:, :300]):
        assert refusal(np.ascontiguousarray(scene[..., ::-1])) == "FACE_NOT_FOUND"


@pytest.mark.parametrize("face_pixels", [60, 200])
def test_d19_three_faces_are_refused_however_small(face_pixels: int) -> None:
    three = [on_wall(portrait(n), face_pixels, n, (4 * face_pixels, 800)) for n in NAMES[:3]]
    assert refusal(np.hstack(three)) == "FACE_MULTIPLE"


def test_someone_small_in_the_background_does_no_harm() -> None:
    picture = on_wall(portrait("jun"), 230, "jun", (900, 640))
    picture[:200, :200] = on_wall(portrait("malik"), 40, "malik", (200, 200))
    assert judged(picture).width == 900


@pytest.mark.parametrize("size", [(128, 128), (640, 480)])
def test_d20_a_face_of_40_pixels_is_refused(size: tuple[int, int]) -> None:
    assert refusal(on_wall(portrait("jun"), 40, "jun", size)) == "FACE_TOO_SMALL"


@pytest.mark.parametrize("name", NAMES)
def test_d22_a_profile_is_refused(name: str) -> None:
    assert refusal(turned(name, 65)) == "FACE_POSE_EXTREME"


@pytest.mark.parametrize("degrees", [80, -80])
def test_d22_a_face_that_shows_one_eye_is_refused(degrees: float) -> None:
    assert refusal(turned("jun", degrees)) == "FACE_POSE_EXTREME"


def test_a_picture_that_lies_on_its_side_is_refused() -> None:
    for degrees in (50, 90, 180):
        assert refusal(rolled(degrees)) in {"FACE_POSE_EXTREME", "FACE_NOT_FOUND"}
    assert refusal(rolled(50)) == "FACE_POSE_EXTREME"


def test_half_a_face_is_refused() -> None:
    for half in (np.s_[:, :310], np.s_[:250], np.s_[220:]):
        assert refusal(portrait("jun")[half]) in {"FACE_CROPPED", "FACE_NOT_FOUND"}
    assert refusal(portrait("jun")[:290]) == "FACE_CROPPED"


def test_a_face_turned_a_little_is_taken_with_a_warning() -> None:
    found = judged(turned("ingrid", 20))
    assert "PORTRAIT_TURNED" in reasons(found)


def test_turning_to_image_right_counts_as_positive() -> None:
    found = faces.landmarks(turned("jun", -20))
    assert found is not None
    yaw, pitch, roll = head_angles(found)
    assert 10 < yaw < 22, "a turn of the face"
    assert max(abs(pitch), abs(roll)) < 8, "and nothing else"


@pytest.mark.parametrize("name", NAMES)
def test_an_open_mouth_is_refused(name: str) -> None:
    assert refusal(with_open_mouth(name, 0.3)) == "FACE_MOUTH_OPEN"


def test_a_laugh_is_refused() -> None:
    laugh = cv2.resize(data.astronaut()[..., ::-1], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert refusal(laugh) == "FACE_MOUTH_OPEN"


@pytest.mark.parametrize("name", ["amara", "malik"])
def test_a_face_of_a_quarter_of_a_wide_picture_works(name: str) -> None:
    found = judged(on_wall(portrait(name), 180, name, (1280, 720)))
    assert (found.width, found.height) == (1280, 720)
    assert reasons(found) >= {"PORTRAIT_LOW_RESOLUTION", "PORTRAIT_HEADROOM"}
    kept = cv2.imdecode(np.frombuffer(found.png, np.uint8), cv2.IMREAD_COLOR)
    assert faces.landmarks(kept) is not None, "no rig could be built from it"


@pytest.mark.parametrize("channels", [3, 4])
def test_a_gigantic_face_is_kept_no_larger_than_it_can_be_shown(channels: int) -> None:
    close = portrait("jun")[120:420, 170:470]
    if channels == 4:
        matte = np.full(close.shape[:2], 255, np.uint8)
        matte[:, :20] = 0
        close = np.dstack([close, matte])
    large = cv2.resize(close, None, fx=5, fy=5, interpolation=cv2.INTER_LINEAR)
    found = judged(large)
    assert found.width == found.height < 1400
    kept = cv2.imdecode(np.frombuffer(found.png, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = cv2.resize(close, kept.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    inner = np.s_[:, 120:, :3]
    assert np.abs(kept[inner].astype(int) - expected[inner]).mean() < 2


def test_an_opaque_alpha_is_no_matte() -> None:
    opaque = np.dstack([portrait("jun"), np.full(portrait("jun").shape[:2], 255, np.uint8)])
    assert not judged(opaque).has_matte


def moved(right: int, down: int) -> Bytes:
    matrix = np.array([[1.0, 0, right], [0, 1, down]])
    return cv2.warpAffine(portrait("jun"), matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def shaded(name: str) -> Bytes:
    across = np.linspace(-0.5, 2, portrait(name).shape[1])[None, :, None]
    return (portrait(name) * across.clip(0.1)).clip(0, 255).astype(np.uint8)


def rolled(degrees: float) -> Bytes:
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, 1)
    return cv2.warpAffine(portrait("jun"), matrix, (SIDE, SIDE), borderValue=WALL)


IMPERFECT: dict[str, Callable[[], Bytes]] = {
    "PORTRAIT_OFF_CENTRE": lambda: moved(120, 0),
    "PORTRAIT_EYE_LINE": lambda: moved(0, 130),
    "PORTRAIT_HEAD_CROPPED": lambda: moved(0, -75),
    "PORTRAIT_HEADROOM": lambda: on_wall(portrait("jun"), 230, "jun", (640, 900)),
    "PORTRAIT_SHOULDERS_CROPPED": lambda: portrait("jun")[:, 125:515],
    "PORTRAIT_LOW_RESOLUTION": lambda: portrait("jun"),
    "PORTRAIT_TILTED": lambda: rolled(16),
    "PORTRAIT_LIGHT_UNEVEN": lambda: shaded("jun"),
    "PORTRAIT_OVEREXPOSED": lambda: (portrait("jun") * 2.2).clip(0, 255).astype(np.uint8),
    "PORTRAIT_UNDEREXPOSED": lambda: (portrait("jun") * 0.3).astype(np.uint8),
    "PORTRAIT_BACKGROUND_BLACK": lambda: before((0, 0, 0), "jun"),
    "PORTRAIT_BACKGROUND_WHITE": lambda: before((255, 255, 255), "jun"),
    "PORTRAIT_BLURRED": lambda: cv2.GaussianBlur(portrait("jun"), (0, 0), 3),
    "PORTRAIT_EYES_HIDDEN": lambda: with_sunglasses("jun"),
    "PORTRAIT_MOUTH_PARTED": lambda: with_open_mouth("jun", 0.10),
}


@pytest.mark.parametrize("reason", IMPERFECT)
def test_what_could_be_better_is_said_with_its_fix(reason: str) -> None:
    found = judged(IMPERFECT[reason]())
    assert reason in reasons(found)
    assert all(":" in warning.message for warning in found.warnings)
    assert {warning.field for warning in found.warnings} == {"portrait"}
