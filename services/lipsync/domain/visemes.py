"""Mouth shapes of groups of sounds, and which sounds of IPA belong to which group."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.timeline import SAMPLE_RATE, Phoneme


@dataclass(frozen=True)
class Viseme:
    """A mouth shape in half mouth widths, and how hard it pulls at its neighbours."""

    jaw: float
    width: float
    round: float
    upper: float
    tuck: float
    tongue: float
    press: float
    jaw_pull: float
    """Dominance over jaw, upper lip, tuck, tongue and press."""
    lip_pull: float
    """Dominance over width and rounding."""
    swift: bool = False
    """A consonant that must reach its place: it rises and falls faster than vowels."""


SILENCE: Final = "SIL"
BILABIAL: Final = "PB"
LABIODENTAL: Final = "FV"

VISEMES: Final[dict[str, Viseme]] = {
    SILENCE: Viseme(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.35, 0.25),
    BILABIAL: Viseme(0.0, 0.0, 0.05, 0.0, 0.0, 0.0, 1.0, 6.0, 0.6, swift=True),
    LABIODENTAL: Viseme(0.05, 0.03, 0.0, 0.09, 0.05, 0.0, 0.0, 3.0, 1.2, swift=True),
    "TH": Viseme(0.11, 0.02, 0.0, 0.03, 0.0, 0.9, 0.0, 1.4, 0.5, swift=True),
    "TD": Viseme(0.095, 0.03, 0.0, 0.04, 0.0, 0.8, 0.0, 1.2, 0.35, swift=True),
    "SZ": Viseme(0.075, 0.07, 0.0, 0.06, 0.0, 0.4, 0.0, 1.8, 0.7, swift=True),
    "SJ": Viseme(0.085, 0.02, 0.15, 0.06, 0.0, 0.4, 0.0, 1.6, 0.8, swift=True),
    "CH": Viseme(0.095, -0.12, 0.6, 0.06, 0.0, 0.3, 0.0, 1.6, 1.3),
    "L": Viseme(0.15, 0.03, 0.0, 0.03, 0.0, 1.0, 0.0, 0.8, 0.35),
    "KG": Viseme(0.15, 0.0, 0.0, 0.02, 0.0, 0.2, 0.0, 0.6, 0.2),
    "R": Viseme(0.11, -0.10, 0.45, 0.02, 0.0, 0.3, 0.0, 0.9, 0.9),
    "RR": Viseme(0.13, 0.0, 0.1, 0.03, 0.0, 0.8, 0.0, 0.9, 0.35),
    "W": Viseme(0.09, -0.26, 1.0, 0.02, 0.0, 0.0, 0.0, 1.4, 2.2),
    "H": Viseme(0.17, 0.0, 0.0, 0.02, 0.0, 0.1, 0.0, 0.2, 0.1),
    "IY": Viseme(0.13, 0.12, 0.0, 0.06, 0.0, 0.5, 0.0, 1.0, 1.0),
    "IH": Viseme(0.17, 0.07, 0.0, 0.05, 0.0, 0.4, 0.0, 0.9, 0.6),
    "EH": Viseme(0.24, 0.06, 0.0, 0.05, 0.0, 0.2, 0.0, 1.1, 0.6),
    "AE": Viseme(0.31, 0.07, 0.0, 0.06, 0.0, 0.2, 0.0, 1.3, 0.6),
    "AA": Viseme(0.38, 0.0, 0.0, 0.04, 0.0, 0.1, 0.0, 1.4, 0.5),
    "AH": Viseme(0.24, 0.0, 0.0, 0.04, 0.0, 0.2, 0.0, 1.0, 0.4),
    "AX": Viseme(0.17, 0.01, 0.0, 0.03, 0.0, 0.2, 0.0, 0.7, 0.3),
    "AO": Viseme(0.30, -0.14, 0.6, 0.03, 0.0, 0.0, 0.0, 1.3, 1.2),
    "OW": Viseme(0.22, -0.19, 0.85, 0.02, 0.0, 0.0, 0.0, 1.2, 1.6),
    "UW": Viseme(0.11, -0.25, 1.0, 0.02, 0.0, 0.0, 0.0, 1.1, 1.9),
    "UH": Viseme(0.16, -0.14, 0.6, 0.02, 0.0, 0.1, 0.0, 0.9, 1.0),
    "UE": Viseme(0.11, -0.21, 0.95, 0.04, 0.0, 0.4, 0.0, 1.1, 1.8),
    "OE": Viseme(0.21, -0.14, 0.7, 0.03, 0.0, 0.3, 0.0, 1.1, 1.3),
    "ER": Viseme(0.18, -0.06, 0.3, 0.03, 0.0, 0.3, 0.0, 0.9, 0.8),
}
"""Shapes after measures of read speech; more than .40 of jaw looks shouted."""

SOUNDS: Final[dict[str, str]] = {
    BILABIAL: "pbmɓʙ",
    LABIODENTAL: "fvɱʋβɸⱱ",
    "TH": "θð",
    "TD": "tdnʈɖɳɗʘǀǃǂǁ",
    "SZ": "szɬɮ",
    "SJ": "ɕʑç",
    "CH": "ʃʒʂʐɧ",
    "L": "lɫɭʎʟɺ",
    "KG": "kɡgŋxɣqɢɴχʁcɟʝɲħʕʔʡʢɠʄʛɰʀ",
    "R": "ɹɻ",
    "RR": "rɾɽ",
    "W": "wʍɥ",
    "H": "hɦʜ",
    "IY": "ij",
    "IH": "ɪᵻɨɘe",
    "EH": "ɛε",
    "AE": "æ",
    "AA": "aɑ",
    "AH": "ɐʌɤ",
    "AX": "əᵊɯ",
    "AO": "ɔɒᴐ",
    "OW": "o",
    "UW": "uʉ",
    "UH": "ʊᵿɵ",
    "UE": "yʏ",
    "OE": "øœɶ",
    "ER": "ɜɚɝɞ",
}
"""Every base letter of IPA, and the few of other alphabets that speech engines mix in."""

VISEME_OF: Final = {letter: viseme for viseme, letters in SOUNDS.items() for letter in letters}
LENGTHENING: Final = {"ː": 1.5, "ˑ": 1.25, ":": 1.5}
BRIEF: Final = {"ʔ": 0.25, "ʲ": 0.3, "ʷ": 0.3, "j": 0.6}
"""Share of letters that take less of a sound's time than others."""
GLIDES: Final = {"ʲ": "IY", "ʷ": "W"}
UNKNOWN: Final = "AX"
"""What a letter nobody foresaw looks like: a mouth barely open."""
VOWELS: Final = frozenset(
    ("IY", "IH", "EH", "AE", "AA", "AH", "AX", "AO", "OW", "UW", "UH", "UE", "OE", "ER")
)


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which one viseme is meant."""

    viseme: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""
    stress: float
    """1 primary, .5 secondary, 0 none."""


def spell(ipa: str) -> tuple[tuple[str, float], ...]:
    """Return the visemes of one sound with their shares of its time, which sum to 1.

    ipa: letters of IPA: a phoneme, diphthong or affricate; stress marks, ties and other
    diacritics are passed over, and a letter that is no sound of IPA counts as its base letter
    or as a neutral vowel. Empty for silence.
    """
    parts: list[tuple[str, float]] = []
    for letter in unicodedata.normalize("NFD", ipa):
        if letter in LENGTHENING and parts:
            parts[-1] = (parts[-1][0], parts[-1][1] * LENGTHENING[letter])
        elif (viseme := _viseme_of(letter)) is not None:
            parts.append((viseme, BRIEF.get(letter, 1.0)))
    whole = sum(share for _, share in parts)
    return tuple((viseme, share / whole) for viseme, share in parts)


def segments(phonemes: tuple[Phoneme, ...]) -> list[Segment]:
    """Return the visemes of timed sounds in order; neighbouring silences are one."""
    spelt: list[Segment] = []
    for segment in _spell_each(phonemes):
        if spelt and segment.viseme == SILENCE == spelt[-1].viseme:
            spelt[-1] = replace(spelt[-1], end=segment.end)
        else:
            spelt.append(segment)
    return spelt


def _spell_each(phonemes: tuple[Phoneme, ...]) -> Iterator[Segment]:
    for phoneme in phonemes:
        start, end = phoneme.start / SAMPLE_RATE, phoneme.end / SAMPLE_RATE
        seconds = end - start
        for viseme, share in spell(phoneme.ipa) or ((SILENCE, 1.0),):
            end = start + seconds * share
            if end > start:
                yield Segment(viseme, start, end, phoneme.stress)
            start = end


def _viseme_of(letter: str) -> str | None:
    """Return the viseme of a letter; None for a mark that is no sound by itself."""
    known = VISEME_OF.get(letter) or GLIDES.get(letter) or VISEME_OF.get(letter.lower())
    if known is not None:
        return known
    return UNKNOWN if unicodedata.category(letter) in ("Ll", "Lu", "Lo") else None
