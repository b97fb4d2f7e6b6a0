"""What a script must be before anyone speaks it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from services.chassis.errors import Invalid, Violation

CHARACTERS_LIMIT: Final = 20_000
PRONUNCIATION_LIMIT: Final = 200
WORD_LIMIT: Final = 400
"""Characters without a space; addresses may be long, words are not."""
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
BIDI: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MARKUP: Final = re.compile(r"</?[A-Za-z!?][^<>]{0,400}>|&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});")
SCRIPTS: Final = {"el": "GREEK", "ru": "CYRILLIC", "uk": "CYRILLIC"}
"""The letters a language is written in, where they are not Latin; every voice also reads Latin."""
SYMBOL_SCRIPTS: Final = ("GREEK",)
"""Letters that also stand alone as symbols, such as α or Ω."""


def check_script(script: str, language: str, field: str = "script") -> None:
    """Raise Invalid, with every reason that applies, for text that no voice should get."""
    wrong = [Violation(field, reason, remedy) for reason, remedy in _complaints(script, language)]
    if wrong:
        raise Invalid.every(wrong)


def check_pronunciation(written: str, spoken: str, language: str, field: str) -> None:
    """Raise Invalid for a pronunciation of nothing, of too much, or by what no voice can say."""
    for name, text in (("written", written), ("spoken", spoken)):
        if not text.strip() or len(text) > PRONUNCIATION_LIMIT:
            remedy = f"1 to {PRONUNCIATION_LIMIT} characters"
            raise Invalid(f"{field}.{name}", "PRONUNCIATION_INVALID", remedy)
    check_script(spoken, language, f"{field}.spoken")


def _complaints(script: str, language: str) -> Iterator[tuple[str, str]]:
    if not script.strip():
        yield "SCRIPT_EMPTY", "there is nothing to say; write at least one sentence"
        return
    if len(script) > CHARACTERS_LIMIT:
        remedy = f"{len(script):,} characters; at most {CHARACTERS_LIMIT:,}: make several videos"
        yield "SCRIPT_TOO_LONG", remedy
        return
    if longest := next((word for word in script.split() if len(word) > WORD_LIMIT), ""):
        remedy = f"{longest[:20]!r}... has {len(longest):,} letters and no place to breathe"
        yield "SCRIPT_UNSPLITTABLE", remedy
        return
    if found := CONTROL.search(script):
        where = f"U+{ord(found[0]):04X} at character {found.start() + 1}"
        yield "SCRIPT_CONTROL_CHARS", f"remove the control character {where}"
    if found := BIDI.search(script):
        where = f"U+{ord(found[0]):04X} at character {found.start() + 1}"
        yield "TEXT_BIDI_CONTROL", f"remove the invisible direction mark {where}"
    if found := MARKUP.search(script):
        yield "SCRIPT_MARKUP_NOT_ALLOWED", f"plain text only: remove {found[0][:40]!r}"
    elif strange := unsayable(script, language):
        yield "LANGUAGE_UNSUPPORTED", strange


def unsayable(script: str, language: str) -> str:
    """Return what a voice of the language cannot say in the script; empty: nothing."""
    if not any(letter.isalnum() for letter in script):
        return "there are no words in it, only signs or pictures"
    own = SCRIPTS.get(language.split("-", maxsplit=1)[0].lower(), "LATIN")
    for word in re.findall(r"[^\W\d_]+", script):
        for letter in word:
            alphabet = unicodedata.name(letter, "UNKNOWN").split()[0]
            symbol = len(word) == 1 and alphabet in SYMBOL_SCRIPTS
            if alphabet in {own, "LATIN", "MICRO", "FEMININE", "MASCULINE", "MODIFIER"} or symbol:
                continue
            return f"a voice for {language} cannot say {word[:30]!r} ({alphabet.capitalize()})"
    return ""
