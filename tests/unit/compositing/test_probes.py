"""Probes of finished pictures, on a painted face whose faults are known."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from services.chassis.timeline import Floats
from services.compositing.domain import probes

SIDE = 256
with np.load(Path(__file__).parents[2] / "data/faces/mesh.npz") as archive:
    MESH = archive["mesh"] / 2


def face(seed: int = 0, shift: float = 0.0, blur: float = 0.0) -> Floats:
    """Return a face-like texture, moved to the right."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE)).astype(np.float32)
    coarse = cv2.GaussianBlur(noise, (0, 0), 6) * 200 + cv2.GaussianBlur(noise, (0, 0), 1.2) * 20
    picture = np.clip(128 + coarse, 0, 255).astype(np.float32)
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    return cv2.warpAffine(
        picture, np.array([[1.0, 0, shift], [0, 1, 0]]), (SIDE, SIDE), borderMode=1
    )


def meshes(shifts: list[float]) -> Floats:
    return np.stack([MESH + np.array([shift, 0, 0]) for shift in shifts])


def test_the_same_face_is_like_itself_wherever_it_moves() -> None:
    moved = [face(shift=4), face(shift=-3)]
    assert probes.likeness(moved, meshes([4, -3]), face(), MESH) > 0.95


def test_another_face_is_not_like_it() -> None:
    assert probes.likeness([face(seed=1)] * 2, meshes([0, 0]), face(), MESH) < 0.6


@pytest.mark.parametrize("gain", [0.6, 1.3])
def test_a_likeness_is_no_matter_of_light(gain: float) -> None:
    assert probes.likeness([gain * face() + 10], meshes([0]), face(), MESH) > 0.98


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_blurred_mouth_is_seen_whatever_the_portraits_size(scale: float) -> None:
    portrait = cv2.resize(face(), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    sharp = probes.mouth_sharpness([face()], meshes([0]), portrait, scale * MESH)
    assert sharp == pytest.approx(1, abs=0.3)
    blurred = probes.mouth_sharpness([face(blur=2)], meshes([0]), portrait, scale * MESH)
    assert blurred < 0.3 * sharp


def test_flicker_of_skin_and_wall_is_measured_in_levels() -> None:
    levels = np.random.default_rng(2).normal(0, 2, 60)
    lumas = [face() * 0.5 + 60 + level for level in levels]
    assert probes.background_flicker(lumas) == pytest.approx(1.7, abs=0.4)
    assert probes.skin_flicker(lumas, meshes([0] * 60)) == pytest.approx(1.7, abs=0.4)
    calm = [face() * 0.5 + 60 + level for level in np.linspace(0, 20, 60)]
    assert probes.background_flicker(calm) < 0.05, "a slow change of light is none"
