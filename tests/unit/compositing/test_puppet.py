"""What the puppet shows: rest, blinks, speech, turns; and that it always shows the same."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from services.chassis.timeline import MOUTH, TRACKS
from services.compositing import engines
from services.compositing.domain.box import Box
from services.compositing.domain.placement import Placement
from services.compositing.domain.puppet_teeth import tooth_colour
from services.compositing.engines.puppet import Puppet
from services.compositing.engines.puppet_view import View

STILL = np.zeros(len(TRACKS), np.float32)
SHUT = np.zeros(len(MOUTH), np.float32)
WALL = (96, 60, 20)


def motion(**tracks: float) -> np.ndarray:
    return np.array([tracks.get(name, 0.0) for name in TRACKS], np.float32)


def mouth(**columns: float) -> np.ndarray:
    return np.array([columns.get(name, 0.0) for name in MOUTH], np.float32)


def wall(colour=WALL, height=360, width=640) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def draw(puppet, view, tracks=STILL, shape=SHUT, breath=0.0) -> np.ndarray:
    puppet.pose(tracks, shape, breath)
    out = np.full_like(view._background, 7)
    out[:] = view._background
    view.paint(out)
    return out


@pytest.fixture(scope="module")
def puppet(presenter):
    return Puppet(*presenter)


@pytest.fixture(scope="module")
def unscaled(presenter):
    """Canvas pixels are picture pixels and texels: nothing is interpolated."""
    side = presenter[0].canvas_pixels
    return Placement(1.0, 0.0, 0.0, Box(0, 0, side, side))


@pytest.fixture(scope="module")
def full_view(puppet, unscaled):
    side = unscaled.clip.right
    return View(puppet, unscaled, wall(WALL, side, side))


def over(texture, colour) -> np.ndarray:
    alpha = texture[..., 3:].astype(np.float32) / 255
    return texture[..., 2::-1] * alpha + np.float32(colour) * (1 - alpha)


def test_at_rest_the_portrait_is_drawn_as_it_is(presenter, puppet, full_view):
    _, texture = presenter
    difference = np.abs(draw(puppet, full_view) - over(texture, WALL))[2:-2, 2:-2]
    assert difference.max() <= 2


def test_a_closed_still_mouth_is_the_portraits_own(presenter, puppet, full_view):
    rig, texture = presenter
    draw(puppet, full_view, STILL, mouth(jaw=0.3))
    again = draw(puppet, full_view)
    m = rig.mouth
    rows = slice(int(m.seam_upper.min()) - 20, int(m.chin_y))
    columns = slice(int(m.centre_x - m.half_width), int(m.centre_x + m.half_width))
    assert np.array_equal(again[rows, columns], texture[rows, columns, 2::-1])


def test_what_is_drawn_depends_on_the_pose_alone(presenter, puppet, full_view):
    random = np.random.default_rng(3)
    poses = [
        (
            (random.normal(0, 1, 12) * [3, 4, 2, 0.02, 0.02, 0.01, 0.4, 0.4, 0.03, 0.03, 0.1, 0.1]),
            random.uniform(0, 1, 7) * [0.3, 0.1, 1, 0.05, 0.05, 1, 1],
            0.001,
        )
        for _ in range(6)
    ]
    poses = [(np.float32(a), np.float32(b), c) for a, b, c in poses]
    forward = [draw(puppet, full_view, *pose) for pose in poses]
    fresh = Puppet(*presenter)
    view = View(fresh, Placement(1.0, 0, 0, Box(0, 0, 512, 512)), wall(WALL, 512, 512))
    for pose, expected in list(zip(poses, forward, strict=True))[::-1]:
        assert np.array_equal(draw(fresh, view, *pose), expected)


def test_poses_too_close_to_tell_apart_are_one_picture(puppet, full_view):
    one = draw(puppet, full_view, motion(gaze_x=0.05), mouth(jaw=0.2))
    other = draw(puppet, full_view, motion(gaze_x=0.05001), mouth(jaw=0.20001))
    assert np.array_equal(one, other)


def test_a_skipped_frame_leaves_no_trace(puppet, full_view):
    puppet.pose(motion(yaw=8, lid_left=1), mouth(jaw=0.4), 0.0)
    puppet.pose(motion(pitch=3), mouth(width=0.1), 0.001)
    one = draw(puppet, full_view, motion(yaw=2), mouth(jaw=0.1))
    assert np.array_equal(one, draw(puppet, full_view, motion(yaw=2), mouth(jaw=0.1)))


@pytest.mark.parametrize("name", ["eye_right", "eye_left"])
def test_a_closed_lid_covers_the_iris(every_presenter, name):
    rig, texture = every_presenter
    puppet = Puppet(rig, texture)
    puppet.pose(motion(lid_right=1, lid_left=1), SHUT, 0.0)
    eye = getattr(rig, name)
    x, y, r = round(eye.iris_x), round(eye.iris_y), max(2, round(0.5 * eye.iris_radius))
    shut = puppet.layers[y - r : y + r, x - r : x + r, :3].astype(np.float32)
    skin = eye.lid_colour[::-1]
    assert np.abs(shut.mean(axis=(0, 1)) - skin).max() < 35, "the eyeball shines through"


def test_lids_follow_their_own_tracks(puppet):
    puppet.pose(STILL, SHUT, 0.0)
    rest = puppet.layers.copy()
    puppet.pose(motion(lid_right=1), SHUT, 0.0)
    changed = np.flatnonzero((puppet.layers != rest).any(axis=(0, 2)))
    middle = puppet.rig.head.centre_x
    assert changed.size
    assert changed.max() < middle


@pytest.mark.parametrize("closure", [0.6, 1.0])
def test_a_closing_lid_is_no_dark_hollow(every_presenter, closure):
    rig, texture = every_presenter
    puppet = Puppet(rig, texture)
    eye = rig.eye_right
    puppet.pose(motion(lid_right=closure, lid_left=closure), SHUT, 0.0)
    edge = float(eye.upper.min()) + 0.95 * closure * float((eye.lower - eye.upper).max())
    x, y = round(eye.iris_x), round(edge - 0.26 * eye.width)
    lid = puppet.layers[y - 1 : y + 2, x - 4 : x + 5, :3].mean()
    assert lid > 0.8 * eye.lid_colour.mean(), "the socket's shade is stretched over the lid"


def test_closure_below_zero_does_not_startle(puppet):
    puppet.pose(motion(lid_right=-0.05, lid_left=-0.05), SHUT, 0.0)
    widest = puppet.layers.copy()
    puppet.pose(motion(lid_right=-0.6, lid_left=-0.6), SHUT, 0.0)
    assert np.array_equal(puppet.layers, widest)


def test_gaze_moves_the_iris_and_not_the_lids(presenter):
    rig, texture = presenter
    puppet = Puppet(rig, texture)
    eye = rig.eye_left
    row = round(eye.iris_y)
    columns = slice(round(eye.x[0]), round(eye.x[-1]))

    def line() -> np.ndarray:
        return puppet.layers[row - 1 : row + 2, columns, :3].astype(np.float32).mean(axis=(0, 2))

    puppet.pose(motion(gaze_x=-0.1), SHUT, 0.0)
    left = line()
    puppet.pose(motion(gaze_x=0.1), SHUT, 0.0)
    right = line()
    apart = round(0.2 * eye.width)
    middle = slice(round(0.35 * len(left)), round(0.65 * len(left)))
    here = np.abs(right - left)[middle].mean()
    moved = np.abs(np.roll(left, apart) - right)[middle].mean()
    assert moved < 0.6 * here, "the iris does not go where the eye looks"
    lashes = slice(round(eye.brow_top), round(float(eye.upper.min() - 0.2 * eye.width)))
    assert np.array_equal(puppet.layers[lashes, columns, :3], texture[lashes, columns, 2::-1])


def opening(puppet, shape) -> np.ndarray:
    """Texels that speech repaints rather than moves: the inside of the mouth, per column."""
    patch = puppet._mouth
    lines = patch._lips.lines(patch._shape(patch.key(shape)))
    return lines.lower - lines.upper


def test_the_jaw_opens_the_mouth_by_what_it_says(every_presenter):
    rig, texture = every_presenter
    puppet = Puppet(rig, texture)
    gap = opening(puppet, mouth(jaw=0.38))
    expected = 0.38 * rig.jaw_gain * rig.mouth.half_width
    assert gap.max() == pytest.approx(expected, rel=0.06)
    assert opening(puppet, mouth(press=1)).max() < 0.35, "lips part on a p"


def test_an_open_mouth_shows_a_cavity_and_teeth(every_presenter):
    rig, texture = every_presenter
    puppet = Puppet(rig, texture)
    puppet.pose(STILL, mouth(jaw=0.38, upper=0.04), 0.0)
    x, top = (
        round(rig.mouth.centre_x),
        round(float(np.interp(rig.mouth.centre_x, rig.mouth.x, rig.mouth.seam_upper))),
    )
    tall = int(0.38 * rig.jaw_gain * rig.mouth.half_width)
    inside = puppet.layers[top : top + tall, x - 2 : x + 3, :3].astype(np.float32).mean(axis=(1, 2))
    lip = float(rig.colours.lip.mean())
    assert inside.max() > 1.1 * lip, "no teeth"
    assert inside.min() < 0.6 * lip, "no depth"
    assert inside.min() > 8, "a black hole"


def test_teeth_are_white_and_not_yellow(every_presenter):
    blue, _, red = tooth_colour(every_presenter[0].colours, 1.0)
    assert blue > 0.82 * red


def test_rounding_narrows_the_mouth_and_spreading_widens_it(puppet):
    def width(shape) -> float:
        return float((opening(puppet, shape) > 0.5).sum())

    plain = width(mouth(jaw=0.12))
    assert width(mouth(jaw=0.12, width=-0.25, round=1)) < 0.85 * plain
    assert width(mouth(jaw=0.12, width=0.12)) > 1.05 * plain


def test_the_tongue_comes_between_the_teeth(puppet):
    puppet.pose(STILL, mouth(jaw=0.15), 0.0)
    without = puppet.layers.copy()
    puppet.pose(STILL, mouth(jaw=0.15, tongue=1), 0.0)
    changed = (puppet.layers != without).any(axis=2).sum()
    assert changed > 20


@pytest.mark.parametrize(
    ("track", "value", "axis", "sign"),
    [("yaw", 6, 0, 1), ("yaw", -6, 0, -1), ("pitch", 6, 1, 1), ("pitch", -6, 1, -1)],
)
def test_the_nose_goes_where_the_head_turns(puppet, track, value, axis, sign):
    moved = puppet.head.displacement(motion(**{track: value})[:6], 0.0)
    step = (puppet.rig.canvas_pixels - 1) / (len(moved) - 1)
    tip = puppet.rig.landmarks[4]
    node = moved[round(tip[1] / step), round(tip[0] / step)]
    assert sign * node[axis] > 3


def test_a_positive_roll_is_clockwise_on_screen(puppet):
    moved = puppet.head.displacement(motion(roll=6)[:6], 0.0)
    step = (puppet.rig.canvas_pixels - 1) / (len(moved) - 1)
    top = puppet.rig.landmarks[10]
    assert moved[round(top[1] / step), round(top[0] / step), 0] > 3


def test_the_map_leads_back_to_where_points_came_from(puppet):
    pose = motion(yaw=7, pitch=-4, roll=3, shift_x=0.05, log_scale=0.02)[:6]
    shift, moved = puppet.head.backward_shift(pose, 0.001), puppet.head.displacement(pose, 0.001)
    step = (puppet.rig.canvas_pixels - 1) / (len(moved) - 1)
    rows, columns = np.mgrid[0 : len(moved), 0 : len(moved)] * step
    rest = np.dstack([columns, rows])
    back = rest + shift
    at = np.float32(back / step)
    ahead = cv2.remap(
        moved, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    inner = slice(8, -8)
    assert np.abs(back + ahead - rest)[inner, inner].max() < 0.15


def test_wild_tracks_are_held_within_what_looks_human(puppet):
    wild = puppet.head.displacement(motion(yaw=400, pitch=-900, roll=300, shift_x=9)[:6], 5.0)
    assert np.isfinite(wild).all()
    assert np.abs(wild).max() < puppet.rig.face_height


def test_the_engine_is_named_and_fingerprinted(presenter):
    engine = engines.load().pick("puppet")
    assert engine.fingerprint.startswith("puppet 1;")
    assert "opencv" in engine.fingerprint
    assert engine.open(*presenter).rig is presenter[0]


def test_a_texture_finer_than_any_view_is_shrunk(presenter):
    rig, texture = presenter
    fine = cv2.resize(texture, (1024, 1024))
    assert Puppet(rig, fine, largest_scale=0.5).layers.shape[0] == 384
    assert Puppet(rig, fine, largest_scale=2.0).layers.shape[0] == 1024
