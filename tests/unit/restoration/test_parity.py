"""Against the published pipeline, vector by vector."""

from pathlib import Path

import numpy as np
import pytest

from services.chassis.sampling import inverse
from services.restoration.domain.align import aligned, alignment
from services.restoration.domain.masks import parsed_mask
from services.restoration.domain.paste import laid_back, put

GOLDEN = Path(__file__).parents[2] / "golden" / "pipeline.npz"
SKIN, BACKGROUND = 1, 0


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as vectors:
        return {
            name: vectors[name] for name in vectors.files if name[:4] in ("gfpg", "crop", "past")
        }


def test_five_points_lead_to_the_published_alignment(golden):
    """gfpgan_M from gfpgan_lm5."""
    want = golden["gfpgan_M"]
    assert np.abs(alignment(golden["gfpgan_lm5"]) - want).max() <= 1e-7 * np.abs(want).max()


def test_faces_are_cut_out_as_published_but_for_ties_of_rounding(golden):
    """gfpgan_face from crop_image."""
    error = np.abs(
        aligned(golden["crop_image"], golden["gfpgan_M"]).astype(int) - golden["gfpgan_face"]
    )
    assert error.max() <= 1
    assert (error > 0).mean() < 2e-5


def test_the_way_back_is_the_published_one(golden):
    """gfpgan_inv_up1."""
    assert np.array_equal(inverse(golden["gfpgan_M"]), golden["gfpgan_inv_up1"])


def test_a_parsed_face_gives_the_published_mask(golden):
    """gfpgan_mask512, which was made of an ellipse of skin."""
    y, x = np.mgrid[:512, :512]
    face = ((x - 256) / 170) ** 2 + ((y - 280) / 210) ** 2 < 1
    mask = parsed_mask(np.where(face, SKIN, BACKGROUND))
    assert np.abs(mask - golden["gfpgan_mask512"]).max() <= 1e-6


def test_faces_are_laid_back_as_published_within_one_level(golden):
    """gfpgan_paste_up1 from crop_image and paste_generated."""
    face, frame = golden["paste_generated"], golden["crop_image"]
    pasted = laid_back(frame, face, golden["gfpgan_mask512"], golden["gfpgan_M"])
    error = np.abs(put(frame, pasted).astype(int) - golden["gfpgan_paste_up1"])
    assert error.max() <= 1, "levels are cut off at whole numbers: one is as near as it gets"
    assert (error > 0).mean() < 0.06
