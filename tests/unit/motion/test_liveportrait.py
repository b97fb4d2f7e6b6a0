"""What surrounds LivePortrait's networks, beyond what the published pipeline does."""

import cv2
import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.sampling import Window, rounded, warp
from services.motion.domain.liveportrait.crop import (
    SIDE,
    cropped,
    drawn,
    fit_source,
    moved,
    network_input,
    square,
    square_of_mesh,
    to_crop,
    to_picture,
)
from services.motion.domain.liveportrait.hull import volume
from services.motion.domain.liveportrait.paste import crop_mask, laid_back, place
from services.motion.domain.liveportrait.pose import Motion, rotations
from services.motion.domain.liveportrait.ratios import eye_ratios, lip_ratios
from services.motion.domain.liveportrait.relative import (
    LIPS,
    Drive,
    absolute_mask,
    expression_mask,
    followed,
    friendly,
    placed,
)
from services.motion.domain.liveportrait.retargeting import (
    eye_input,
    lip_input,
    multiplied,
    retargeted,
    stitched,
    stitching_input,
)
from services.motion.engines import faces

RNG = np.random.default_rng(17)


def source() -> Motion:
    rng = np.random.default_rng(5)
    small = lambda *shape: rng.normal(0, 0.3, shape).astype(np.float32)  # noqa: E731
    return Motion(small(1, 21, 3), small(1, 3) * 9, small(1, 21, 3) / 9, 1 + small(1), small(1, 3))


def performance(count: int = 5) -> Drive:
    rng = np.random.default_rng(6)
    angles = rng.uniform(-9, 9, (count, 3)).astype(np.float32)
    few = lambda *shape: rng.normal(0, 0.05, shape).astype(np.float32)  # noqa: E731
    return Drive(rotations(angles), few(count, 21, 3), 1 + few(count), few(count, 3))


@pytest.fixture(scope="module")
def meshes(every_portrait) -> dict[str, np.ndarray]:
    return {
        name: faces.landmarks(np.ascontiguousarray(portrait[..., 2::-1]))
        for name, portrait in every_portrait.items()
    }


def test_the_crop_of_a_presenter_holds_the_whole_head(meshes):
    for name, mesh in meshes.items():
        laid = moved(mesh[:, :2], to_crop(square_of_mesh(mesh)))
        assert laid.min() > 0.2 * SIDE, f"{name}: no room about the face"
        assert laid.max() < 0.85 * SIDE, name
        eyes, chin = laid[[33, 263]].mean(0), laid[152]
        assert abs(eyes[0] - SIDE / 2) < 12, f"{name} stands beside the middle"
        assert 0.42 < eyes[1] / SIDE < 0.52, name
        assert chin[1] > eyes[1]


def test_brows_and_chin_a_twentieth_off_change_the_crop_by_a_twentieth_at_most(meshes):
    for mesh in meshes.values():
        cut, height = square_of_mesh(mesh), np.ptp(mesh[:, 1])
        for points, by in (
            ((70, 63, 105, 66, 107, 300, 293, 334, 296, 336), -0.05),
            ((152,), 0.05),
        ):
            other = mesh.copy()
            other[list(points), 1] += by * height
            off = square_of_mesh(other)
            assert abs(off.side / cut.side - 1) < 0.07
            assert np.abs(off.centre - cut.centre).max() < 0.03 * cut.side


def test_a_tilted_head_stands_upright_in_its_crop(meshes):
    mesh = meshes["jun"][:, :2].astype(np.float64)
    tilt = cv2.getRotationMatrix2D((256, 256), -20, 1)
    cut = square_of_mesh(moved(mesh, tilt))
    assert np.degrees(cut.angle - square_of_mesh(mesh).angle) == pytest.approx(20, abs=0.1)
    laid = moved(moved(mesh, tilt), to_crop(cut))
    assert np.abs(laid - moved(mesh, to_crop(square_of_mesh(mesh)))).max() < 3


def test_points_of_no_known_set_are_refused():
    with pytest.raises(Invalid, match="FACE_POINTS_INVALID"):
        square(np.zeros((7, 2)))
    with pytest.raises(Invalid, match="FACE_POINTS_INVALID"):
        square(np.zeros((5, 2)))


def test_sources_fit_and_have_even_sides():
    assert fit_source(np.zeros((1001, 2000, 3), np.uint8)).shape == (640, 1280, 3)
    assert fit_source(np.zeros((301, 201, 3), np.uint8)).shape == (300, 200, 3)


def test_levels_come_back_from_the_network_s_range():
    crops = RNG.integers(0, 256, (2, 64, 64, 3), np.uint8)
    answer = network_input(crops)
    assert answer.shape == (2, 3, 64, 64)
    assert np.abs(drawn(answer).astype(int) - crops).max() <= 1, "cut off, as published"
    assert drawn(answer + 9).min() == 255


def test_laying_back_changes_the_window_as_it_would_the_whole_picture():
    picture = RNG.integers(0, 256, (420, 500, 3), np.uint8)
    crop = RNG.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    matrix = np.array([[0.5, 0.06, 90], [-0.06, 0.5, 70]], np.float32)
    whole = Window(0, 0, 500, 420)
    share = rounded(warp(crop_mask(), matrix, whole))[..., None] / np.float32(255)
    mixed = share * rounded(warp(crop, matrix, whole)) + (1 - share) * picture
    where = place(matrix, 500, 420)
    result = picture.copy()
    result[where.window.slices] = laid_back(picture, crop, where)
    assert where.window.width * where.window.height < 0.5 * 420 * 500, "the whole frame is drawn"
    assert np.array_equal(result, mixed.astype(np.uint8))


def test_an_unchanged_crop_laid_back_shows_no_edge():
    grain = RNG.integers(0, 256, (420, 500, 3), np.uint8)
    picture = cv2.GaussianBlur(grain, (0, 0), 6)
    matrix = to_crop(
        square(np.array([[200, 180], [300, 180], [250, 230], [215, 270], [285, 270.0]]))
    )
    where = place(to_picture(matrix), 500, 420)
    result = laid_back(picture, cropped(picture, matrix), where)
    assert np.abs(result.astype(int) - picture[where.window.slices]).max() <= 3


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        (np.array(np.meshgrid([0, 1], [0, 2], [0, 3])).reshape(3, -1).T, 6),
        (np.concatenate([np.eye(3), -np.eye(3), np.zeros((5, 3))]), 4 / 3),
        (np.eye(4, 3), 1 / 6),
        (np.array(np.meshgrid([0, 1, 2], [0, 1, 2], [0])).reshape(3, -1).T, 0),
        (np.zeros((21, 3)), 0),
    ],
)
def test_hulls_of_known_bodies_have_their_volume(points, wanted):
    assert volume(points.astype(np.float32)) == pytest.approx(wanted, abs=1e-6)


def test_the_first_frame_of_a_performance_is_the_source_itself():
    own = followed(source(), performance())
    driven = friendly(source(), placed(source(), own))
    assert np.array_equal(driven[0], source().keypoints[0])
    assert np.abs(driven[1:] - driven[0]).max() > 0.01


def test_only_the_region_asked_for_moves():
    lips = followed(source(), performance(), "lip")
    others = [index for index in range(21) if index not in LIPS]
    assert np.array_equal(lips.rotation, np.repeat(source().rotation, 5, 0))
    assert not np.ptp(lips.expression[:, others], 0).any()
    assert np.ptp(lips.expression[:, list(LIPS)], 0).any()
    pose = followed(source(), performance(), "pose")
    assert not np.ptp(pose.expression, 0).any()
    assert np.ptp(pose.scale) > 0
    still = followed(source(), performance(), "exp")
    assert np.ptp(still.scale) == 0
    assert np.ptp(still.expression, 0).any()


def test_regions_are_as_many_numbers_as_published():
    counts = [expression_mask(region).sum() for region in ("all", "exp", "pose", "lip", "eyes")]
    assert counts == [63, 63, 0, 18, 15]
    assert absolute_mask().sum() == 3 * 13 + 6


def test_small_networks_are_asked_in_the_published_order():
    points = source().keypoints
    driven = np.repeat(points, 4, 0) + 1
    asked = stitching_input(points, driven)
    assert asked.shape == (4, 126)
    assert np.array_equal(asked[2, :63], points.ravel())
    assert np.array_equal(asked[2, 63:], driven[2].ravel())
    wanted = np.arange(4, dtype=np.float32)
    eyes = eye_input(points, np.array([[0.3, 0.4]], np.float32), wanted)
    assert eyes.shape == (4, 66)
    assert eyes[3, 63:].tolist() == pytest.approx([0.3, 0.4, 3])
    lips = lip_input(points, np.array([[0.1]], np.float32), wanted)
    assert lips[3, 63:].tolist() == pytest.approx([0.1, 3])


def test_answers_move_points_and_shift_the_face():
    driven = source().keypoints
    answer = np.zeros((1, 65), np.float32)
    answer[0, 7], answer[0, 63:] = 0.5, (0.1, 0.2)
    moved_points = stitched(driven, answer) - driven
    assert moved_points[0, 2, 1] == pytest.approx(0.7)
    assert moved_points[0, 0] == pytest.approx([0.1, 0.2, 0])
    assert retargeted(driven, answer[:, :63])[0, 2, 1] == pytest.approx(driven[0, 2, 1] + 0.5)
    halved = multiplied(driven, driven + 1, 0.5)
    assert halved == pytest.approx(driven + np.float32(0.5), abs=1e-6)


def test_openings_of_mesh_and_published_points_agree_on_the_same_face():
    mesh, published = np.zeros((1, 478, 3)), np.zeros((1, 203, 2))
    places = {6: 159, 18: 145, 0: 33, 12: 133, 30: 386, 42: 374, 24: 362, 36: 263}
    places |= {90: 13, 102: 14, 48: 61, 66: 291}
    for one, other in places.items():
        published[0, one] = mesh[0, other, :2] = RNG.uniform(0, 99, 2)
    assert np.array_equal(eye_ratios(mesh), eye_ratios(published))
    assert np.array_equal(lip_ratios(mesh), lip_ratios(published))
