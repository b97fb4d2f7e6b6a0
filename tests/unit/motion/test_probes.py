"""Probes of heads, on meshes whose motion is known."""

from pathlib import Path

import numpy as np
import pytest

from services.chassis.timeline import Floats
from services.motion.domain import probes
from services.motion.domain.mesh import EYE_LEFT, EYE_RIGHT

RATE = 25
with np.load(Path(__file__).parents[2] / "data/faces/mesh.npz") as archive:
    MESH = archive["mesh"]


def filmed(seconds: float = 8, size: float = 1.0, sway: float = 3.0) -> Floats:
    """Return meshes of a head that turns by a sine of `sway` degrees."""
    times = np.arange(round(seconds * RATE)) / RATE
    angles = np.radians(sway * np.sin(2 * np.pi * times / 3))
    centre = MESH.mean(0) + np.array([0, 0, 80])
    turns = np.zeros((len(times), 3, 3))
    turns[:, 1, 1] = 1
    turns[:, 0, 0] = turns[:, 2, 2] = np.cos(angles)
    turns[:, 0, 2], turns[:, 2, 0] = np.sin(angles), -np.sin(angles)
    return size * ((MESH - centre) @ turns.mT + centre)


def shut(landmarks: Floats, frames: list[int], length: int = 6) -> Floats:
    """Return meshes that blink at these frames."""
    blinking = landmarks.copy()
    for start in frames:
        for eye in (EYE_RIGHT, EYE_LEFT):
            upper, lower = list(eye.upper[1:-1]), list(eye.lower[1:-1])
            some = blinking[start : start + length]
            some[:, upper] = 0.95 * some[:, lower] + 0.05 * some[:, upper]
    return blinking


def test_a_frozen_head_is_seen() -> None:
    assert probes.sway(filmed(sway=0)).shift < 0.001
    moving = probes.sway(filmed())
    assert moving.shift > 0.02
    assert moving.yaw_degrees == pytest.approx(3 / np.sqrt(2), rel=0.15)


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_measures_do_not_depend_on_how_large_the_face_is(size: float) -> None:
    small, usual = filmed(size=size), filmed()
    assert probes.sway(small).shift == pytest.approx(probes.sway(usual).shift, rel=1e-3)
    assert probes.jitter(small) == pytest.approx(probes.jitter(usual), rel=1e-3)
    assert probes.steps(small).max() == pytest.approx(probes.steps(usual).max(), rel=1e-3)


def test_a_cut_is_seen_and_a_quick_turn_is_none() -> None:
    assert probes.cuts(filmed(sway=8)) == 0
    cut = filmed()
    cut[100:] += (10, 4, 0)
    assert probes.cuts(cut) == 1


def test_trembling_is_seen() -> None:
    still = probes.jitter(filmed())
    trembling = filmed() + np.random.default_rng(0).normal(size=(200, 1, 3))
    assert probes.jitter(trembling) > 4 * still


def test_dropped_frames_are_seen() -> None:
    whole = filmed(sway=8)
    assert probes.holds(whole) == 0
    dropped = whole[[frame - (frame % 3 == 2) for frame in range(len(whole))]]
    assert probes.holds(dropped) > 0.4
    assert probes.holds(filmed(sway=0)) == 0, "a head at rest drops nothing"


def test_a_face_that_becomes_another_is_seen() -> None:
    same = filmed()
    assert probes.drift(same) < 0.002
    wider = same.copy()
    wider[..., 0] *= np.linspace(1, 1.1, len(same))[:, None]
    assert probes.drift(wider) > 0.01


def test_a_head_that_ends_up_turned_is_no_other_face() -> None:
    angles = np.linspace(0, 6, 10 * RATE) + np.sin(np.arange(10 * RATE) / 9)
    there = filmed(10, sway=0)
    there[..., 0] *= 1 + 0.004 * angles[:, None]  # the mesh of a turned head is a little wider
    turn = np.radians(angles)[:, None]
    x, z = there[..., 0].copy(), there[..., 2].copy()
    there[..., 0] = x * np.cos(turn) + z * np.sin(turn)
    there[..., 2] = z * np.cos(turn) - x * np.sin(turn)
    assert probes.drift(there) < 0.003


def test_a_seam_that_jumps_is_seen() -> None:
    assert probes.seam(filmed(9)) < 2, "three whole periods"
    assert probes.seam(filmed(9.75)) > 5


def test_blinks_are_counted_and_a_metronome_is_seen() -> None:
    regular = probes.blinks(shut(filmed(20), list(range(50, 500, 75))), RATE)
    assert regular.per_minute == pytest.approx(18)
    assert regular.irregularity < 0.05
    natural = probes.blinks(shut(filmed(20), [40, 95, 230, 245, 380, 440]), RATE)
    assert natural.irregularity > 0.3
    assert natural.seconds == pytest.approx(6 / RATE, abs=0.05)
    assert probes.blinks(filmed(), RATE).per_minute == 0
