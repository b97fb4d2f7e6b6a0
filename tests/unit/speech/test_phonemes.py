"""Phoneme events become single sounds without a gap."""

import numpy as np
import pytest

from services.chassis.timeline import Phoneme
from services.speech.domain.phonemes import gapless, sounds, stress, timed
from services.speech.domain.utterance import Mark, Utterance


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("ˈoʊ", [("o", 0.5), ("ʊ", 0.5)]),
        ("tʃ", [("t", 0.4), ("ʃ", 0.6)]),
        ("iː", [("i", 1.0)]),
        ("ɔːɹ", [("ɔ", 0.6), ("ɹ", 0.4)]),
        ("n̩", [("n", 1.0)]),
        ("", []),
    ],
)
def test_one_event_is_split_into_single_phonemes(
    ipa: str, expected: list[tuple[str, float]]
) -> None:
    assert sounds(ipa) == [(letter, pytest.approx(share)) for letter, share in expected]


def test_stress_is_carried_beside_the_phoneme() -> None:
    assert [stress(ipa) for ipa in ("ˈa", "ˌa", "a")] == [1.0, 0.5, 0.0]


def test_a_very_short_silence_inside_does_not_close_the_mouth() -> None:
    marks = (Mark(0, 0, "i"), Mark(400, 0, ""), Mark(800, 0, "ɪ"), Mark(1200, 0, ""))
    utterance = Utterance(np.zeros(5000, np.int16), 22_050, (), marks)
    assert [sound[0] for sound in timed(utterance)] == ["i", "ʔ", "ɪ"]


def test_phonemes_cover_everything_from_the_first_sample_to_the_last() -> None:
    filled = gapless([Phoneme("a", 10, 20, 1.0), Phoneme("b", 30, 40, 0.0)], 50)
    assert [(one.ipa, one.start, one.end) for one in filled] == [
        ("", 0, 10), ("a", 10, 20), ("", 20, 30), ("b", 30, 40), ("", 40, 50)
    ]  # fmt: skip
