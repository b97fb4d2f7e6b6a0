"""What is drawn is what a player shows."""

import numpy as np
import pytest

from services.chassis.timeline import Bytes
from services.compositing.domain.box import Box
from services.compositing.domain.canvas import Cover, Planes

WHOLE = Box(0, 0, 64, 48)


def noise(width: int, height: int, seed: int = 0) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def exact(picture: Bytes) -> Bytes:
    """Convert by ITU-R BT.709-6 in floating point; planes as I420."""
    blue, green, red = (picture[..., c] / 255 for c in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = [(blue - luma) / 1.8556, (red - luma) / 1.5748]
    height, width = luma.shape
    halves = [c.reshape(height // 2, 2, width // 2, 2).mean((1, 3)) * 224 + 128 for c in chroma]
    flat = np.concatenate([(luma * 219 + 16).ravel(), *(half.ravel() for half in halves)])
    return np.round(flat).astype(np.uint8)


def test_colours_become_rec709_limited_range() -> None:
    picture = noise(64, 48)
    error = np.abs(Planes.from_picture(picture).data.ravel().astype(int) - exact(picture))
    assert error.max() <= 1


@pytest.mark.parametrize(("grey", "luma"), [(0, 16), (255, 235), (128, 126)])
def test_grey_has_no_colour(grey: int, luma: int) -> None:
    data = Planes.from_picture(np.full((48, 64, 3), grey, np.uint8)).data.ravel()
    assert set(data[: 64 * 48].tolist()) == {luma}
    assert set(data[64 * 48 :].tolist()) == {128}


def test_a_part_brought_up_to_date_equals_the_whole_converted() -> None:
    before, after = noise(64, 48), noise(64, 48, seed=1)
    box = Box(10, 6, 40, 30)
    mixed = before.copy()
    box.of(mixed)[:] = box.of(after)
    planes = Planes.from_picture(before)
    planes.convert(mixed, box)
    assert np.array_equal(planes.data, Planes.from_picture(mixed).data)


def test_the_ticker_runs_round_without_a_seam() -> None:
    strip = noise(20, 8)
    endless = np.concatenate([strip] * 6, axis=1)
    picture = noise(64, 48)
    box = Box(4, 36, 60, 44)
    for offset in (0, 2, 18, 20, 46):
        planes = Planes.from_picture(picture)
        planes.scroll(Planes.from_picture(strip), box, offset)
        box.of(picture)[:] = endless[:, offset : offset + 56]
        assert np.array_equal(planes.data, Planes.from_picture(picture).data), offset


@pytest.mark.parametrize(
    "hole", [Box(10, 10, 20, 20), Box(-5, -5, 200, 7), Box(70, 0, 90, 9), Box(0, 0, 64, 48)]
)
def test_what_is_left_around_a_hole_covers_each_pixel_once(hole: Box) -> None:
    seen = np.zeros((48, 64), np.uint8)
    for part in WHOLE.minus(hole):
        seen[part.top : part.bottom, part.left : part.right] += 1
    inside = hole.meet(WHOLE)
    if not inside.is_empty:
        seen[inside.top : inside.bottom, inside.left : inside.right] += 1
    assert np.array_equal(seen, np.ones_like(seen))


def test_a_cover_laid_piece_by_piece_equals_one_laid_at_once() -> None:
    rng = np.random.default_rng(2)
    keep = rng.integers(0, 256, (20, 30), np.uint8)
    colour = (noise(30, 20, 3) * ((255 - keep[..., None]) / 255)).astype(np.uint8)
    cover = Cover.of(Box(50, 10, 80, 30), colour, keep)
    at_once, in_pieces = noise(64, 48), noise(64, 48)
    cover.onto(at_once, WHOLE)
    hole = Box(40, 0, 57, 19)
    for box in (hole, *WHOLE.minus(hole)):
        cover.onto(in_pieces, box)
    assert np.array_equal(at_once, in_pieces)
