"""Which voice speaks: by name, or the first of the language."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.errors import Invalid
from services.speech.domain.voice import Voice


def cast(voices: Sequence[Voice], name: str, language: str) -> Voice:
    """Return the voice of that name; of no name, the first that speaks the language.

    Raises Invalid for a name that is not there, a language that no voice speaks, or a voice of
    another language than the script's.
    """
    speaking = [voice for voice in voices if _base(voice.language) == _base(language)]
    if not speaking:
        offered = ", ".join(sorted({_base(voice.language) for voice in voices}))
        remedy = f"no voice speaks {language!r}; there are voices for {offered}"
        raise Invalid("language", "LANGUAGE_UNSUPPORTED", remedy)
    if not name:
        return next((v for v in speaking if v.language.lower() == language.lower()), speaking[0])
    named = next((voice for voice in voices if voice.name == name), None)
    offered = ", ".join(voice.name for voice in speaking)
    if named is None:
        raise Invalid("voice.name", "VOICE_UNKNOWN", f"{name!r} is not here; choose from {offered}")
    if named not in speaking:
        remedy = (
            f"{name!r} speaks {named.language}, the script is {language}; choose from {offered}"
        )
        raise Invalid("voice.name", "VOICE_LANGUAGE_MISMATCH", remedy)
    return named


def _base(language: str) -> str:
    base = language.split("-", maxsplit=1)[0].lower()
    return "nb" if base == "no" else base
