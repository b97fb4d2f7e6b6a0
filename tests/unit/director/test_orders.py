"""Everything wrong with an order is said at once, with its field and what to do."""

from collections.abc import Callable

import pytest
from google.protobuf.struct_pb2 import Value
from rostrum.director.v1.director_pb2 import Commission, MediaFile
from rostrum.media.v1.media_pb2 import Format
from rostrum.speech.v1.speech_pb2 import Pronunciation

from services.chassis.errors import Invalid
from services.director.orders import complete, order_complaints, validate

Make = Callable[..., Commission]
Spoil = Callable[[Commission], object]


def complaints(commission: Commission) -> list[tuple[str, str]]:
    said = list(order_complaints(complete(commission)))
    assert all(violation.remedy for violation in said)
    return [(violation.field, violation.reason) for violation in said]


def test_an_order_of_three_fields_is_enough(commission: Commission) -> None:
    assert complaints(commission) == []


def test_defaults_are_filled_in_and_nothing_else_is_touched(commission: Commission) -> None:
    full = complete(commission)
    order = full.order
    assert (order.language, order.template, order.quality) == ("en-US", "news-frame", "draft")
    assert (order.frame_rate, list(order.formats)) == (25, [Format(aspect="16:9", height=1080)])
    assert order.title == "Senior Welder", "the data's title names the file"
    assert not commission.order.language, "the caller's order is the caller's"
    assert complete(full) == full


def test_a_video_without_any_title_is_called_by_its_name(make: Make) -> None:
    bare = make()
    bare.order.data.Clear()
    assert complete(bare).order.title == "senior-welder"


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        ({"name": ""}, "name", "FIELD_REQUIRED"),
        ({"name": "Senior Welder"}, "name", "NAME_INVALID"),
        ({"name": "-o"}, "name", "NAME_INVALID"),
        ({"name": "../../x"}, "name", "NAME_INVALID"),
        ({"name": "a" * 81}, "name", "NAME_INVALID"),
        ({"name": "welder\n"}, "name", "NAME_INVALID"),
        ({"script": ""}, "script", "FIELD_REQUIRED"),
        ({"script": " \n\t \u200b\u3000"}, "script", "SCRIPT_EMPTY"),
        ({"script": "x" * 20_001}, "script", "SCRIPT_TOO_LONG"),
        ({"script": "One.\x00 Two."}, "script", "SCRIPT_CONTROL_CHARS"),
        ({"script": "One.\x1b[31m Two."}, "script", "SCRIPT_CONTROL_CHARS"),
        ({"script": "One \u202eowt."}, "script", "TEXT_BIDI_CONTROL"),
        ({"script": "<speak>Hello.</speak>"}, "script", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ({"script": 'A <break time="9999s"/> B'}, "script", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ({"script": "<!DOCTYPE lolz [<!ENTITY a 'b'>]>"}, "script", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ({"language": "English, please"}, "language", "LANGUAGE_INVALID"),
        ({"template": "../../x"}, "template", "TEMPLATE_ID_INVALID"),
        ({"template": "news frame"}, "template", "TEMPLATE_ID_INVALID"),
        ({"frame_rate": 1001}, "frame_rate", "FPS_INVALID"),
        ({"frame_rate": 60}, "frame_rate", "FPS_INVALID"),
        ({"quality": "best"}, "quality", "TIER_UNKNOWN"),
        ({"channel": "../jobs"}, "channel", "NAME_INVALID"),
        ({"title": "Welder \u2066"}, "title", "TEXT_BIDI_CONTROL"),
        ({"title": "x" * 201}, "title", "TEXT_TOO_LONG"),
        ({"voice": {"words_per_minute": 119}}, "voice.words_per_minute", "VALUE_OUT_OF_RANGE"),
        ({"voice": {"pitch": 101}}, "voice.pitch", "VALUE_OUT_OF_RANGE"),
        ({"formats": [{"aspect": "4:3"}]}, "formats[0].aspect", "ASPECT_UNKNOWN"),
        ({"formats": [{"height": 720}]}, "formats[0].aspect", "ASPECT_UNKNOWN"),
        ({"formats": [{"aspect": "1:1", "height": 2}]}, "formats[0].height", "DIMENSION_INVALID"),
        ({"formats": [{"aspect": "1:1", "height": 721}]}, "formats[0].height", "DIMENSION_ODD"),
        (
            {"formats": [{"aspect": "1:1", "height": 8192}]},
            "formats[0].height",
            "DIMENSION_TOO_LARGE",
        ),
        ({"formats": [{"aspect": "1:1"}] * 13}, "formats", "FORMATS_TOO_MANY"),
        ({"consent": {"kind": "oral"}}, "consent.kind", "CONSENT_INVALID"),
        ({"consent": {"kind": "self", "expires": "soon"}}, "consent.expires", "CONSENT_INVALID"),
    ],
)
def test_a_bad_field_is_named(make: Make, said: dict[str, object], field: str, reason: str) -> None:
    assert complaints(make(**said)) == [(field, reason)]


@pytest.mark.parametrize(
    "script",
    [
        "a',drawtext=textfile=/etc/passwd",
        "Colons: and \\ [brackets] ; , %{metadata}",
        "-i http://example.org/x.mp4",
        "{\\p1}m 0 0 l 9999 9999",
        "If a < b and c > d, then say so.",
        "Tabs\tand\r\nlines are fine.",
    ],
)
def test_what_only_looks_dangerous_is_text(make: Make, script: str) -> None:
    assert complaints(make(script=script)) == []


def test_a_format_asked_for_twice_is_refused_even_where_one_is_a_default(make: Make) -> None:
    twice = make(formats=[{"aspect": "1:1"}, {"aspect": "16:9"}, {"aspect": "1:1", "height": 1080}])
    assert complaints(twice) == [("formats[2]", "FORMAT_DUPLICATE")]


def deep(levels: int) -> dict[str, object]:
    return {"a": deep(levels - 1)} if levels else {}


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        (
            {"rows": [{"text": "ok"}, {"text": "\u202etxet"}]},
            "data.rows[1].text",
            "TEXT_BIDI_CONTROL",
        ),
        ({"title": "Bell\x07"}, "data.title", "TEXT_CONTROL_CHARS"),
        ({"title": "x" * 2_001}, "data.title", "TEXT_TOO_LONG"),
        ({"a\u202e": 1}, "data", "TEXT_BIDI_CONTROL"),
        ({"pile": ["x" * 1_999] * 40}, "data", "DATA_TOO_LARGE"),
        ({"a": deep(20)}, "data" + ".a" * 17, "DATA_TOO_DEEP"),
    ],
)
def test_bad_data_is_named_by_its_path(
    make: Make, data: dict[str, object], field: str, reason: str
) -> None:
    bad = make(title="Welder")
    bad.order.data.Clear()
    bad.order.data.update(data)
    assert complaints(bad) == [(field, reason)]


def test_numbers_in_data_are_finite(make: Make) -> None:
    bad = make()
    bad.order.data.fields["pay"].CopyFrom(Value(number_value=float("nan")))
    assert complaints(bad) == [("data.pay", "VALUE_OUT_OF_RANGE")]


@pytest.mark.parametrize(
    ("spoil", "field", "reason"),
    [
        (lambda p: p.presenter.Clear(), "presenter", "FIELD_REQUIRED"),
        (lambda p: p.presenter.ClearField("portrait"), "presenter", "FIELD_REQUIRED"),
        (
            lambda p: p.presenter.rig.MergeFromString(b"\x08\x0a"),
            "presenter.rig.jaw_percent",
            "VALUE_OUT_OF_RANGE",
        ),
        (
            lambda p: p.motion.CopyFrom(MediaFile(digest="../x")),
            "motion",
            "OBJECT_KEY_INVALID",
        ),
        (
            lambda p: p.recording.CopyFrom(MediaFile(digest="http://x/y")),
            "recording",
            "URL_NOT_ALLOWED",
        ),
        (
            lambda p: p.channel.brand.ticker.extend(["fine", "\u202e"]),
            "channel.brand.ticker[1]",
            "TEXT_BIDI_CONTROL",
        ),
        (
            lambda p: p.channel.pronunciations.append(Pronunciation(written="TIG")),
            "channel.pronunciations[0].spoken",
            "FIELD_REQUIRED",
        ),
        (
            lambda p: p.channel.logo.CopyFrom(MediaFile(digest="C:\\logo.png")),
            "channel.logo",
            "OBJECT_KEY_INVALID",
        ),
    ],
)
def test_what_an_order_names_is_checked_too(
    commission: Commission, spoil: Spoil, field: str, reason: str
) -> None:
    spoil(commission)
    assert complaints(commission) == [(field, reason)]


def test_every_complaint_is_made_at_once(make: Make) -> None:
    bad = make(name="A B", script="", frame_rate=7, quality="best", formats=[{"aspect": "2:1"}])
    assert [field for field, _ in complaints(bad)] == [
        "name",
        "script",
        "frame_rate",
        "quality",
        "formats[0].aspect",
    ]
    with pytest.raises(Invalid) as caught:
        validate(complete(bad))
    assert len(caught.value.violations) == 5
