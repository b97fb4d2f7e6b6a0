"""How the presenter is laid into pictures: bounds, edges, fades, formats."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.chassis.timeline import MOUTH, TRACKS
from services.compositing.domain.box import Box
from services.compositing.domain.placement import Placement
from services.compositing.engines.puppet import Puppet
from services.compositing.engines.puppet_view import View
from services.motion.engines import rigging

SHUT = np.zeros(len(MOUTH), np.float32)
STILL = np.zeros(len(TRACKS), np.float32)
FAR = [(20, 30, 20, 0.5, 0.5, 0.2), (-20, -30, -20, -0.5, -0.5, -0.2), (-20, 30, -20, 0.5, -0.5, 0)]


def pose(*head: float) -> np.ndarray:
    return np.array([*head, 0, 0, 0, 0, 0, 0], np.float32)


def wall(colour, height=360, width=640) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


@pytest.fixture(scope="module")
def puppet(presenter):
    return Puppet(*presenter)


@pytest.fixture
def place() -> Placement:
    return Placement(0.62, 31.5, 24.25, Box(0, 6, 640, 330))


def test_nothing_outside_the_bounds_is_touched(puppet, place):
    view = View(puppet, place, wall((90, 50, 20)))
    for head in FAR:
        out = np.full((360, 640, 3), 200, np.uint8)
        puppet.pose(pose(*head), SHUT, 0.0)
        view.paint(out)
        b = view.bounds
        out[b.top : b.bottom, b.left : b.right] = 200
        assert (out == 200).all()


def test_bounds_lie_on_chroma_samples_and_in_the_clip(puppet, place):
    bounds = View(puppet, place, wall((0, 0, 0))).bounds
    assert all(edge % 2 == 0 for edge in (bounds.left, bounds.top, bounds.right, bounds.bottom))
    assert bounds.meet(place.clip) == bounds


def test_the_head_never_reaches_the_edge_of_its_bounds(puppet):
    place = Placement(0.4, 300, 80, Box(0, 0, 800, 400))
    view = View(puppet, place, wall((0, 0, 0), 400, 800))
    b = view.bounds
    for head in FAR:
        out = wall((0, 0, 0), 400, 800)
        puppet.pose(pose(*head), SHUT, 0.0)
        view.paint(out)
        assert out[b.top + 1, b.left : b.right].max() == 0, "hair cut off"
        shoulders = round(80 + 0.4 * puppet.rig.mouth.chin_y)
        assert out[b.top : shoulders, [b.left + 1, b.right - 2]].max() == 0


def test_what_stood_in_the_picture_before_does_not_matter(puppet, place):
    view = View(puppet, place, wall((90, 50, 20)))
    puppet.pose(pose(3, 5, 1, 0, 0, 0), SHUT, 0.001)
    b = view.bounds
    one, other = np.zeros((360, 640, 3), np.uint8), np.full((360, 640, 3), 255, np.uint8)
    view.paint(one)
    view.paint(other)
    assert np.array_equal(
        one[b.top : b.bottom, b.left : b.right], other[b.top : b.bottom, b.left : b.right]
    )


def test_two_views_of_one_puppet_do_not_disturb_each_other(puppet, place):
    wide = View(puppet, place, wall((90, 50, 20)))
    tall = View(puppet, Placement(0.5, -40, 90, Box(0, 0, 200, 356)), wall((9, 9, 9), 356, 200))
    puppet.pose(pose(3, 5, 1, 0, 0, 0), SHUT, 0.0)
    alone = np.zeros((360, 640, 3), np.uint8)
    wide.paint(alone)
    tall.paint(np.zeros((356, 200, 3), np.uint8))
    again = np.zeros((360, 640, 3), np.uint8)
    wide.paint(again)
    assert np.array_equal(alone, again)


@pytest.mark.parametrize("head", [(0, 0, 0, 0, 0, 0), (4, -8, 5, 0.02, 0.01, 0.01)])
def test_there_is_no_halo_on_any_wall(every_presenter, place, head):
    puppet = Puppet(*every_presenter)
    puppet.pose(pose(*head), SHUT, 0.0)
    pictures = []
    for colour in ((0, 0, 0), (255, 255, 255)):
        out = wall(colour)
        View(puppet, place, wall(colour)).paint(out)
        pictures.append(out.astype(int))
    dark, light = pictures
    assert (light >= dark - 1).all(), "an edge darker on a white wall than on a black one"
    through = (light - dark).mean(axis=2) / 255
    hair = slice(
        round(24 + 0.62 * puppet.rig.head.crown_y), round(24 + 0.62 * puppet.rig.head.eyes_y)
    )
    edge = (through > 0.2) & (through < 0.8)
    own = dark[hair][edge[hair]].mean(axis=1) / (1 - through[hair][edge[hair]])
    assert np.percentile(own, 90) < 175, "hair is rimmed with light"


def test_blended_and_unblended_parts_meet_without_a_seam(puppet, place):
    """A wall of one's own colour shows whether any texel is both opaque and blended."""
    view = View(puppet, place, wall((90, 50, 20)))
    puppet.pose(pose(4, 6, 3, 0, 0, 0), SHUT, 0.0)
    fast, slow = wall((90, 50, 20)), wall((90, 50, 20))
    view.paint(fast)
    view._classes = np.where(view._classes == 2, 1, view._classes)
    view.paint(slow)
    assert np.abs(fast.astype(int) - slow).max() <= 1


def test_a_cut_shoulder_fades_before_the_cut(every_portrait):
    rig, texture = rigging.build(np.ascontiguousarray(every_portrait["jun"][:, 90:422]), 0, 0)
    puppet = Puppet(rig, texture)
    side = rig.canvas_pixels
    view = View(
        puppet, Placement(1, 40, 0, Box(0, 0, side + 80, side)), wall((0,) * 3, side, side + 80)
    )
    out = wall((0, 0, 0), side, side + 80)
    view.paint(out)
    left = int(40 + rig.person.left)
    row = out[side - 20, left : left + side // 3].max(axis=1).astype(int)
    assert row[:3].max() <= 12, "a straight edge shows"
    assert np.abs(np.diff(row)).max() < 40
    assert row.max() > 120


def test_shoulders_run_out_of_the_picture_whatever_the_head_does(puppet):
    side = puppet.rig.canvas_pixels
    place = Placement(0.6, 100, 20, Box(0, 0, 640, 20 + int(0.6 * side)))
    view = View(puppet, place, wall((0, 0, 0)))
    middle = round(100 + 0.6 * puppet.rig.head.centre_x)
    for head in FAR:
        out = wall((0, 0, 0))
        puppet.pose(pose(*head), SHUT, 0.002)
        view.paint(out)
        assert out[place.clip.bottom - 1, middle - 20 : middle + 20].max(axis=1).min() > 30


def test_the_presenter_can_fade_into_what_lies_below(puppet):
    place = Placement(0.6, 100, 20, Box(0, 0, 640, 320), fade_pixels=80)
    view = View(puppet, place, wall((0, 0, 0)))
    puppet.pose(STILL, SHUT, 0.0)
    out = wall((0, 0, 0))
    view.paint(out)
    middle = round(100 + 0.6 * puppet.rig.head.centre_x)
    assert out[319, middle].max() <= 3
    assert out[238, middle].max() > 60


def test_half_a_pixel_of_placement_is_half_a_pixel_in_the_picture(puppet):
    """Pixel centres: drawn at twice the size, each canvas pixel covers two by two."""
    rig = puppet.rig
    view = View(puppet, Placement(2.0, -200, -200, Box(0, 0, 640, 360)), wall((0, 0, 0)))
    puppet.pose(STILL, SHUT, 0.0)
    out = wall((0, 0, 0))
    view.paint(out)
    pairs = out[100:340].reshape(120, 2, 320, 2, 3).mean(axis=(1, 3))
    canvas = puppet.layers[150:270, 100:420, :3]
    assert rig.canvas_pixels == 512
    away, _ = cv2.phaseCorrelate(pairs.mean(axis=2), canvas.mean(axis=2))
    assert np.abs(away).max() < 0.03


def test_drawing_needs_no_face_mesh_and_no_signal_library():
    """Compositing starts in every chunk's process: what it imports is paid hundreds of times."""
    program = (
        "import sys, services.compositing.engines as e; e.load();"
        "print([m for m in ('mediapipe', 'scipy.signal') if m in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True
    )
    assert done.stdout.strip() == "[]"
