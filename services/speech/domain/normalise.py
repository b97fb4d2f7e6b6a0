"""Written text as words a voice can say."""

from __future__ import annotations

from collections.abc import Mapping

from services.speech.domain.spoken import WORD, Part


def normalise(text: str, language: str, dictionary: Mapping[str, str]) -> list[Part]:
    """Return what is said for each stretch of a sentence, in order."""
    return [
        Part(m.start(), m.end(), m[0] if any(map(str.isalnum, m[0])) else "")
        for m in WORD.finditer(text)
    ]
