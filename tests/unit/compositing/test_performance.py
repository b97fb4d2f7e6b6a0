"""The presenter lives on between and under the words."""

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.timeline import TRACKS, Floats
from services.compositing.domain.performance import Stretch, at_rest, perform

YAW, LID = TRACKS.index("yaw"), TRACKS.index("lid_left")
LOOP = 105 * 3


def loop() -> Floats:
    motion = np.zeros((LOOP, len(TRACKS)), np.float32)
    motion[:, YAW] = np.arange(LOOP)
    motion[20:24, LID] = 0.8
    return motion


def nothing(frames: int, columns: int = 12) -> Floats:
    return np.zeros((frames, columns), np.float32)


def test_a_chunk_goes_on_where_the_loop_stands_and_round_its_end() -> None:
    stretch = Stretch(LOOP - 4, 3, 2, 25)
    performance = perform(loop(), nothing(10), nothing(10, 7), stretch)
    expected = [(LOOP - 4 + i) % LOOP for i in range(15)]
    assert performance.motion[:, YAW].tolist() == expected


def test_accents_are_added_under_the_take_alone() -> None:
    accents = nothing(10)
    accents[:, YAW] = 5
    performance = perform(loop(), accents, nothing(10, 7), Stretch(0, 3, 2, 25))
    added = performance.motion[:, YAW] - np.arange(15)
    assert added.tolist() == [0] * 3 + [5] * 10 + [0] * 2


def test_two_blinks_at_once_close_an_eye_once() -> None:
    accents = nothing(10)
    accents[:, LID] = 0.5
    lids = perform(loop(), accents, nothing(10, 7), Stretch(18, 0, 0, 25)).motion[:, LID]
    assert lids.tolist() == pytest.approx([0.5, 0.5, 0.8, 0.8, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5])


def test_the_mouth_rests_before_and_after_the_take() -> None:
    mouth = np.ones((10, 7), np.float32)
    shown = perform(loop(), nothing(10), mouth, Stretch(0, 3, 2, 25)).mouth
    assert shown[:, 0].tolist() == [0] * 3 + [1] * 10 + [0] * 2


def test_the_breath_has_no_seam_where_the_loop_has_its_own() -> None:
    round_it = perform(loop(), nothing(LOOP), nothing(LOOP, 7), Stretch(0, 0, 5, 25)).breath
    steps = np.abs(np.diff(round_it))
    assert steps[LOOP - 1] <= steps.max()
    assert np.allclose(round_it[LOOP:], round_it[:5], atol=1e-6)
    crossings = int((np.diff(np.sign(round_it[:LOOP])) > 0).sum())
    assert 2 <= crossings <= 4, "about a breath every 4.2 s"


def test_a_phase_beyond_the_loop_is_refused() -> None:
    with pytest.raises(Invalid, match="PHASE_OUT_OF_RANGE"):
        perform(loop(), nothing(3), nothing(3, 7), Stretch(LOOP, 0, 0, 25))


def test_accents_of_another_length_are_refused() -> None:
    with pytest.raises(Invalid, match="FRAME_COUNT_MISMATCH"):
        perform(loop(), nothing(3), nothing(4, 7), Stretch(0, 0, 0, 25))


def test_the_presenter_of_a_thumbnail_has_open_eyes_and_a_closed_mouth() -> None:
    rest = at_rest()
    assert rest.motion[0, LID] == 0
    assert rest.mouth[0, 0] == 0
