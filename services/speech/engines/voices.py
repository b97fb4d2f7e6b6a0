"""The voices of espeak-ng as a table: which of its variants, how tuned, and what was measured."""

from __future__ import annotations

from typing import Final

from services.speech.domain.voice import Voice

VOICES: Final = (
    Voice("en-us-female", "en-US", "en-us+f2", 168, 165, 50, 50, 7.2, 4.5),
    Voice("en-us-male", "en-US", "en-us+m3", 168, 165, 50, 50, 7.2, 4.5),
)
