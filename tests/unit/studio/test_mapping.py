"""A document becomes a message, or every mistake in it is said."""

from typing import Any

import pytest
from rostrum.director.v1.director_pb2 import Order

from services.chassis.errors import Invalid
from services.studio.mapping import to_message


def complaints(fields: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        to_message(fields, Order)
    return {(v.field, v.reason) for v in caught.value.violations}


def test_both_spellings_of_a_field_are_read_and_null_is_nothing() -> None:
    assert to_message({"frameRate": 24, "voice": None}, Order) == Order(frame_rate=24)
    assert to_message({"frame_rate": 24}, Order) == Order(frame_rate=24)


def test_every_mistake_is_said_at_once() -> None:
    assert complaints(
        {
            "scrpt": "x",
            "name": 5,
            "frame_rate": "25",
            "frameRate": 25,
            "formats": [{"aspect": "16:9", "height": -1}, 3],
            "data": [],
            "voice": {"pitch": True, "speed": 2},
        }
    ) == {
        ("scrpt", "FIELD_UNKNOWN"),
        ("name", "FIELD_TYPE_INVALID"),
        ("frame_rate", "FIELD_TYPE_INVALID"),
        ("frameRate", "FIELD_DUPLICATE"),
        ("formats[0].height", "VALUE_OUT_OF_RANGE"),
        ("formats[1]", "FIELD_TYPE_INVALID"),
        ("data", "FIELD_TYPE_INVALID"),
        ("voice.pitch", "FIELD_TYPE_INVALID"),
        ("voice.speed", "FIELD_UNKNOWN"),
    }


def test_a_misspelt_field_is_answered_with_the_right_one() -> None:
    with pytest.raises(Invalid, match="did you mean script"):
        to_message({"scrpt": "x"}, Order)


def test_the_templates_data_may_hold_anything_json_can() -> None:
    order = to_message({"data": {"a": [1, "x", None, {"b": True}]}}, Order)
    assert order.data["a"][3]["b"] is True


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"a": 10**30}, "VALUE_OUT_OF_RANGE"),
        ({"a": float("inf")}, "VALUE_OUT_OF_RANGE"),
        ({"a": "\ud800"}, "TEXT_NOT_UTF8"),
    ],
)
def test_data_that_json_cannot_say_is_refused(data: dict[str, Any], reason: str) -> None:
    assert complaints({"data": data}) == {("data.a", reason)}
