"""Motion templates: from film, from files, at every rate."""

import json
from itertools import permutations
from pathlib import Path

import av
import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.timeline import TRACKS, Floats
from services.motion.domain.idle import LIDS, PITCH, ROLL, YAW
from services.motion.domain.template import (
    LARGEST_BYTES,
    check_arrays,
    check_members,
    resample,
    tracks_from_landmarks,
)
from services.motion.engines.following import follow

DATA = Path(__file__).parents[2] / "data/faces"
SHIPPED = Path(__file__).parents[3] / "services/studio/motions/calm.npz"


@pytest.fixture(scope="module")
def filmed() -> Floats:
    with av.open(str(DATA / "drive.mp4")) as clip:
        pictures = [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)]
    landmarks, missed = follow(pictures)
    assert missed == 0
    return tracks_from_landmarks(landmarks, 25)


@pytest.fixture(scope="module")
def truth() -> dict[str, Floats]:
    frames = json.loads((DATA / "drive_truth.json").read_text())
    return {name: np.array([f[name] for f in frames]) for name in ("pitch", "yaw", "roll", "blink")}


@pytest.mark.parametrize(
    ("name", "column", "sign", "within"),
    [("pitch", PITCH, -1, 0.6), ("yaw", YAW, 1, 0.8), ("roll", ROLL, -1, 1.0)],
)
def test_a_filmed_head_is_measured_within_a_degree(
    filmed: Floats, truth: dict[str, Floats], name: str, column: int, sign: int, within: float
) -> None:
    meant = sign * (truth[name] - np.median(truth[name]))
    error = filmed[:, column] - meant
    assert np.sqrt(np.mean((error - error.mean()) ** 2)) < within, "degrees"
    assert np.corrcoef(filmed[:, column], meant)[0, 1] > 0.89


def test_filmed_blinks_are_found(filmed: Floats, truth: dict[str, Floats]) -> None:
    assert np.corrcoef(filmed[:, LIDS].mean(1), truth["blink"])[0, 1] > 0.88


@pytest.mark.parametrize(("old", "new"), list(permutations((24, 25, 30), 2)))
def test_a_change_of_rate_keeps_the_motion(old: int, new: int) -> None:
    def wave(rate: int) -> Floats:
        times = (np.arange(4 * rate) + 0.5) / rate
        return np.repeat(np.sin(2 * np.pi * times / 1.6)[:, None], len(TRACKS), 1).astype("f4")

    again = resample(wave(old), old, new)
    assert again.shape == (4 * new, len(TRACKS))
    assert np.abs(again - wave(new))[3:-3].max() < 0.02


def arrays(tracks: Floats | None = None, rate: float = 25, version: int = 1) -> dict[str, Floats]:
    tracks = np.zeros((50, 12), np.float32) if tracks is None else tracks
    return {"tracks": tracks, "rate": np.array(rate), "version": np.array(version)}


def test_the_template_that_ships_is_one() -> None:
    with np.load(SHIPPED, allow_pickle=False) as archive:
        template = check_arrays(dict(archive))
    assert template.frame_rate == 25
    assert np.abs(template.tracks[:, :3]).max() < 5, "calm"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (arrays(np.array([[None] * 12] * 50)), "TEMPLATE_UNSAFE"),
        (arrays(np.full((50, 12), "x")), "TEMPLATE_UNSAFE"),
        (arrays(np.zeros((50, 11))), "TEMPLATE_SHAPE_INVALID"),
        (arrays(np.zeros(600)), "TEMPLATE_SHAPE_INVALID"),
        (arrays(np.zeros((0, 12))), "TEMPLATE_LENGTH_INVALID"),
        (arrays(np.zeros((9001, 12))), "TEMPLATE_LENGTH_INVALID"),
        (arrays(np.full((50, 12), np.nan)), "TEMPLATE_NOT_FINITE"),
        (arrays(np.full((50, 12), 1e300)), "TEMPLATE_OUT_OF_RANGE"),
        (arrays(rate=23.976), "TEMPLATE_RATE_INVALID"),
        (arrays(version=2), "TEMPLATE_VERSION_UNKNOWN"),
        ({"tracks": np.zeros((50, 12))}, "TEMPLATE_SHAPE_INVALID"),
        (arrays() | {"../../x": np.zeros(1)}, "TEMPLATE_UNSAFE"),
    ],
)
def test_a_file_that_is_no_template_is_refused(wrong: dict[str, Floats], reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_arrays(wrong)
    assert caught.value.violations[0].reason == reason


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(Invalid) as caught:
        check_members({"tracks": 10**10, "rate": 8, "version": 8})
    assert caught.value.violations[0].reason == "TEMPLATE_TOO_LARGE"
    check_members({"tracks": LARGEST_BYTES - 16, "rate": 8, "version": 8})
