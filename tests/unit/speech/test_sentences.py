"""Where a sentence ends, and where it only looks as if it did."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.speech.domain.sentences import sentences


@pytest.mark.parametrize(
    ("language", "script", "expected"),
    [
        ("en", "He left the U.S. Army base. They met at 5 p.m. The rest slept.", 3),
        ("en", "Dr. J. K. Rowling came. Mr. Bean did not.", 2),
        ("en", "See example.com/a?id=42 today. Version 2.5 is out!", 2),
        ("en", "Really?! “Yes.” She left… Then it ended.", 4),
        ("en", "Acme Inc. is hiring at 3 p.m. Monday.", 1),
        ("en", "Tasks:\n- Weld parts\n- Read drawings", 3),
        ("de", "Am 21. November kam z. B. Dr. Müller. Gut!", 2),
        ("es", "¿Qué tal? ¡Bien!", 2),
        ("el", "Τι κάνεις; Καλά.", 2),
    ],
)
def test_sentences_end_where_a_reader_would_stop(language: str, script: str, expected: int) -> None:
    assert len(sentences(script, language)) == expected


def test_empty_lines_part_paragraphs() -> None:
    found = sentences("One. Two.\n\nThree.", "en")
    assert [one.ends_paragraph for one in found] == [False, True, True]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aB1. ?!\n-…\"')(é", max_size=80))
def test_no_character_of_a_script_is_lost(script: str) -> None:
    joined = " ".join(one.text for one in sentences(script, "en"))
    assert " ".join(joined.split()) == " ".join(script.split())
