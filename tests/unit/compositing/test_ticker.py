from itertools import pairwise

import numpy as np
import pytest

from services.compositing.domain import colour
from services.compositing.domain.brand import Brand
from services.compositing.domain.formats import Format
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.scene import Scene
from services.compositing.domain.ticker import Ticker
from services.compositing.engines import fonts, templates

ITEMS = ("Night nurse, Aarhus", "Data engineer, Utrecht", "Crane operator, Bremerhaven")


def ticker(aspect: str = "16:9", height: int = 360, rate: int = 25, **brand: object) -> Ticker:
    scene = Scene(templates.load("news-frame"), {"title": "Floods"}, Brand(**brand))  # type: ignore[arg-type]
    return Graphics(scene, Format(aspect, height), rate, fonts.load()).ticker


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_it_runs_at_a_pace_that_can_be_read(rate: int) -> None:
    for height, scale in ((1080, 1.0), (720, 2 / 3)):
        step = ticker(height=height, rate=rate).pixels_per_frame
        assert step % 2 == 0, "chroma would crawl"
        assert 120 <= step * rate / scale <= 180


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
@pytest.mark.parametrize("items", [ITEMS, ("One",), ()])
def test_it_runs_round_without_a_seam(aspect: str, items: tuple[str, ...]) -> None:
    running = ticker(aspect, ticker=items)
    width = running.box.right - running.box.left
    assert running.strip.shape[1] >= width
    assert running.strip.shape[1] % 2 == 0
    frames = [running.at(frame) for frame in range(running.strip.shape[1] // 2 + 1)]
    step = running.pixels_per_frame
    for before, after in pairwise(frames):
        np.testing.assert_array_equal(before[:, step:], after[:, :-step])


def test_items_are_whole_where_the_strip_joins() -> None:
    count = 16
    strip = ticker(height=720, ticker=tuple(f"Item {index}" for index in range(count))).strip
    accent = np.array(colour.parse(templates.load("news-frame").palette.accent)[::-1])
    columns = (np.abs(strip.astype(int) - accent) < 8).all(axis=2).sum(axis=0)
    starts = np.flatnonzero((columns > 0) & (np.roll(columns, 1) == 0))
    assert starts.size == count
    one = columns[starts[7] : starts[8]].sum()
    assert columns.sum() == pytest.approx(count * one, rel=0.02), "one is cut at the seam"


def test_without_a_feed_it_says_what_the_scene_is_about() -> None:
    running = ticker()
    assert np.ptp(running.strip[4:-4].astype(int)) > 100


def test_its_label_speaks_the_language_of_the_data() -> None:
    def label(language: str) -> Ticker:
        data = {"title": "Floods", "language": language}
        scene = Scene(templates.load("news-frame"), data, Brand())
        return Graphics(scene, Format("16:9", 360), 25, fonts.load()).ticker

    assert label("de-AT").label.keep.shape != label("en").label.keep.shape
    assert label("xx").label.keep.shape == label("en").label.keep.shape
