"""Idle motion: a presenter who waits, breathes and looks at us."""

from itertools import pairwise

import numpy as np
import pytest

from services.chassis.timeline import Floats
from services.motion.domain.idle import GAZE, LIDS, PITCH, ROLL, YAW, idle

SECONDS = 128
RATE = 25
SEEDS = (0, 1, 2, 3)


def loop(seed: int, rate: int = RATE) -> Floats:
    return idle(SECONDS * rate, rate, seed)


def blink_starts(tracks: Floats, rate: int = RATE) -> Floats:
    shut = np.concatenate([tracks[-1:, LIDS], tracks[:, LIDS]])[:, 0] > 0.5
    return np.flatnonzero(np.diff(shut.astype(int)) == 1) / rate


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_frame_leads_into_the_first(seed: int) -> None:
    tracks = loop(seed)
    steps = np.abs(np.diff(tracks, axis=0)).max(0)
    assert (np.abs(tracks[0] - tracks[-1]) <= steps + 1e-6).all(), "viewers see a jump at the seam"


@pytest.mark.parametrize("seed", SEEDS)
def test_motion_does_not_come_round_again_within_two_minutes(seed: int) -> None:
    for column in (PITCH, YAW, ROLL):
        track = loop(seed)[:, column]
        likeness = np.fft.irfft(np.abs(np.fft.rfft(track - track.mean())) ** 2, len(track))
        away = likeness[3 * RATE : -3 * RATE] / likeness[0]
        assert away.max() < 0.6, "a period that viewers recognise"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_presenter_faces_us(seed: int) -> None:
    angles = loop(seed)[:, :3]
    assert np.abs(angles.mean(0)).max() < 0.3
    assert np.abs(angles).max() < 8
    assert angles.std(0).min() > 0.3, "stiff"


@pytest.mark.parametrize("seed", SEEDS)
def test_blinks_are_as_many_as_a_persons_and_never_regular(seed: int) -> None:
    starts = blink_starts(loop(seed))
    assert 7 <= len(starts) / SECONDS * 60 <= 20
    gaps = np.diff(starts)
    assert gaps.std() / gaps.mean() > 0.35, "a metronome"
    assert gaps.max() < 9.5, "a stare"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_blink_shuts_the_eye_and_takes_its_time(seed: int) -> None:
    lids = np.concatenate([loop(seed)[:, LIDS]] * 2)[:, 0]
    edges = np.flatnonzero(np.diff((lids > 0.02).astype(int)))
    whole = [(a, b) for a, b in pairwise(edges) if lids[a + 1] > 0.02 and a > 0]
    for start, end in whole:
        assert lids[start : end + 1].max() > 0.9, "half a blink looks like a twitch"
        assert 4 <= end - start <= 20, "frames"


def test_eyes_stay_on_us_while_the_head_turns() -> None:
    tracks = loop(1)
    likeness = np.corrcoef(tracks[:, YAW], tracks[:, GAZE][:, 0])[0, 1]
    assert likeness < -0.3, "eyes that turn with the head look past the viewer"


def test_the_same_seed_moves_alike_at_every_rate() -> None:
    slow, fast = loop(5, 25), loop(5, 30)
    times = (np.arange(len(slow)) + 0.5) / 25
    again = np.interp(times, (np.arange(len(fast)) + 0.5) / 30, fast[:, YAW])
    assert np.abs(again - slow[:, YAW]).max() < 0.15


def test_another_seed_moves_otherwise() -> None:
    assert np.abs(np.corrcoef(loop(1)[:, YAW], loop(2)[:, YAW])[0, 1]) < 0.5
    assert (loop(1) == loop(1)).all()
