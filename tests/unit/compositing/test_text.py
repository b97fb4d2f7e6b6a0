import numpy as np
import pytest

from services.compositing.domain.content import capitals
from services.compositing.domain.text import complaints, tidy
from services.compositing.domain.typesetting import Style, Typesetter
from services.compositing.engines import fonts

BOLD = Style(48, 700)


def hanken() -> Typesetter:
    return fonts.load().typesetter("Hanken Grotesk")


def reasons(text: str) -> list[str]:
    return [violation.reason for violation in complaints("data.title", text, hanken())]


@pytest.mark.parametrize(
    "text",
    [
        "a',drawtext=textfile=/etc/passwd",
        r"C:\news [1]; a, b: {\p1}m 0 0 l 9999 9999",
        "-i http://example.invalid",
        "%{pts} 100 % <b>bold</b> &amp;",
    ],
)
def test_markup_of_other_programs_is_only_text(text: str) -> None:
    assert reasons(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Zażółć gęślą jaźń",
        "Příliš žluťoučký kůň",
        "Ðặng Thị Ánh Tuyết",
        "Þórður Ægir",
        "Ελληνικά: Θεσσαλονίκη",
        "Українська ґанок їжак",
        "Српски Ђорђе Љиљана",
        "½ m² · 30 °C · № 5 · 5 ₴ · “quoted”",
        "nai\u0308ve, combining",
    ],
)
def test_latin_greek_and_cyrillic_can_be_set(text: str) -> None:
    assert reasons(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Welder \u202egro.elpmaxe", "TEXT_BIDI_CONTROL"),
        ("Welder \u2066x", "TEXT_BIDI_CONTROL"),
        ("Wel\x00der", "TEXT_CONTROL_CHARS"),
        ("Wel\x1b[31mder", "TEXT_CONTROL_CHARS"),
        ("溶接工", "TEXT_NO_GLYPH"),
        ("Welder 🔥", "TEXT_NO_GLYPH"),
        ("שלום", "TEXT_DIRECTION_UNSUPPORTED"),
        ("مرحبا", "TEXT_DIRECTION_UNSUPPORTED"),
    ],
)
def test_what_cannot_be_drawn_is_complained_about(text: str, reason: str) -> None:
    assert reasons(text) == [reason]


def test_a_complaint_names_the_characters() -> None:
    (violation,) = complaints("data.title", "Welder 🔥", hanken())
    assert violation.field == "data.title"
    assert "🔥" in violation.remedy
    assert "U+1F525 FIRE" in violation.remedy


def test_line_ends_and_stray_marks_do_no_harm() -> None:
    assert tidy("  Senior\n Welder\u200b,\t Offshore\ufeff ") == "Senior Welder, Offshore"


def test_letters_are_kerned() -> None:
    typesetter = hanken()
    apart = typesetter.width("A", BOLD) + typesetter.width("V", BOLD)
    assert typesetter.width("AV", BOLD) < apart - 1


def test_a_text_that_a_fallback_must_set_anyway_is_set_by_it_as_a_whole() -> None:
    typesetter = hanken()
    assert typesetter.suited(["Senior Welder"]) is typesetter
    assert typesetter.suited(["Μηχανικός"]) is not typesetter


def test_a_drawn_line_is_not_cut_anywhere() -> None:
    for text in ("Ấgjpqy|ǺŮ", "fjord", "Щґї", "Ångström,"):
        mask, _, _ = hanken().draw(text, BOLD, 10.3, 60)
        border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
        assert border.max() == 0, text


def test_capitals_follow_the_language() -> None:
    assert capitals("Νέα θέση · Ενέργεια", "el") == "ΝΕΑ ΘΕΣΗ · ΕΝΕΡΓΕΙΑ"
    assert capitals("istanbul ışık", "tr") == "İSTANBUL IŞIK"
    assert capitals("Größe", "de") == "GRÖSSE"
