"""Pictures under affine maps: exact positions, and windows that hold what they should."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from services.chassis.sampling import Window, covered, inverse, rounded, warp

GOLDEN = Path(__file__).parents[2] / "golden" / "pipeline.npz"
WHOLE = Window(0, 0, 512, 512)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def turned(degrees: float, scale: float, right: float, down: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    return np.array([[c, -s, right], [s, c, down]])


@pytest.mark.parametrize(
    ("matrix", "crop", "border"),
    [
        ("crop_106_M_o2c", "crop_out_img_crop", (0.0,)),
        ("gfpgan_M", "gfpgan_face", (135.0, 133.0, 132.0)),
    ],
)
def test_the_published_crops_come_out_but_for_ties_of_rounding(matrix, crop, border):
    with np.load(GOLDEN) as golden:
        ours = rounded(warp(golden["crop_image"], golden[matrix], WHOLE, border)).astype(int)
        error = np.abs(ours - golden[crop])
    assert error.max() <= 1
    assert (error > 0).mean() < 2e-5, "positions are not exact"


def test_a_window_is_the_same_pixels_as_the_whole():
    picture, matrix = noise(200, 240), turned(11, 1.3, 20, 60)
    whole = warp(picture, matrix, Window(0, 0, 320, 300))
    window = Window(40, 90, 130, 101)
    assert np.array_equal(warp(picture, matrix, window), whole[window.slices])


def test_a_map_that_moves_by_whole_pixels_changes_no_level():
    picture = noise(40, 50)
    moved = warp(picture, turned(0, 1, 7, 3), Window(7, 3, 50, 40))
    assert np.array_equal(moved, picture.astype(np.float32))


def test_a_map_and_its_inverse_are_nothing():
    matrix = turned(-23, 0.7, 31, 9)
    point = np.array([12.0, 34.0])
    there = matrix[:, :2] @ point + matrix[:, 2]
    back = inverse(matrix)
    assert np.allclose(back[:, :2] @ there + back[:, 2], point)


def test_what_is_covered_holds_every_pixel_the_square_touches():
    matrix = turned(17, 0.8, 260, 120)
    square = np.full((100, 100), 255, np.uint8)
    touched = warp(square, matrix, Window(0, 0, 400, 300)) > 0
    window = covered(matrix, 100, 400, 300)
    assert touched.any()
    touched[window.slices] = False
    assert not touched.any(), "the window cuts a corner off"


def test_a_square_beside_the_picture_covers_nothing():
    with pytest.raises(ValueError, match="beside"):
        covered(turned(0, 1, 900, 0), 100, 400, 300)


def test_one_channel_and_three_agree():
    picture, matrix = noise(60, 60), turned(5, 1.1, 2, 3)
    three = warp(picture, matrix, Window(0, 0, 64, 64))
    one = warp(np.ascontiguousarray(picture[..., 1]), matrix, Window(0, 0, 64, 64))
    assert np.array_equal(one, three[..., 1])
    assert np.abs(cv2.warpAffine(picture, matrix, (64, 64)) - three).max() < 12, "another map"
