"""Sounds and the mouth shapes they belong to."""

import numpy as np
import pytest

from services.chassis.timeline import SAMPLE_RATE, Phoneme
from services.lipsync.domain.visemes import SILENCE, SOUNDS, VISEMES, segments, spell

HEARD = {
    "de": "pf ts ç ɔø ɜ ˈʏ ˈœ ˈøː r x",
    "en": "dʒ n̩ tʃ əl ɚ ˈaɪ ˈɔɪ ˈɛɹ ɾ ʔ ᵻ aɪə oʊ",
    "fr": "ɑ̃ ɛ̃ œ̃ ɔ̃ ʁ ɥ ɲ wa",
    "es": "β ð ɣ ʎ ɲ rr tʃ",
    "it": "ʎ ɲ dz ts ˈɛ",
    "nl": "œy ɛɪ ɵ ʋ eʊ ɣ",
    "pl": "tɕ dʑ ɕ ʑ ɔ̃ ɨ ʲ",
    "sv": "sx ʂ ˈʉ ɕ øː",
    "da": "ʔœ ɐ̯ ɒ ð ε ʋ ˌʔy",
    "nb": "øy ʉː ɑ",
    "pt": "ɐ̃ʊ õ ɨ ʁ ɐ̃",
    "el": "c ç ɟ ʝ θ",
    "ru": 'tʃʲ u" ju ɭ mʲ ɕ ɵ',
    "uk": "t̪ β ɦ ɪ",
}


@pytest.mark.parametrize("language", HEARD)
def test_every_sound_of_a_language_has_a_mouth(language: str) -> None:
    for sound in HEARD[language].split():
        parts = spell(sound)
        assert parts, f"{sound} would be silence"
        assert sum(share for _, share in parts) == pytest.approx(1)
        assert {viseme for viseme, _ in parts} <= set(VISEMES)


@pytest.mark.parametrize("strange", ["漢", "ꙮ", "ж", "\U00012345", "ʘ", "Ø", "12", "!", "ː"])
def test_no_symbol_stops_a_video(strange: str) -> None:
    for viseme, _ in spell(strange):
        assert viseme in VISEMES


def test_a_letter_belongs_to_one_viseme() -> None:
    letters = "".join(SOUNDS.values())
    assert len(letters) == len(set(letters))


@pytest.mark.parametrize(("ipa", "visemes"), [
    ("p", ["PB"]), ("tʃ", ["TD", "CH"]), ("t͡s", ["TD", "SZ"]), ("aɪ", ["AA", "IH"]),
    ("ˈɔ̃", ["AO"]), ("", []),
])  # fmt: skip
def test_sounds_of_two_letters_are_two_shapes(ipa: str, visemes: list[str]) -> None:
    assert [viseme for viseme, _ in spell(ipa)] == visemes


def test_a_long_vowel_keeps_most_of_a_diphthong() -> None:
    assert dict(spell("aːɪ"))["AA"] == pytest.approx(0.6)


def test_segments_leave_no_gap_and_join_silences() -> None:
    phonemes = [
        Phoneme("", 0, 4800, 0), Phoneme("", 4800, 9600, 0), Phoneme("aɪ", 9600, 19200, 1),
        Phoneme("m", 19200, 24000, 0), Phoneme("", 24000, 28800, 0),
    ]  # fmt: skip
    spoken = segments(tuple(phonemes))
    assert [s.viseme for s in spoken] == [SILENCE, "AA", "IH", "PB", SILENCE]
    assert spoken[0].end == 9600 / SAMPLE_RATE
    assert np.allclose([s.end for s in spoken[:-1]], [s.start for s in spoken[1:]])
    assert spoken[-1].end == 0.6
