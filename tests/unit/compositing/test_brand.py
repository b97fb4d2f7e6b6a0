import colorsys

import numpy as np
import pytest

from services.compositing.domain import brand as brands
from services.compositing.domain import colour
from services.compositing.domain.brand import Brand, Theme
from services.compositing.domain.formats import Format
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.scene import Scene
from services.compositing.engines import fonts, templates

PALETTE = templates.load("news-frame").palette
ACCENTS = [
    "#" + bytes(round(255 * part) for part in colorsys.hls_to_rgb(hue / 12, light, sat)).hex()
    for hue in range(12)
    for light in (0.1, 0.35, 0.5, 0.65, 0.9)
    for sat in (0.2, 1.0)
]
BACKGROUNDS = [
    (),
    ("#000000", "#000000", "#000000"),
    ("#ffffff", "#e8ecf2", "#c9d2df"),
    ("#804020", "#602010", "#301008"),
    ("#7f7f7f", "#808080", "#818181"),
    ("#ffcc00", "#ff9900", "#ff6600"),
    ("#505050", "#303030", "#9a9a9a"),
    ("#f0f0f0", "#909090", "#202020"),
]


def grounds(theme: Theme) -> list[colour.Colour]:
    return [colour.mix(below, theme.card, PALETTE.card_opacity) for below in theme.background]


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_type_is_readable_in_every_colour(background: tuple[str, ...]) -> None:
    for accent in ACCENTS:
        theme = brands.theme(Brand(accent=accent, background=background), PALETTE)
        for ground in grounds(theme):
            for ink in (theme.ink, theme.tint, theme.soft, theme.mute):
                assert colour.contrast(ink, ground) >= colour.READABLE, (accent, ink, ground)
        assert colour.contrast(theme.on_accent, theme.accent) >= colour.READABLE
        assert colour.contrast(theme.ticker_ink, theme.ticker) >= colour.READABLE


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_no_ground_is_black(background: tuple[str, ...]) -> None:
    theme = brands.theme(Brand(accent="#000000", background=background), PALETTE)
    for ground in (*theme.background, theme.ticker, theme.accent):
        assert colour.luma(ground) >= colour.LEAST_LUMA


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_title_without_a_card_is_readable_too(background: tuple[str, ...]) -> None:
    brand = Brand(background=background, accent="#1f9d55")
    scene = Scene(templates.load("news-frame"), {"title": "Floods"}, brand)
    picture = Graphics(scene, Format("9:16", 360), 25, fonts.load()).background
    ink = brands.theme(brand, PALETTE).ink
    for blue, green, red in picture[58:90:4, 18:300:20].reshape(-1, 3).tolist():
        assert colour.contrast(ink, (red, green, blue)) >= 0.97 * colour.READABLE


def test_a_changed_colour_is_said() -> None:
    changed = Brand(accent="#000000", background=("#000000", "#1b2747", "#0c1224"))
    found = {(notice.reason, notice.field) for notice in brands.notices(changed, PALETTE)}
    assert found == {
        ("ACCENT_ADJUSTED", "brand.accent"),
        ("BACKGROUND_LIFTED", "brand.background[0]"),
    }


def test_every_mistake_of_a_brand_kit_is_said_at_once() -> None:
    wrong = Brand(
        accent="red", background=("#12345", "#123456"), font="Comic Sans", ticker=("ok", "\u202eno")
    )
    found = {
        violation.field: violation.reason
        for violation in brands.check(wrong, templates.load("news-frame"), fonts.load())
    }
    assert found == {
        "brand.background": "BACKGROUND_INVALID",
        "brand.background[0]": "COLOUR_INVALID",
        "brand.accent": "COLOUR_INVALID",
        "brand.font": "FONT_UNKNOWN",
        "brand.ticker[1]": "TEXT_BIDI_CONTROL",
    }


def logo_layer(logo: np.ndarray, accent: str = "") -> np.ndarray:
    scene = Scene(templates.load("news-frame"), {"title": "Floods"}, Brand(accent=accent), logo)
    graphics = Graphics(scene, Format("16:9", 540), 25, fonts.load())
    layer = graphics.layers(graphics.settled_frame)[1]
    return np.where(layer.keep[..., None] == 0, layer.colour, 0)


def test_a_logo_picture_keeps_its_shape_and_fits_its_place() -> None:
    logo = np.zeros((200, 800, 4), np.uint8)
    logo[50:150, 100:700] = (255, 255, 255, 255)
    seen = (logo_layer(logo) > 250).all(axis=2)
    height = np.flatnonzero(seen.any(axis=1)).size
    width = np.flatnonzero(seen.any(axis=0)).size
    assert width / height == pytest.approx(6, rel=0.1)
    assert (width, height) <= (230, 29)


def test_a_logo_in_the_accents_colour_is_still_seen() -> None:
    logo = np.zeros((100, 300, 4), np.uint8)
    logo[...] = (226, 24, 63, 0)
    logo[20:80, 20:280, 3] = 255
    red = np.array([63, 24, 226])
    seen = (logo_layer(logo) == red).all(axis=2)
    assert 0.1 < seen.mean() < 0.9
