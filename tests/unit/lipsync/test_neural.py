"""What surrounds the networks of lip sync: sound in, faces in and out, and when not to draw."""

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.timeline import MOUTH
from services.lipsync.domain.agreement import agreement, mouth_windows
from services.lipsync.domain.boxes import face_boxes, smoothed_as_published, steadied, widened
from services.lipsync.domain.faces import crop, drawn_faces, generator_input
from services.lipsync.domain.feather import laid, lower_face
from services.lipsync.domain.gating import facing, present, speaking, weights
from services.lipsync.domain.mel import HEARD_HERTZ, resampled, spectrogram
from services.lipsync.domain.steering import POINTS, Steering, closing, expression
from services.lipsync.domain.visemes import Segment
from services.lipsync.domain.windows import frame_windows


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape, np.uint8)


def said(*stretches: tuple[str, float, float]) -> list[Segment]:
    return [Segment(viseme, start, end, 1.0) for viseme, start, end in stretches]


def test_a_tone_keeps_its_height_when_speech_is_brought_to_16_khz():
    seconds = np.arange(48_001) / 48_000
    tone = resampled(np.sin(2 * np.pi * 440 * seconds))
    assert len(tone) == HEARD_HERTZ + 1
    want = np.sin(2 * np.pi * 440 * np.arange(len(tone)) / HEARD_HERTZ)
    assert np.abs(tone - want)[200:-200].max() < 0.01


def test_what_the_networks_cannot_hear_does_not_come_back_as_another_tone():
    seconds = np.arange(48_000) / 48_000
    assert np.abs(resampled(np.sin(2 * np.pi * 11_000 * seconds))).max() < 1e-6


def test_silence_is_the_lowest_level_and_no_error():
    assert (spectrogram(np.zeros(16_000)) == -4).all()


@pytest.mark.parametrize("samples", [np.zeros(400), np.full(16_000, np.nan)])
def test_speech_too_short_or_without_numbers_is_refused(samples):
    with pytest.raises(Invalid):
        spectrogram(samples)


def test_a_late_picture_is_drawn_from_later_sound():
    mel = np.tile(np.arange(200, dtype=np.float32), (80, 1))
    plain, later = frame_windows(mel, 20, 25), frame_windows(mel, 20, 25, offset_frames=5)
    assert np.array_equal(later[:10], plain[5:15])
    assert frame_windows(mel, 3, 25, offset_frames=-2)[0, 0, 0, 0] == 0, "before the sound"


def test_the_generator_never_sees_the_mouth_it_shall_draw():
    faces = noise(2, 96, 96, 3)
    shown = generator_input(faces)
    assert shown.shape == (2, 6, 96, 96)
    assert not shown[:, :3, 48:].any()
    assert np.array_equal(shown[:, :3, :48], shown[:, 3:, :48])
    assert np.array_equal(drawn_faces(shown[:, 3:]), faces), "levels change on the way"


def test_a_face_at_the_picture_s_edge_is_cut_whole():
    picture = noise(100, 100, 3)
    assert crop(picture, np.array([-10, 20, 86, 116])).shape == (96, 96, 3)
    with pytest.raises(Invalid, match="BOX_EMPTY"):
        crop(picture, np.array([10, 20, 10, 116]))


def test_boxes_are_widened_within_the_picture():
    grown = widened(np.array([[5, 6, 90, 95]]), 100, 100, (10, 10, 0, 0))
    assert grown.tolist() == [[5, 0, 90, 100]]


def test_our_boxes_hold_still_where_the_published_ones_lag_and_shrink():
    rng = np.random.default_rng(5)
    moving = 200 + 20 * np.sin(2 * np.pi * np.arange(100) / 100)
    true = np.stack([moving, moving, moving + 96, moving + 96], 1)
    found = true + rng.normal(0, 1.5, true.shape)
    ours = steadied(found.astype(np.float32), 25, is_loop=True)
    theirs = smoothed_as_published(found.astype(np.int64))
    assert np.ptp(ours[:, 2] - ours[:, 0]) == 0, "the mouth breathes"
    assert np.ptp(theirs[:, 2] - theirs[:, 0]) > 0
    drift = [np.abs((boxes - true).mean(1)).mean() for boxes in (ours, theirs)]
    assert drift[0] < drift[1] / 2


def test_a_face_s_box_reaches_from_cheek_to_cheek():
    mesh = np.zeros((1, 478, 3), np.float32)
    mesh[0, :4, :2] = [[10, 40], [90, 40], [50, 5], [50, 95]]
    mesh[0, 4:, :2] = 50
    assert face_boxes(mesh).tolist() == [[10, 5, 90, 95]]


def test_a_drawn_mouth_has_no_edge():
    frame, drawn = np.full((160, 128, 3), 90, np.uint8), np.full((160, 128, 3), 190, np.uint8)
    result = laid(frame, drawn, lower_face(160, 128), 1.0).astype(int)
    border = np.concatenate([result[0], result[-1], result[:, 0], result[:, -1]])
    assert (border == 90).all(), "a seam shows along the box"
    assert (result[:80] == 90).all(), "the upper half was sharper before"
    assert (result[112:136, 48:80] == 190).all(), "the mouth is not the drawn one"
    assert np.abs(np.diff(result[..., 0], axis=0)).max() <= 20, "an edge across the face"


def test_a_frame_that_shows_nothing_of_the_take_keeps_every_level():
    frame = noise(64, 64, 3)
    assert np.array_equal(laid(frame, noise(64, 64, 3)[::-1], lower_face(64, 64), 0.0), frame)


def test_nothing_is_drawn_in_a_pause():
    spoken = said(("SIL", 0, 0.4), ("AA", 0.4, 1.0), ("SIL", 1.0, 2.0), ("AA", 2.0, 2.5))
    shown = speaking(spoken + said(("SIL", 2.5, 3.0)), 75, 25)
    assert (shown[[0, 4, 35, 40, 74]] == 0).all()
    assert (shown[10:25] == 1).all()
    assert np.abs(np.diff(shown)).max() < 0.6, "the mouth is switched on"


def test_a_short_pause_stays_drawn():
    spoken = said(("AA", 0.0, 0.5), ("SIL", 0.5, 0.7), ("AA", 0.7, 1.2))
    assert (speaking(spoken, 30, 25)[:30] == 1).all()


def test_silence_alone_draws_nothing():
    assert not speaking(said(("SIL", 0, 2)), 50, 25).any()


def test_a_lost_face_is_faded_out_before_and_in_after():
    seen = np.ones(60, bool)
    seen[28:31] = False
    fade = present(seen, 25)
    assert (fade[28:31] == 0).all()
    assert (fade[[0, 20, 38, 59]] == 1).all()
    assert (np.diff(fade[20:29]) <= 0).all()
    assert np.abs(np.diff(fade)).max() < 0.5
    assert (present(np.ones(9, bool), 25) == 1).all()
    assert (present(np.zeros(9, bool), 25) == 0).all(), "a clip without a face is passed through"


def test_a_turned_face_keeps_its_own_mouth():
    assert facing(np.array([0, -25, 30, 35, -80.0])).tolist() == [1, 1, 0.5, 0, 0]


def test_the_least_of_speech_face_and_turn_rules():
    seen = np.ones(50, bool)
    seen[40:] = False
    yaw = np.where(seen, 0.0, np.nan)
    yaw[:5] = 60
    shown = weights(said(("AA", 0.0, 2.0)), seen, yaw, 25)
    assert not shown[:5].any()
    assert (shown[10:30] == 1).all()
    assert not shown[40:].any()


def test_the_expert_sees_lower_halves_in_the_order_of_time():
    faces = noise(7, 96, 96, 3)
    windows = mouth_windows(faces)
    assert windows.shape == (3, 15, 48, 96)
    assert np.array_equal(windows[1, 3:6], windows[2, :3])
    assert windows[2, 14, 0, 7] == np.float32(faces[6, 48, 7, 2] / 255)
    with pytest.raises(Invalid, match="FRAMES_TOO_FEW"):
        mouth_windows(faces[:4])


@pytest.mark.parametrize("late", [-15, -4, 0, 3, 15])
def test_a_late_picture_is_found_by_as_many_frames(late):
    rng = np.random.default_rng(7)
    track = rng.normal(size=(130, 512)).clip(0)
    track /= np.linalg.norm(track, axis=1, keepdims=True)
    heard = track[20:100]
    seen = track[20 - late : 100 - late] + rng.normal(0, 0.01, (80, 512))
    found = agreement(seen.astype(np.float32), heard.astype(np.float32))
    assert found.offset_frames == late
    assert found.confidence > 0.3
    unlike = agreement(track[50:].astype(np.float32)[:80], track[::-1].astype(np.float32)[:80])
    assert unlike.confidence < found.confidence / 3, "any mouth seems to fit"


def test_too_little_to_compare_is_refused():
    with pytest.raises(Invalid, match="WINDOWS_INVALID"):
        agreement(np.zeros((4, 512), np.float32), np.zeros((4, 512), np.float32))


def steering() -> Steering:
    values = np.tile(np.array([0, 0.2, 0.4], np.float32), (len(MOUTH), 1))
    deltas = np.zeros((len(MOUTH), 3, POINTS, 3), np.float32)
    deltas[0, :, 19, 1] = [0, 0.03, 0.04]
    deltas[1, :, 20, 0] = [0, -0.01, -0.02]
    return Steering(values, deltas)


def test_lips_at_rest_move_no_key_point():
    assert not expression(np.zeros((3, 7), np.float32), steering()).any()


def test_key_points_go_as_far_as_was_measured_and_no_farther():
    mouth = np.zeros((3, 7), np.float32)
    mouth[:, 0] = [0.1, 0.3, 0.9]
    mouth[:, 1] = 0.2
    moved = expression(mouth, steering())
    assert moved[:, 19, 1] == pytest.approx([0.015, 0.035, 0.04])
    assert moved[:, 20, 0] == pytest.approx([-0.01] * 3)


def test_lips_that_press_are_closed():
    mouth = np.zeros((2, 7), np.float32)
    mouth[1, 6] = 1
    assert closing(mouth).tolist() == [0, 1]
