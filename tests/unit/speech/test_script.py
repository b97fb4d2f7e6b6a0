"""Scripts that no voice should get, each refused by its own name."""

import pytest

from services.chassis.errors import Invalid
from services.speech.domain.script import check_script


@pytest.mark.parametrize(
    ("script", "language", "reason"),
    [
        ("", "en", "SCRIPT_EMPTY"),
        (" \n\t ", "en", "SCRIPT_EMPTY"),
        ("word " * 4000 + "x", "en", "SCRIPT_TOO_LONG"),
        ("Hello\x00world", "en", "SCRIPT_CONTROL_CHARS"),
        ("Hello\x1b[31m", "en", "SCRIPT_CONTROL_CHARS"),
        ("Hello \u202eworld", "en", "TEXT_BIDI_CONTROL"),
        ("<speak>Hello</speak>", "en", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ('Wait <break time="9999s"/> here', "en", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ('<audio src="http://169.254.169.254">', "en", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ("<!DOCTYPE lolz [<!ENTITY a 'b'>]> hi", "en", "SCRIPT_MARKUP_NOT_ALLOWED"),
        ("🎉🎉🎉", "en", "LANGUAGE_UNSUPPORTED"),
        ("Hello 你好", "en", "LANGUAGE_UNSUPPORTED"),
        ("Привет всем", "en", "LANGUAGE_UNSUPPORTED"),
        ("Καλημέρα", "ru", "LANGUAGE_UNSUPPORTED"),
        ("a" * 20_000, "en", "SCRIPT_UNSPLITTABLE"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(script: str, language: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_script(script, language)
    assert refused.value.violations[0].reason == reason
    assert refused.value.violations[0].field == "script"


@pytest.mark.parametrize(
    ("script", "language"),
    [
        ("If a < b and c > d, stop.", "en"),
        ("AT&T pays; R&D too.", "en"),
        ("The Ω and the µ of Zürich 🎉", "en"),
        ("Привет, NASA!", "ru"),
        ("Line one\n\tline two\r\n", "en"),
        ("word " * 3999 + "word", "en"),
    ],
)
def test_ordinary_text_passes(script: str, language: str) -> None:
    check_script(script, language)
