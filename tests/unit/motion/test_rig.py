"""What a rig says about the face it was measured on."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest

from services.chassis import media, pictures
from services.chassis.errors import Invalid
from services.chassis.rig import GRID, Rig
from services.chassis.store import Store
from services.motion.engines import rigging


def same(a: Rig, b: Rig) -> bool:
    one, other = a.to_arrays(), b.to_arrays()
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def test_a_rig_comes_back_from_the_store_as_it_was(presenter):
    rig, texture = presenter
    store = Store.in_memory()
    message = pictures.write_rig(store, rig, texture)
    again, pixels = pictures.read_rig(store, message)
    assert same(rig, again)
    assert np.array_equal(texture, pixels)
    assert message.canvas_pixels == rig.canvas_pixels


def test_the_same_rig_is_stored_under_the_same_digest(presenter):
    rig, texture = presenter
    first, second = (pictures.write_rig(Store.in_memory(), rig, texture) for _ in range(2))
    assert first == second


def test_measuring_a_portrait_again_gives_the_same_rig(presenter, every_portrait):
    rig, texture = rigging.build(every_portrait["amara"], 0, 0)
    assert same(rig, presenter[0])
    assert np.array_equal(texture, presenter[1])


def test_a_rig_of_another_version_is_refused(presenter):
    arrays = presenter[0].to_arrays() | {"version": np.asarray(99)}
    with pytest.raises(Invalid, match="RIG_VERSION_UNKNOWN"):
        Rig.from_arrays(arrays)


def test_a_rig_that_lacks_a_part_is_refused(presenter):
    arrays = presenter[0].to_arrays()
    del arrays["mouth.seam_upper"]
    with pytest.raises(Invalid, match=r"RIG_INCOMPLETE.*mouth\.seam_upper"):
        Rig.from_arrays(arrays)


def test_a_texture_smaller_than_its_canvas_is_refused(presenter):
    rig, texture = presenter
    store = Store.in_memory()
    message = pictures.write_rig(store, rig, texture[:100, :100])
    with pytest.raises(Invalid, match="TEXTURE_SHAPE_INVALID"):
        pictures.read_rig(store, message)


def test_a_picture_that_is_no_png_is_refused():
    store = Store.in_memory()
    with pytest.raises(Invalid, match="PICTURE_FORMAT_INVALID"):
        pictures.read_picture(store, store.put(io.BytesIO(b"not a picture").getvalue()))


def test_a_rig_needs_no_pickle(presenter):
    store = Store.in_memory()
    digest = media.write_arrays(store, presenter[0].to_arrays())
    assert all(a.dtype != object for a in media.read_arrays(store, digest).values())


def test_eyes_lie_between_brow_and_mouth_and_mouth_above_chin(every_presenter):
    rig, _ = every_presenter
    for eye in (rig.eye_right, rig.eye_left):
        assert eye.brow_top < eye.iris_y < rig.mouth.nose_y
        assert (eye.lower >= eye.upper).all()
        assert (eye.crease < eye.upper).all()
        assert (eye.cheek > eye.lower).all()
    assert rig.eye_right.iris_x < rig.head.centre_x < rig.eye_left.iris_x
    assert rig.mouth.nose_y < rig.mouth.seam_upper.min()
    assert rig.mouth.seam_lower.max() < rig.mouth.chin_y < rig.mouth.neck_y


def test_a_closed_mouth_is_seen_as_closed_on_every_skin(every_presenter):
    mouth = every_presenter[0].mouth
    assert np.array_equal(mouth.seam_upper, mouth.seam_lower), "lips would part at rest"


def test_the_seam_lies_on_the_dark_line_between_the_lips(every_presenter):
    rig, texture = every_presenter
    mouth = rig.mouth
    inside = np.abs(mouth.x - mouth.centre_x) < 0.7 * mouth.half_width
    columns, seam = mouth.x[inside].astype(int), mouth.seam_upper[inside]
    gray = texture[..., :3].astype(np.float32).mean(axis=2)
    reach = max(3, round(0.10 * mouth.half_width))
    rows = np.round(seam).astype(int) + np.arange(-reach, reach + 1)[:, None]
    darkest = gray[rows, columns].argmin(axis=0) - reach
    assert np.abs(darkest).mean() <= 1.5, "the lips would part inside a lip"


def test_the_nose_stands_out_and_the_shoulders_hardly_follow(every_presenter):
    rig, _ = every_presenter
    step = (rig.canvas_pixels - 1) / (GRID - 1)

    def node(x: float, y: float) -> tuple[int, int]:
        return round(y / step), round(x / step)

    tip, ear = rig.landmarks[4], rig.landmarks[234]
    assert rig.depth[node(tip[0], tip[1])] > rig.depth[node(ear[0], ear[1])] + 0.2 * rig.face_height
    assert rig.head_weight[node(rig.head.centre_x, rig.head.eyes_y)] > 0.99
    assert rig.head_weight[-1, 0] == pytest.approx(0.1, abs=0.02)


def test_the_head_is_where_layout_will_look_for_it(every_presenter):
    rig, texture = every_presenter
    head = rig.head
    assert head.crown_y < head.eyes_y < head.chin_y
    assert head.left < head.centre_x < head.right
    assert texture[round(head.crown_y) + 4 :, :, 3].max() == 255
    assert texture[: round(head.crown_y) - 1, :, 3].max() < 140
    assert rig.person.cut_bottom
    assert not rig.person.cut_top


def test_shoulders_that_leave_the_picture_are_known_to_be_cut(every_portrait):
    wide = every_portrait["jun"]
    rig, _ = rigging.build(wide, 0, 0)
    assert not rig.person.cut_left
    assert not rig.person.cut_right
    tight = wide[:, 90:422]
    rig, _ = rigging.build(np.ascontiguousarray(tight), 0, 0)
    assert rig.person.cut_left
    assert rig.person.cut_right


def test_settings_override_what_was_measured(every_portrait):
    rig, _ = rigging.build(every_portrait["amara"], 80, 110)
    assert rig.jaw_gain == pytest.approx(0.8)
    assert rig.teeth_gain == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("shape", "left", "top"),
    [((512, 900), 10, 0), ((512, 900), 350, 0), ((900, 600), 40, 300), ((1600, 1600), 700, 500)],
)
def test_the_face_is_found_wherever_it_stands_in_the_picture(every_portrait, shape, left, top):
    picture = np.zeros((*shape, 4), np.uint8)
    portrait = every_portrait["jun"][: shape[0] - top, : shape[1] - left]
    picture[top : top + portrait.shape[0], left : left + portrait.shape[1]] = portrait
    rig, texture = rigging.build(picture, 0, 0)
    assert texture.shape == (rig.canvas_pixels, rig.canvas_pixels, 4)
    assert 0.2 < rig.face_height / rig.canvas_pixels < 0.6
    assert abs(rig.head.centre_x / rig.canvas_pixels - 0.5) < 0.25
    assert rig.head.crown_y > 0, "hair would be cut off"


def test_a_tilted_head_is_put_upright(every_portrait):
    matrix = cv2.getRotationMatrix2D((256, 200), 9, 1.0)
    tilted = cv2.warpAffine(every_portrait["malik"], matrix, (512, 512))
    rig, _ = rigging.build(tilted, 0, 0)
    slope = rig.eye_left.iris_y - rig.eye_right.iris_y
    assert abs(slope) < 0.08 * rig.pupil_distance, "lids would close askew"


def test_a_picture_without_a_face_is_refused():
    with pytest.raises(Invalid, match="PORTRAIT_NO_FACE"):
        rigging.build(np.full((300, 300, 3), 120, np.uint8), 0, 0)


def test_a_person_is_cut_out_of_a_wall(every_portrait):
    cut = every_portrait["malik"]
    alpha = cut[..., 3:].astype(np.float32) / 255
    wall = np.array([214, 216, 220], np.float32)
    picture = (cut[..., :3] * alpha + wall * (1 - alpha)).astype(np.uint8)
    rig, texture = rigging.build(picture, 0, 0)
    error = np.abs(texture[..., 3] / 255 - alpha[..., 0])
    assert error.mean() < 0.02
    edge = (texture[..., 3] > 40) & (texture[..., 3] < 160)
    edge[int(rig.head.chin_y) :] = False
    assert texture[edge][:, :3].mean() < 150, "the light wall would shine as a halo"
