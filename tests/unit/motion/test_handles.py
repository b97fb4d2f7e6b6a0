"""Our own tracks drive LivePortrait: its handles, what they do to a face, and turned round."""

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.timeline import MOUTH, TRACKS
from services.compositing.engines.puppet import Puppet
from services.motion.domain.liveportrait.calibration import (
    GAP_PER_JAW,
    fit,
    invert,
    measure,
    mouth_steering,
    probes,
    steered,
)
from services.motion.domain.liveportrait.handles import HANDLES
from services.motion.domain.liveportrait.pose import Motion, rotations
from services.motion.domain.liveportrait.relative import placed
from services.motion.domain.liveportrait.tracked import drive_of, wanted_eyes
from services.motion.engines import faces


def source() -> Motion:
    rng = np.random.default_rng(5)
    small = lambda *shape: rng.normal(0, 0.3, shape).astype(np.float32)  # noqa: E731
    return Motion(small(1, 21, 3), small(1, 3) * 9, small(1, 21, 3) / 9, 1 + small(1), small(1, 3))


def test_handles_add_what_the_published_editor_adds():
    opened = HANDLES["open"].deltas([0, 120, 500])
    assert not opened[0].any()
    assert opened[1, 19].tolist() == pytest.approx([0, 0.12, 0.012])
    assert opened[1, 17, 1] == pytest.approx(-0.012)
    assert np.array_equal(opened[1], opened[2]), "a face is torn"
    brows = HANDLES["brows"].deltas([10, -10])
    assert brows[0, 1].tolist() == pytest.approx([0, 0.01, 0])
    assert brows[1, 1].tolist() == pytest.approx([0.01, -0.003, 0])
    look = HANDLES["gaze_x"].deltas([10, -10])
    assert look[:, 11, 0].tolist() == pytest.approx([0.007, -0.01])
    y = 20.0
    up, b = HANDLES["gaze_y"].deltas([y])[0], -y / 2
    assert up[11, 1] == pytest.approx(-0.001 * y - 0.001 * b)
    assert up[13, 1] == pytest.approx(0.0003 * b)


def bent(values: np.ndarray, sign: float) -> np.ndarray:
    return sign * 0.4 * np.tanh(values / 60) + 0.07


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_calibrated_handle_gives_the_measure_asked_for(sign):
    values = probes(HANDLES["open"])
    noisy = bent(values, sign) + np.random.default_rng(2).normal(0, 0.002, len(values))
    curve = fit(values, noisy)
    wanted = sign * np.linspace(0, 0.35, 12)
    given = bent(invert(curve, wanted), sign) - bent(np.zeros(1), sign)
    assert np.abs(given - wanted).max() < 0.015
    assert invert(curve, np.array([sign * 9]))[0] == 120, "beyond its range a handle stays there"
    assert invert(curve, np.zeros(1))[0] == 0


def test_a_handle_that_sticks_is_left_where_it_starts_to():
    values = np.array([-2, -1, 0, 1, 2, 3.0])
    curve = fit(values, np.array([0, 0, 0, 1, 1, 1.0]))
    assert invert(curve, np.array([0.0, 0.5, 1.0])).tolist() == [0, 0.5, 1]


def test_a_handle_without_effect_is_refused():
    with pytest.raises(Invalid, match="WITHOUT_EFFECT"):
        fit(np.arange(-2, 3.0), np.full(5, 0.001))
    with pytest.raises(Invalid, match="REST_MISSING"):
        fit(np.arange(1, 5.0), np.arange(4.0))


def test_a_mouth_at_rest_is_steered_nowhere_and_a_jaw_opens():
    values = {name: probes(HANDLES[name]) for name in ("open", "spread", "round")}
    effects = {"open": 0.01, "spread": 0.02, "round": -0.015}
    curves = {name: fit(steps, effects[name] * steps) for name, steps in values.items()}
    arrays = mouth_steering(curves)
    assert arrays["deltas"].shape == (len(MOUTH), 21, 21, 3)
    rest = arrays["values"][0].tolist().index(0)
    assert np.abs(arrays["deltas"][:, rest]).max() < 1e-9
    jaw = MOUTH.index("jaw")
    wide = arrays["deltas"][jaw, -1, 19, 1]
    assert wide == pytest.approx(0.001 * GAP_PER_JAW * 0.5 / 0.01, rel=1e-3)
    width = arrays["deltas"][MOUTH.index("width")]
    assert width[-1, 20, 1] < 0 < width[0, 14, 1]


def test_tracks_turn_the_head_by_their_degrees():
    tracks = np.zeros((3, len(TRACKS)), np.float32)
    tracks[1, TRACKS.index("roll")] = 10
    tracks[2, TRACKS.index("shift_x")] = 0.5
    drive = drive_of(source(), tracks, {}, pupils=0.4)
    still = placed(source(), drive)
    assert still[0] == pytest.approx(source().keypoints[0], abs=1e-6)
    assert still[2, :, 0] - still[0, :, 0] == pytest.approx([0.2] * 21, abs=1e-6)
    angle = source().angles + np.array([0, 0, 10], np.float32)
    assert np.array_equal(drive.rotation[1], rotations(angle)[0])


def test_a_head_that_turns_the_other_way_is_turned_round():
    values = np.linspace(-12, 12, 9)
    tracks = np.zeros((1, len(TRACKS)), np.float32)
    tracks[0, TRACKS.index("yaw")] = 6
    curves = {"yaw": fit(values, -0.5 * values)}
    drive = drive_of(source(), tracks, curves, pupils=0.4)
    wanted = source().angles + np.array([0, -12, 0], np.float32)
    assert np.abs(drive.rotation - rotations(wanted)).max() < 1e-6


def test_blinks_ask_for_shut_eyes():
    tracks = np.zeros((3, len(TRACKS)), np.float32)
    tracks[1, TRACKS.index("lid_left")] = 1
    tracks[2, TRACKS.index("lid_right")] = 0.5
    wanted = wanted_eyes(tracks, np.array([[0.3, 0.34]], np.float32))
    assert wanted == pytest.approx([0.32, 0.048, 0.184])


def test_measures_see_what_changed_on_a_face(every_portrait):
    portrait = np.ascontiguousarray(every_portrait["amara"][..., 2::-1])
    mesh = faces.landmarks(portrait).astype(np.float64)
    wide = np.stack([mesh, mesh])
    half = np.linalg.norm(mesh[291, :2] - mesh[61, :2]) / 2
    wide[1, 14, 1] += 0.2 * half
    assert measure("open", wide, mesh) == pytest.approx([0, 0.2], abs=0.01)
    wide[1, 61, 0] -= 0.1 * half
    wide[1, 291, 0] += 0.1 * half
    assert measure("round", wide, mesh) == pytest.approx([0, 0.1], abs=0.01)
    for name in ("brows", "gaze_x", "gaze_y", "pitch", "yaw", "roll"):
        assert measure(name, mesh[None], mesh)[0] == pytest.approx(0, abs=1e-6)


def test_steering_never_leaves_the_handle_s_range():
    values = probes(HANDLES["brows"])
    curve = fit(values, 0.01 * values)
    far = steered("brows", curve, np.array([-9.0, 9.0]))
    assert np.array_equal(far, HANDLES["brows"].deltas([-30, 30]))


JAW = MOUTH.index("jaw")
WIDTH = MOUTH.index("width")


def test_the_procedure_opens_a_drawn_mouth_as_far_as_asked(presenter):
    """The puppet stands for a network: drawn, measured, fitted, turned round, drawn again."""
    rig, texture = presenter
    puppet = Puppet(rig, texture)

    def landmarks(column: int, values: np.ndarray) -> np.ndarray:
        return np.stack([faces.landmarks(drawn_with(puppet, column, value)) for value in values])

    rest = landmarks(JAW, np.zeros(1))[0]
    jaws, widths = np.linspace(0, 0.4, 9), np.linspace(-0.25, 0.2, 10)
    widths = np.unique(np.append(widths, 0.0))
    curve = fit(jaws, measure("open", landmarks(JAW, jaws), rest))
    wanted = curve.response[-1] * np.array([0.25, 0.5, 0.75])
    given = measure("open", landmarks(JAW, invert(curve, wanted)), rest)
    given -= measure("open", landmarks(JAW, np.zeros(1)), rest)
    assert np.abs(given - wanted).max() < 0.05, "the mouth opens otherwise than was asked"
    broad = fit(widths, measure("spread", landmarks(WIDTH, widths), rest))
    asked = np.array([-0.08, 0.05])
    seen = measure("spread", landmarks(WIDTH, invert(broad, asked)), rest)
    assert np.abs(seen - asked).max() < 0.05


def drawn_with(puppet: Puppet, column: int, value: float) -> np.ndarray:
    """A presenter on grey with one number of the mouth, BGR."""
    mouth = np.zeros(len(MOUTH), np.float32)
    mouth[column] = value
    puppet.pose(np.zeros(len(TRACKS), np.float32), mouth, 0.0)
    layers = puppet.layers.astype(np.float32)
    return (layers[..., :3] + 150 * (1 - layers[..., 3:] / 255)).clip(0, 255).astype(np.uint8)
