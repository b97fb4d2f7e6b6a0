"""What a text must not hold, whoever draws or speaks it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from services.chassis.errors import Violation

CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""C0 and C1 but for tab, line feed and carriage return."""
BIDI: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the order of letters on screen: a name could be made to read as another."""
MARKUP: Final = re.compile(
    r"<\?xml|<!(?:DOCTYPE|ENTITY)|</?(?:speak|break|prosody|say-as|phoneme|voice|audio|emphasis|sub"
    r"|mark|lang|lexicon|desc)\b[^<>]*>",
    re.IGNORECASE,
)
"""SSML: scripts are plain text."""


def complaints_about(field: str, text: str, limit: int) -> Iterator[Violation]:
    """Yield what is wrong with a text that is drawn on screen or written into a file."""
    if len(text) > limit:
        remedy = f"{len(text)} characters; at most {limit} fit"
        yield Violation(field, "TEXT_TOO_LONG", remedy)
    if control := CONTROLS.search(text):
        yield Violation(field, "TEXT_CONTROL_CHARS", f"remove {named(control.group())}")
    if turn := BIDI.search(text):
        yield Violation(field, "TEXT_BIDI_CONTROL", f"remove {named(turn.group())}")


def script_complaints(script: str, limit: int) -> Iterator[Violation]:
    """Yield what is wrong with a script before anyone tries to speak it."""
    if not script:
        yield Violation("script", "FIELD_REQUIRED", "say what the presenter says")
    elif not visible(script):
        yield Violation("script", "SCRIPT_EMPTY", "there is nothing but blanks; write a sentence")
    if len(script) > limit:
        remedy = f"{len(script)} characters of at most {limit}; make several videos"
        yield Violation("script", "SCRIPT_TOO_LONG", remedy)
    if control := CONTROLS.search(script):
        yield Violation("script", "SCRIPT_CONTROL_CHARS", f"remove {named(control.group())}")
    if turn := BIDI.search(script):
        yield Violation("script", "TEXT_BIDI_CONTROL", f"remove {named(turn.group())}")
    if markup := MARKUP.search(script):
        remedy = f"scripts are plain text; remove {markup.group()[:40]!r}"
        yield Violation("script", "SCRIPT_MARKUP_NOT_ALLOWED", remedy)


def visible(text: str) -> bool:
    """Return whether anything but blanks, controls and invisible marks is there."""
    return any(unicodedata.category(letter)[0] not in "ZC" for letter in text)


def named(letter: str) -> str:
    """Return a character that cannot be shown as its code point, for example "U+202E"."""
    return f"U+{ord(letter):04X}"
