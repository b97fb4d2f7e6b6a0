"""YAML order files say what they seem to say."""

import pytest

from services.studio.complaints import Rejected
from services.studio.plain_yaml import read_yaml


def reasons(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(Rejected) as caught:
        read_yaml(text, "order.yaml")
    return [(complaint.line, complaint.reason) for complaint in caught.value.complaints]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: 2026-12-01", "2026-12-01"),
        ("a: 012", "012"),
        ("a: 12:30:00", "12:30:00"),
        ("a: 0x1f", "0x1f"),
        ("a: '25'", "25"),
        ("a: 25", 25),
        ("a: -2.5", -2.5),
        ("a: true", True),
        ("a: ~", None),
        ("a:", None),
        ("a: {b: [1, x]}", {"b": [1, "x"]}),
    ],
)
def test_a_value_is_what_a_person_reads(text: str, value: object) -> None:
    assert read_yaml(text, "x")[0] == {"a": value}


def test_a_complaint_about_a_field_can_name_its_line() -> None:
    _, place = read_yaml("name: x\ndata:\n  skills:\n    - a\n    - b\n", "x")
    assert place.line("data.skills[1]") == 5
    assert place.line("data.skills[1].deeper") == 5, "else the nearest field around it"
    assert place.line("voice.pitch") == 1, "else the document"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert reasons(bomb) == [(1, "YAML_ALIAS_FORBIDDEN")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: !!python/object/apply:os.system [ls]", 1, "YAML_TAG_FORBIDDEN"),
        ("a: !!binary aGk=", 1, "YAML_TAG_FORBIDDEN"),
        ("a: 1\nb: [", 2, "YAML_INVALID"),
        ("a: 1\n--- \nb: 2", 2, "YAML_SEVERAL_DOCUMENTS"),
        ("a: 1\nb: \x07", 2, "TEXT_CONTROL_CHARS"),
        ("a: " + "[" * 1000, 1, "NESTING_TOO_DEEP"),
        ("? [a]\n: 1", 1, "YAML_INVALID"),
    ],
)
def test_what_yaml_could_do_and_orders_need_not(text: str, line: int, reason: str) -> None:
    assert reasons(text) == [(line, reason)]


def test_every_double_key_is_named() -> None:
    assert reasons("a: 1\na: 2\nb: {c: 1, c: 2}") == [
        (1, "FIELD_DUPLICATE"),
        (3, "FIELD_DUPLICATE"),
    ]
