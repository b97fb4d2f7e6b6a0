from importlib.resources import files

import pytest
import yaml

from services.chassis.errors import Invalid
from services.compositing.domain import content as contents
from services.compositing.domain.brand import Brand
from services.compositing.domain.formats import Format
from services.compositing.domain.scene import Scene, check_scene
from services.compositing.domain.template import Template
from services.compositing.engines import fonts, templates

ALL = [Format("16:9", 1080), Format("9:16", 1080), Format("1:1", 1080)]


def refused(data: object, **brand: object) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        check(data, **brand)
    return {violation.field: violation.reason for violation in caught.value.violations}


def check(data: object, formats: list[Format] = ALL, script: str = "", **brand: object) -> list:
    scene = Scene(templates.load("news-frame"), data, Brand(**brand))  # type: ignore[arg-type]
    return check_scene(scene, formats, script, fonts.load())


def document() -> dict:
    text = (files("services.compositing") / "templates" / "news-frame.yaml").read_text()
    return yaml.safe_load(text)


@pytest.mark.parametrize(
    "name", ["../../x", "news-frame.yaml", "", "News", "a/b", "x" * 41, "a--b"]
)
def test_a_name_that_could_leave_the_folder_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="TEMPLATE_ID_INVALID"):
        templates.load(name)


def test_an_unknown_template_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"TEMPLATE_UNKNOWN.*news-frame"):
        templates.load("weather-map")


def test_a_misspelt_or_missing_measure_names_its_place() -> None:
    broken = document()
    broken["aspects"]["16:9"]["ticker"]["heigth"] = broken["aspects"]["16:9"]["ticker"].pop(
        "height"
    )
    with pytest.raises(Invalid) as caught:
        Template.read(broken)
    fields = {violation.field for violation in caught.value.violations}
    assert fields == {"aspects.16:9.ticker.heigth", "aspects.16:9.ticker.height"}


def test_a_colour_that_is_none_is_refused() -> None:
    broken = document()
    broken["palette"]["accent"] = "crimson"
    with pytest.raises(Invalid, match=r"palette\.accent"):
        Template.read(broken)


def test_a_changed_file_changes_the_fingerprint() -> None:
    assert templates.fingerprint().startswith("news-frame-")


def test_a_title_is_enough() -> None:
    assert check({"title": "Floods"}) == []


def test_data_says_everything_that_is_wrong_at_once() -> None:
    found = refused(
        {
            "titel": "Floods",
            "rows": [{"icon": "company", "text": 5.0}, {"icn": "clock", "text": "x"}],
            "chips": "welding",
        }
    )
    assert found == {
        "data.title": "DATA_FIELD_MISSING",
        "data.titel": "DATA_FIELD_UNKNOWN",
        "data.rows[0].text": "DATA_TYPE_INVALID",
        "data.rows[1].icn": "DATA_FIELD_UNKNOWN",
        "data.chips": "DATA_TYPE_INVALID",
    }


def test_texts_are_held_to_what_can_be_shown() -> None:
    found = refused(
        {
            "title": " ",
            "overline": "x" * 61,
            "rows": [{"icon": "rocket", "text": "溶接"}],
            "points": ["one"] * 6,
            "lower_third": {"name": "Amara\u202e", "role": "Desk"},
        },
        accent="red",
    )
    assert found == {
        "data.title": "DATA_TEXT_EMPTY",
        "data.overline": "DATA_TEXT_TOO_LONG",
        "data.rows[0].icon": "DATA_ICON_UNKNOWN",
        "data.rows[0].text": "TEXT_NO_GLYPH",
        "data.points": "DATA_TOO_MANY",
        "data.lower_third.name": "TEXT_BIDI_CONTROL",
        "brand.accent": "COLOUR_INVALID",
    }


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (Format("4:3", 1080), {"formats[0].aspect": "ASPECT_UNKNOWN"}),
        (Format("16:9", 0), {"formats[0].height": "DIMENSION_INVALID"}),
        (Format("16:9", 721), {"formats[0].height": "DIMENSION_ODD"}),
        (Format("16:9", 8192), {"formats[0].height": "DIMENSION_TOO_LARGE"}),
    ],
)
def test_formats_that_cannot_be_drawn_are_refused(shape: Format, found: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        check({"title": "Floods"}, [shape])
    assert {v.field: v.reason for v in caught.value.violations} == found


def test_words_that_captions_cannot_show_are_refused() -> None:
    with pytest.raises(Invalid, match=r"script: TEXT_NO_GLYPH.*溶"):
        check({"title": "Floods"}, script="The 溶接 is done.")


def test_control_characters_in_the_script_are_refused() -> None:
    with pytest.raises(Invalid, match="script: SCRIPT_CONTROL_CHARS"):
        check({"title": "Floods"}, script="The bell\x07 rings.")


def test_what_is_cut_short_is_said_with_its_format() -> None:
    (notice, *_) = check({"title": "Wasserwirtschaftsingenieur " * 5, "points": ["Some " * 30] * 5})
    assert (notice.reason, notice.field) == ("TEXT_SHORTENED", "data.title")
    assert "16:9" in notice.message


def test_every_icon_of_the_template_can_be_asked_for() -> None:
    template = templates.load("news-frame")
    for icon in template.icons:
        data = {"title": "Floods", "rows": [{"icon": icon, "text": "x"}]}
        contents.read(data, template, fonts.load().typesetter(template.font))
