"""Faces on their way to GFPGAN and back, as a viewer would see it."""

import cv2
import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.sampling import Window, inverse
from services.motion.engines import faces
from services.restoration.domain.align import (
    SIDE,
    TEMPLATE,
    aligned,
    alignment,
    five_points,
    network_input,
    restored_faces,
)
from services.restoration.domain.masks import (
    MOUTH,
    mouth_mask,
    parsed_mask,
    plain_mask,
    whole_mouth_mask,
)
from services.restoration.domain.paste import laid_back, put
from services.restoration.domain.strength import sharpness, smoothed, strength


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)


def smooth(height: int, width: int, sigma: float = 1.5) -> np.ndarray:
    return cv2.GaussianBlur(noise(height, width), (0, 0), sigma)


SMALL = np.array([[0.7, 0.1, 60.0], [-0.1, 0.7, 90.0]])


@pytest.mark.parametrize("name", ["amara", "ingrid", "jun", "malik"])
def test_presenters_faces_lie_on_the_template(name, every_portrait):
    portrait = np.ascontiguousarray(every_portrait[name][..., 2::-1])
    points = five_points(faces.landmarks(portrait))
    matrix = alignment(points)
    laid = points @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(laid - TEMPLATE).mean() < 12, "the network would see the face elsewhere"


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.zeros((4, 2))])
def test_points_that_are_no_face_are_refused(points):
    with pytest.raises(Invalid, match="FACE_POINTS_INVALID"):
        alignment(points)


def test_levels_come_back_from_the_network_s_range_unchanged():
    faces = noise(64, 64)[None]
    there = network_input(faces)
    assert there.min() == -1
    assert there.max() == 1
    assert there[0, 0, 5, 6] == pytest.approx(faces[0, 5, 6, 2] / 127.5 - 1, abs=1e-6), "not RGB"
    assert np.array_equal(restored_faces(there), faces)
    assert restored_faces(there * 2).max() == 255, "levels wrap"


def test_an_unchanged_face_laid_back_is_the_frame():
    frame, inside = smooth(900, 1000, sigma=9), np.array([[0.7, 0.1, -100], [-0.1, 0.7, 0]])
    pasted = laid_back(frame, aligned(frame, inside), plain_mask_512(), inside)
    assert np.abs(put(frame, pasted).astype(int) - frame).max() <= 4


def plain_mask_512() -> np.ndarray:
    return plain_mask(np.eye(2, 3), Window(0, 0, SIDE, SIDE))


def test_outside_the_window_every_pixel_is_the_frame_s():
    frame = noise(900, 1000)
    pasted = laid_back(frame, noise(SIDE, SIDE), whole_mouth_mask(), SMALL)
    result = put(frame, pasted)
    changed = (result != frame).any(2)
    assert changed.any()
    outside = changed.copy()
    outside[pasted.window.slices] = False
    assert not outside.any()
    corners = inverse(SMALL) @ np.array([[128, 384], [280, 472], [1, 1]])
    ys, xs = np.nonzero(changed)
    assert xs.min() >= corners[0].min() - 100
    assert ys.min() > 100, "more than the mouth was changed"


def test_the_plain_mask_is_soft_and_ends_within_the_square():
    back = inverse(SMALL)
    mask = plain_mask(back, Window(0, 0, 1000, 900))
    assert mask.max() == pytest.approx(1)
    assert mask[0].max() == mask[:, 0].max() == 0
    assert np.abs(np.diff(mask, axis=1)).max() < 0.1, "an edge shows"
    x, y = back @ np.array([256, 256, 1])
    assert mask[round(y), round(x)] == pytest.approx(1)


def test_a_mouth_s_mask_ends_before_its_window():
    mask = mouth_mask()
    assert mask.shape == (MOUTH.height, MOUTH.width)
    assert mask[0].max() == mask[-1].max() == mask[:, 0].max() == mask[:, -1].max() == 0
    for corner in TEMPLATE[3:]:
        x, y = np.rint(corner).astype(int) - (MOUTH.left, MOUTH.top)
        assert mask[y, x] == 1, "a corner of the mouth is left unrestored"


def test_hats_and_necks_are_not_laid_back():
    classes = np.full((SIDE, SIDE), 14)
    assert not parsed_mask(classes).any()
    assert parsed_mask(np.full((SIDE, SIDE), 13))[256, 256] == pytest.approx(1)


def test_the_mixture_is_as_sharp_as_wanted():
    restored, mask = smooth(192, 256), mouth_mask()
    raw = cv2.GaussianBlur(restored, (0, 0), 3)
    wanted = 0.5 * sharpness(restored, mask)
    share = strength(raw, restored, mask, wanted)
    assert 0 < share < 1
    mixed = np.rint(raw + share * (restored.astype(float) - raw)).astype(np.uint8)
    assert sharpness(mixed, mask) == pytest.approx(wanted, rel=0.1)


def test_a_sharp_mouth_is_left_alone_and_a_hopeless_one_taken_whole():
    restored, mask = smooth(192, 256), mouth_mask()
    raw = cv2.GaussianBlur(restored, (0, 0), 3)
    best = sharpness(restored, mask)
    assert strength(restored, raw, mask, best) == 0
    assert strength(raw, restored, mask, 0.9 * sharpness(raw, mask)) == 0
    assert strength(raw, restored, mask, 2 * best) == 1


def test_strength_does_not_flicker():
    jumpy = np.tile([0.0, 1.0], 30)
    steady = smoothed(jumpy, 25)
    assert np.abs(np.diff(steady[5:-5])).max() < 0.02
    assert smoothed(np.full(7, 0.4), 25) == pytest.approx([0.4] * 7)
