from itertools import pairwise

import numpy as np
import pytest

from services.chassis.rig import Head
from services.compositing.domain import colour
from services.compositing.domain.box import Box
from services.compositing.domain.brand import Brand
from services.compositing.domain.entrance import Cue
from services.compositing.domain.formats import Format
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.raster import Layer
from services.compositing.domain.scene import Scene
from services.compositing.engines import fonts, templates

ASPECTS = ("16:9", "9:16", "1:1")
DATA = {
    "overline": "New vacancy · Energy",
    "title": "Senior Welder, Offshore Wind",
    "rows": [
        {"icon": "company", "text": "Brekka Marine Fabrication"},
        {"icon": "location", "text": "Esbjerg, Denmark · on site"},
        {"icon": "salary", "text": "€ 52,000 – 61,000 a year"},
    ],
    "chips": ["TIG 6G", "Duplex steel", "EN ISO 9606-1", "Blueprints", "GWO safety"],
    "lower_third": {"name": "Amara Osei", "role": "Jobs correspondent"},
}
BRAND = Brand(logo_text="Nordhaven Jobs", ticker=("Night nurse, Aarhus", "Bus driver, Malmö"))
HEADS = {
    "hair up": (1024, Head(511, 418, 60, 658, 326, 698)),
    "large face": (1280, Head(638, 550, 164, 864, 359, 911)),
    "short hair": (1280, Head(638, 415, 149, 694, 449, 831)),
    "high in the picture": (1024, Head(512, 349, 53, 609, 306, 716)),
}


def graphics(aspect: str = "16:9", height: int = 360, rate: int = 25, **data: object) -> Graphics:
    scene = Scene(templates.load("news-frame"), {**DATA, **data}, BRAND)
    return Graphics(scene, Format(aspect, height), rate, fonts.load())


def drawn(drawing: Graphics, frame: int, remaining: int | None = None) -> np.ndarray:
    picture = drawing.background.copy()
    for layer in drawing.layers(frame, remaining):
        layer.lay_on(picture)
    return picture


def inside(inner: Box, outer: Box) -> bool:
    return inner.meet(outer) == inner


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("height", [360, 480, 542, 720, 1080])
def test_a_picture_has_the_size_asked_for(aspect: str, height: int) -> None:
    drawing = graphics(aspect, height)
    assert min(drawing.width, drawing.height) == height
    assert drawing.width % 2 == drawing.height % 2 == 0
    assert drawing.background.shape == (drawing.height, drawing.width, 3)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_layers_lie_inside_the_picture_on_whole_chroma_samples(aspect: str) -> None:
    drawing = graphics(aspect)
    frame = Box(0, 0, drawing.width, drawing.height)
    for layer in drawing.layers(drawing.settled_frame):
        assert inside(layer.box, frame)
        assert layer.box.even() == layer.box


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_same_scene_gives_the_same_pixels(aspect: str) -> None:
    one, other = graphics(aspect), graphics(aspect)
    for frame in (3, 9, 20, 200):
        np.testing.assert_array_equal(drawn(one, frame), drawn(other, frame))
    np.testing.assert_array_equal(one.ticker.strip, other.ticker.strip)


def test_nothing_is_drawn_anew_while_nothing_moves() -> None:
    drawing = graphics()
    settled = drawing.layers(drawing.settled_frame)
    assert drawing.layers(drawing.settled_frame + 1) is settled
    assert drawing.layers(2000, remaining=400) is settled


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_the_title_can_be_read_after_eight_tenths_of_a_second(rate: int) -> None:
    drawing = graphics(rate=rate)
    title = np.s_[75:140, 320:500]
    at_rest = drawn(drawing, drawing.settled_frame)[title].astype(int)
    early = drawn(drawing, round(0.8 * rate))[title].astype(int)
    assert np.abs(at_rest - early).max() <= 8


def test_things_come_in_fast_and_arrive_gently() -> None:
    progress = [Cue(1.0, 0.4).progress(moment) for moment in (0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 2.0)]
    assert progress == pytest.approx([0, 0, 0.578, 0.875, 0.984, 1, 1], abs=0.001)


def test_things_come_in_one_after_another() -> None:
    drawing = graphics()
    covered = [
        sum(int((255 - layer.keep.astype(int)).sum()) for layer in drawing.layers(frame))
        for frame in range(drawing.settled_frame + 1)
    ]
    assert covered[0] < 0.1 * covered[-1]
    assert sorted(covered) == covered
    assert drawing.settled_frame < 2 * 25


def test_graphics_are_gone_on_the_last_frame() -> None:
    drawing = graphics()
    bare = drawing.background
    np.testing.assert_array_equal(drawn(drawing, 500, remaining=0), bare)
    half = drawn(drawing, 500, remaining=5).astype(int) - bare
    full = drawn(drawing, 500).astype(int) - bare
    assert 0.4 < np.abs(half).sum() / np.abs(full).sum() < 0.6


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("who", HEADS)
def test_text_never_covers_the_face(aspect: str, who: str) -> None:
    drawing = graphics(aspect, 1080)
    canvas, head = HEADS[who]
    placed = drawing.placement(head, canvas)
    cheeks = 0.3 * (head.right - head.left)
    face = Box(
        round(placed.left + (head.centre_x - cheeks) * placed.scale),
        round(placed.top + (head.eyes_y - 0.5 * (head.chin_y - head.eyes_y)) * placed.scale),
        round(placed.left + (head.centre_x + cheeks) * placed.scale),
        round(placed.top + head.chin_y * placed.scale),
    )
    caption = drawing.caption([["You", "will", "lead"], ["a", "crew"]], (0, 1))
    for layer in (*drawing.layers(drawing.settled_frame), caption):
        assert layer.box.meet(face).is_empty


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("who", HEADS)
def test_the_head_lies_where_the_template_wants_it(aspect: str, who: str) -> None:
    drawing = graphics(aspect, 1080)
    canvas, head = HEADS[who]
    placed = drawing.placement(head, canvas)
    eyes = (placed.top + head.eyes_y * placed.scale) / drawing.height
    centre = (placed.left + head.centre_x * placed.scale) / drawing.width
    low, high, middle = {
        "16:9": (0.35, 0.43, 0.22), "9:16": (0.42, 0.5, 0.5), "1:1": (0.35, 0.44, 0.25)
    }[aspect]  # fmt: skip
    assert low <= eyes <= high
    assert centre == pytest.approx(middle, abs=0.03)


@pytest.mark.parametrize("aspect", ["16:9", "1:1"])
@pytest.mark.parametrize("who", HEADS)
def test_hair_does_not_touch_the_panel(aspect: str, who: str) -> None:
    drawing = graphics(aspect, 1080)
    canvas, head = HEADS[who]
    placed = drawing.placement(head, canvas)
    panel = drawing.layers(drawing.settled_frame)[2]
    assert placed.left + head.right * placed.scale <= panel.box.left - 20


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("who", HEADS)
def test_no_lower_edge_of_the_portrait_is_seen(aspect: str, who: str) -> None:
    drawing = graphics(aspect, 1080)
    canvas, head = HEADS[who]
    placed = drawing.placement(head, canvas)
    assert placed.top + canvas * placed.scale >= placed.clip.bottom - 1
    assert placed.clip.bottom <= drawing.ticker.box.top


def test_no_pixel_of_the_background_is_black() -> None:
    for aspect in ASPECTS:
        luma = graphics(aspect).background[..., ::-1] @ np.array([0.2126, 0.7152, 0.0722])
        assert luma.min() / 255 >= colour.LEAST_LUMA - 0.005


def spoken_colour(layer: Layer) -> np.ndarray:
    yellow = np.array(colour.parse("#ffd34d")[::-1])
    return np.flatnonzero((np.abs(layer.colour.astype(int) - yellow) < 12).all(axis=2).any(axis=0))


def test_the_word_being_spoken_has_its_own_colour() -> None:
    drawing = graphics(height=1080)
    words = [["You", "will", "lead", "a", "crew"]]
    columns = [spoken_colour(drawing.caption(words, (0, index))) for index in range(5)]
    assert all(one.max() < other.min() for one, other in pairwise(columns))
    assert spoken_colour(drawing.caption(words)).size == 0


@pytest.mark.parametrize("aspect", ASPECTS)
def test_captions_of_the_widest_lines_stay_in_the_safe_area(aspect: str) -> None:
    drawing = graphics(aspect, 1080)
    words = ["incomprehensibilities"]
    while drawing.caption_width([*words, "of"]) <= drawing.caption_max_width:
        words.append("of")
    layer = drawing.caption([words, words])
    margin = 96 if aspect == "16:9" else 48
    assert layer.box.left >= margin
    assert layer.box.right <= drawing.width - margin
    assert layer.box.bottom < drawing.ticker.box.top
    below = [own for own in drawing.layers(drawing.settled_frame) if own.box.top > 600]
    assert all(layer.box.meet(own.box).is_empty for own in below)


def test_a_flattened_group_looks_like_its_layers() -> None:
    drawing = graphics()
    for layer in drawing.layers(drawing.settled_frame):
        alpha = 255 - layer.keep.astype(int)
        assert (layer.colour.max(axis=2) <= alpha + 2).all(), "premultiplied colour exceeds alpha"
