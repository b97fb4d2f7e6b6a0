"""Text from outside: tidied, and refused where it cannot be drawn as it stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from services.chassis.errors import Violation
from services.compositing.domain.typesetting import Typesetter

BIDI_CONTROLS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\ufe0e\ufe0f"))
"""Joiners and marks without a glyph that texts pick up on their way; they are dropped."""
RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
KEPT: Final = "\u00a0\u202f"
"""Spaces that hold words together: no break, and no collapsing."""


def tidy(text: str) -> str:
    """Return the text composed (NFC), with single spaces and without invisible marks."""
    composed = unicodedata.normalize("NFC", text).translate(INVISIBLE)
    spaced = "".join(
        " " if character.isspace() and character not in KEPT else character
        for character in composed
    )
    return " ".join(word for word in spaced.split(" ") if word)


def complaints(field: str, text: str, typesetter: Typesetter) -> Iterator[Violation]:
    """Yield what keeps a text from being drawn letter for letter."""
    shown = tidy(text)
    controls = [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"}]
    if controls:
        yield Violation(
            field, "TEXT_CONTROL_CHARS", f"take out {_named(controls)}: they cannot be drawn"
        )
    if bidi := [c for c in shown if c in BIDI_CONTROLS]:
        yield Violation(
            field, "TEXT_BIDI_CONTROL", f"take out {_named(bidi)}: they change the reading order"
        )
    if turned := [c for c in shown if unicodedata.bidirectional(c) in RIGHT_TO_LEFT - {"AN"}]:
        yield Violation(
            field,
            "TEXT_DIRECTION_UNSUPPORTED",
            f"{_named(turned)} run from right to left, which is not set yet",
        )
    known = {*controls, *bidi, *turned, "\u00ad"}
    if missing := [c for c in typesetter.lacks(shown) if c not in known]:
        yield Violation(
            field,
            "TEXT_NO_GLYPH",
            f"no font here has {_named(missing)}: use Latin, Greek or Cyrillic letters",
        )


def _named(characters: list[str]) -> str:
    """Return up to five characters by sight, code and name."""
    each = list(dict.fromkeys(characters))
    names = [_name(character) for character in each[:5]]
    return ", ".join(names) + (f" and {len(each) - 5} more" if len(each) > 5 else "")


def _name(character: str) -> str:
    name = unicodedata.name(character, "")
    visible = f"{character!r} " if character.isprintable() else ""
    return f"{visible}(U+{ord(character):04X}{' ' + name if name else ''})"
