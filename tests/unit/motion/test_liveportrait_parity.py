"""Against the published pipeline, vector by vector."""

from pathlib import Path

import numpy as np
import pytest

from services.motion.domain.liveportrait.crop import (
    cropped,
    moved,
    seen,
    square,
    to_crop,
    to_picture,
)
from services.motion.domain.liveportrait.paste import laid_back, place
from services.motion.domain.liveportrait.pose import Motion, degrees, refined, rotations
from services.motion.domain.liveportrait.ratios import eye_ratios, lip_ratios
from services.motion.domain.liveportrait.relative import Drive, followed, multiplier, placed

GOLDEN = Path(__file__).parents[2] / "golden" / "pipeline.npz"
RAW = ("pitch", "yaw", "roll", "t", "exp", "scale", "kp")
SETS = ("5", "106", "203")
CLOSE = 1e-6
"""Of a vector's largest number: what float32 may differ by after a few operations."""


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as vectors:
        return {name: vectors[name] for name in vectors.files}


@pytest.fixture(scope="module")
def motion(golden) -> Motion:
    return refined({name: golden[f"lp_raw_{name}"] for name in RAW})


def error(ours: np.ndarray, want: np.ndarray) -> float:
    assert ours.shape == want.shape
    return float(np.abs(np.asarray(ours, np.float64) - want).max() / np.abs(want).max())


def one(motion: Motion, index: int) -> Motion:
    part = slice(index, index + 1)
    return Motion(*(value[part] for value in vars(motion).values()))


@pytest.mark.parametrize("name", ["pitch", "yaw", "roll"])
def test_heads_turn_as_far_as_published(golden, name):
    """lp_refined_pitch, _yaw, _roll."""
    assert error(degrees(golden[f"lp_raw_{name}"])[:, None], golden[f"lp_refined_{name}"]) <= CLOSE


def test_the_extractor_s_other_answers_keep_their_numbers(golden, motion):
    """lp_refined_t, _exp, _scale, _kp."""
    assert np.array_equal(motion.shift, golden["lp_refined_t"])
    assert np.array_equal(motion.expression, golden["lp_refined_exp"])
    assert np.array_equal(motion.scale[:, None], golden["lp_refined_scale"])
    assert np.array_equal(motion.points, golden["lp_refined_kp"])


def test_rotations_are_the_published_ones(golden):
    """lp_rotation."""
    names = ("pitch", "yaw", "roll")
    angles = np.concatenate([golden[f"lp_refined_{name}"] for name in names], 1)
    assert error(rotations(angles), golden["lp_rotation"]) <= CLOSE


def test_key_points_lie_where_published(golden, motion):
    """lp_keypoints."""
    assert error(motion.keypoints, golden["lp_keypoints"]) <= CLOSE


def test_a_source_follows_a_performance_as_published(golden, motion):
    """relative_R_new, _delta, _scale, _t, _x: of a performance that starts at the second."""
    drive = Drive(
        motion.rotation[1:], motion.expression[1:], motion.scale[1:], motion.shift[1:].copy()
    )
    own = followed(one(motion, 0), drive)
    assert error(own.rotation[1:], golden["relative_R_new"]) <= CLOSE
    assert error(own.expression[1:], golden["relative_delta"]) <= CLOSE
    assert error(own.scale[1:, None], golden["relative_scale"]) <= CLOSE
    assert error(own.shift[1:], golden["relative_t"]) <= CLOSE
    assert error(placed(one(motion, 0), own)[1:], golden["relative_x"]) <= CLOSE


def test_faces_of_unlike_size_move_as_far_as_published(golden):
    """motion_multiplier."""
    first, second, _ = golden["lp_keypoints"]
    assert multiplier(first, second) == pytest.approx(float(golden["motion_multiplier"]), rel=CLOSE)


@pytest.mark.parametrize("points", SETS)
def test_faces_are_found_in_the_published_square(golden, points):
    """crop_*_center, _size, _angle, _M_o2c."""
    cut = square(golden[f"crop_{points}_pts"])
    assert error(cut.centre, golden[f"crop_{points}_center"]) <= CLOSE
    assert error(np.full(2, cut.side), golden[f"crop_{points}_size"]) <= CLOSE
    assert cut.angle == pytest.approx(float(golden[f"crop_{points}_angle"]), abs=CLOSE)
    assert error(to_crop(cut), golden[f"crop_{points}_M_o2c"]) <= CLOSE


def test_the_way_back_is_the_published_one(golden):
    """crop_out_M_o2c, crop_out_M_c2o, crop_out_pt_crop."""
    matrix = to_crop(square(golden["crop_106_pts"]))
    assert error(matrix, golden["crop_out_M_o2c"][:2]) <= CLOSE
    assert error(to_picture(matrix), golden["crop_out_M_c2o"][:2]) <= CLOSE
    assert error(moved(golden["crop_106_pts"], matrix), golden["crop_out_pt_crop"]) <= CLOSE


def test_crops_are_the_published_ones_but_for_ties_of_rounding(golden):
    """crop_out_img_crop, crop_256_area."""
    crop = cropped(golden["crop_image"], golden["crop_106_M_o2c"])
    off = np.abs(crop.astype(int) - golden["crop_out_img_crop"])
    assert off.max() <= 1
    assert (off > 0).mean() < 2e-5
    assert np.array_equal(seen(golden["crop_out_img_crop"]), golden["crop_256_area"])


def test_crops_are_laid_back_as_published_within_one_level(golden):
    """paste_mask_row_320_every_8, paste_result."""
    picture = golden["crop_image"]
    where = place(golden["crop_out_M_c2o"][:2], picture.shape[1], picture.shape[0])
    share = np.zeros(picture.shape[:2], np.float32)
    share[where.window.slices] = where.share
    assert error(share[320, ::8], golden["paste_mask_row_320_every_8"]) <= CLOSE
    result = picture.copy()
    result[where.window.slices] = laid_back(picture, golden["paste_generated"], where)
    off = np.abs(result.astype(int) - golden["paste_result"])
    assert off.max() <= 1
    assert (off > 0).mean() < 1e-4


def test_openings_are_counted_as_published(golden):
    """ratio_eye, ratio_lip."""
    points = golden["crop_203_pts"][None]
    assert error(eye_ratios(points), golden["ratio_eye"]) <= CLOSE
    assert error(lip_ratios(points), golden["ratio_lip"]) <= CLOSE
