"""How many syllables a text has, near enough to cut it before it is spoken."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NUCLEUS: Final = re.compile(r"[aeiouyæøœəαεηιουωаеёиоуыэюяіїє]+")
SILENT_END: Final = re.compile(r"(?<=[^aeiouy\W])e(?:d|s)?\b(?<!le)(?<!ted)(?<!ded)")
DIGIT_SYLLABLES: Final = 2.0
"""A digit is on average about two syllables of a number read out."""


def count(text: str, language: str) -> float:
    """Return the syllables of a text: groups of vowels, English silent e left out."""
    bare = unicodedata.normalize("NFD", text.lower())
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    if language.startswith("en"):
        plain = SILENT_END.sub("", plain)
    words = re.findall(r"[^\W\d_]+", plain)
    digits = sum(letter.isdigit() for letter in plain)
    return digits * DIGIT_SYLLABLES + sum(max(len(NUCLEUS.findall(word)), 1) for word in words)
