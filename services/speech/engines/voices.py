"""The voices of espeak-ng as a table: which of its variants, how tuned, and what was measured.

Two of its variants come near natural speech in pitch and long-term spectrum: f2 (about 200 Hz
here) and m7 (about 112 Hz). Words a minute, gain and syllables a second were measured on the news
copy of the tests, pauses included.
"""

from __future__ import annotations

from typing import Final

from services.speech.domain.voice import Voice

FEMALE: Final = (46, 65, "female")
MALE: Final = (50, 66, "male")
"""Pitch, pitch range and tone."""

VOICES: Final = (
    # name, language, espeak-ng's name; words a minute at rate; tuning; gain in dB; syllables a s
    Voice("en-us-female", "en-US", "en-us+f2", 167, 165, *FEMALE, 7.8, 4.2),
    Voice("en-us-male", "en-US", "en-us+m7", 169, 165, *MALE, 8.0, 4.3),
    Voice("en-gb-female", "en-GB", "en-gb-x-rp+f2", 168, 165, *FEMALE, 7.7, 4.3),
    Voice("en-gb-male", "en-GB", "en-gb-x-rp+m7", 169, 165, *MALE, 7.9, 4.3),
    Voice("de-female", "de-DE", "de+f2", 152, 165, *FEMALE, 7.7, 4.5),
    Voice("de-male", "de-DE", "de+m7", 152, 165, *MALE, 7.9, 4.5),
    Voice("fr-female", "fr-FR", "fr+f2", 185, 165, *FEMALE, 8.3, 5.6),
    Voice("fr-male", "fr-FR", "fr+m7", 187, 165, *MALE, 8.9, 5.7),
    Voice("es-female", "es-ES", "es+f2", 166, 165, *FEMALE, 8.1, 5.4),
    Voice("es-male", "es-ES", "es+m7", 167, 165, *MALE, 8.3, 5.4),
    Voice("it-female", "it-IT", "it+f2", 153, 165, *FEMALE, 8.3, 5.8),
    Voice("it-male", "it-IT", "it+m7", 153, 165, *MALE, 8.5, 5.8),
    Voice("nl-female", "nl-NL", "nl+f2", 153, 165, *FEMALE, 7.6, 4.5),
    Voice("nl-male", "nl-NL", "nl+m7", 153, 165, *MALE, 8.0, 4.5),
    Voice("pl-female", "pl-PL", "pl+f2", 132, 180, *FEMALE, 7.8, 4.9),
    Voice("pl-male", "pl-PL", "pl+m7", 132, 180, *MALE, 8.2, 4.9),
    Voice("sv-female", "sv-SE", "sv+f2", 144, 180, *FEMALE, 8.3, 4.6),
    Voice("sv-male", "sv-SE", "sv+m7", 144, 180, *MALE, 8.7, 4.6),
    Voice("da-female", "da-DK", "da+f2", 177, 165, *FEMALE, 7.9, 5.4),
    Voice("da-male", "da-DK", "da+m7", 178, 165, *MALE, 8.2, 5.4),
    Voice("nb-female", "nb-NO", "nb+f2", 148, 165, *FEMALE, 8.4, 4.1),
    Voice("nb-male", "nb-NO", "nb+m7", 149, 165, *MALE, 8.7, 4.2),
    Voice("pt-female", "pt-PT", "pt+f2", 155, 165, *FEMALE, 7.4, 5.4),
    Voice("pt-male", "pt-PT", "pt+m7", 156, 165, *MALE, 7.6, 5.4),
    Voice("pt-br-female", "pt-BR", "pt-br+f2", 150, 165, *FEMALE, 7.5, 5.2),
    Voice("pt-br-male", "pt-BR", "pt-br+m7", 150, 165, *MALE, 7.7, 5.2),
    Voice("el-female", "el-GR", "el+f2", 148, 165, *FEMALE, 8.0, 5.7),
    Voice("el-male", "el-GR", "el+m7", 148, 165, *MALE, 8.2, 5.7),
    Voice("ru-female", "ru-RU", "ru+f2", 145, 175, *FEMALE, 9.0, 5.5),
    Voice("ru-male", "ru-RU", "ru+m7", 145, 175, *MALE, 9.2, 5.6),
    Voice("uk-female", "uk-UA", "uk+f2", 126, 190, *FEMALE, 7.6, 5.1),
    Voice("uk-male", "uk-UA", "uk+m7", 127, 190, *MALE, 8.1, 5.1),
)
