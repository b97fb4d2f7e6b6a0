"""Loops of a performance of a few seconds."""

import numpy as np
import pytest

from services.chassis.timeline import Floats
from services.motion.domain.idle import LIDS, PITCH, ROLL, SHIFT_Y, YAW
from services.motion.domain.loop import calm_moments, loop_of

RATE = 25
COUNT = 128 * RATE


def performance(seconds: float = 5.0) -> Floats:
    """Five seconds of a lively head, with one blink."""
    times = np.arange(round(seconds * RATE)) / RATE
    tracks = np.zeros((len(times), 12), np.float32)
    tracks[:, YAW] = 3 * np.sin(2.1 * times) + 1.5 * np.sin(5.3 * times)
    tracks[:, PITCH] = 1.5 * np.sin(3.3 * times + 1)
    tracks[:, ROLL] = np.sin(1.7 * times)
    tracks[:, SHIFT_Y] = 0.02 * np.sin(2.9 * times)
    tracks[50:57, LIDS] = 1
    return tracks


def likeness(track: Floats) -> Floats:
    spectrum = np.abs(np.fft.rfft(track - track.mean())) ** 2
    whole = np.fft.irfft(spectrum, len(track))
    return whole / whole[0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_five_seconds_become_two_minutes_that_nobody_sees_repeat(seed: int) -> None:
    loop = loop_of(performance(), COUNT, RATE, seed)
    for column in (PITCH, YAW, ROLL):
        away = likeness(loop[:, column])[2 * RATE : -2 * RATE]
        assert away.max() < 0.6, "a period that viewers recognise"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_step_of_the_head_is_much_faster_than_the_performer(seed: int) -> None:
    loop = loop_of(performance(), COUNT, RATE, seed)[:, :3]
    played = np.abs(np.diff(performance()[:, :3], axis=0)).max(0)
    steps = np.abs(np.diff(np.concatenate([loop, loop[:1]]), axis=0)).max(0)
    assert (steps < 1.5 * played + 0.1).all(), "a cut, or a fade that rushes"


def test_it_moves_about_as_much_as_the_performer() -> None:
    loop = loop_of(performance(), COUNT, RATE, 0)
    share = loop[:, :3].std(0) / performance()[:, :3].std(0)
    assert ((share > 0.5) & (share < 1.5)).all()


def test_no_blink_is_cut_in_half() -> None:
    lids = loop_of(performance(), COUNT, RATE, 0)[:, LIDS][:, 0]
    assert np.abs(np.diff(lids)).max() < 0.75
    shut = np.flatnonzero(np.diff((lids > 0.5).astype(int)) == 1)
    assert all(lids[start : start + 4].max() > 0.9 for start in shut)


@pytest.mark.parametrize("seconds", [1.0, 1.6, 30.0])
def test_performances_of_any_length_make_a_loop(seconds: float) -> None:
    loop = loop_of(performance(seconds), 10 * RATE, RATE, 0)
    assert loop.shape == (10 * RATE, 12)
    assert np.isfinite(loop).all()


def test_a_performer_who_holds_still_makes_a_loop_too() -> None:
    still = np.zeros((50, 12), np.float32)
    assert np.isfinite(loop_of(still, 20 * RATE, RATE, 0)).all()
    assert len(calm_moments(still, RATE)) > 1
