"""Nods and brows that go with words."""

import numpy as np
import pytest

from services.chassis.timeline import SAMPLE_RATE, Floats, Phoneme, Timing
from services.motion.domain.accents import APART_SECONDS, accents, chosen, stressed
from services.motion.domain.idle import BROWS, GAZE, LIDS, PITCH

RATE = 25


def spoken(*sounds: tuple[str, float, float]) -> Timing:
    """Make a timing of (ipa, seconds, stress)."""
    phonemes, at = [], 0
    for ipa, seconds, stress in sounds:
        end = at + round(seconds * SAMPLE_RATE)
        phonemes.append(Phoneme(ipa, at, end, stress))
        at = end
    return Timing(at, (), tuple(phonemes))


def sound(timing: Timing, loud: tuple[int, ...] = ()) -> Floats:
    samples = np.full(timing.sample_count, 0.02, np.float32)
    for phoneme in (timing.phonemes[index] for index in loud):
        samples[phoneme.start : phoneme.end] = 0.4
    return samples


SENTENCE = spoken(
    ("", 0.2, 0), ("ð", 0.1, 0), ("ə", 0.1, 0), ("m", 0.1, 0), ("ɑː", 0.2, 1), ("n", 0.1, 0),
    ("ɪ", 0.1, 1), ("z", 0.2, 0), ("l", 0.1, 0), ("eɪ", 0.3, 1), ("t", 0.3, 0),
    ("", 0.6, 0), ("b", 0.1, 0), ("ʌ", 0.2, 1), ("t", 0.3, 0), ("aɪ", 0.4, 1), ("", 0.4, 0),
)  # fmt: skip


def made(timing: Timing = SENTENCE, seed: int = 0) -> Floats:
    count = timing.sample_count * RATE // SAMPLE_RATE
    return accents(timing, sound(timing), count, RATE, seed)


@pytest.mark.parametrize("seed", range(5))
def test_chunks_meet_because_accents_start_and_end_at_nothing(seed: int) -> None:
    tracks = made(seed=seed)
    assert not tracks[[0, -1]].any()
    assert np.abs(np.diff(tracks[:, :6], axis=0)).max() < 1.0, "degrees a frame: a jerk"


def test_the_head_nods_on_a_stressed_vowel() -> None:
    timing = spoken(("", 0.5, 0), ("m", 0.1, 0), ("ɑː", 0.2, 1), ("n", 0.1, 0), ("", 0.6, 0))
    pitch = made(timing)[:, PITCH]
    lowest = (pitch.argmax() + 0.5) / RATE
    assert pitch.max() > 0.6
    assert abs(lowest - 0.7) < 0.1, "the nod belongs to the word"


def test_louder_words_are_stressed_more() -> None:
    weights = [accent.weight for accent in stressed(SENTENCE, sound(SENTENCE, (4,)))]
    quiet = [accent.weight for accent in stressed(SENTENCE, sound(SENTENCE))]
    assert weights[0] > quiet[0]


def test_heads_do_not_nod_on_every_word() -> None:
    words = spoken(*[("ɑ", 0.2, 1), ("t", 0.1, 0)] * 30)
    found = chosen(stressed(words, sound(words)))
    assert 4 <= len(found) <= 9, "in nine seconds"
    assert np.diff([accent.seconds for accent in found]).min() >= APART_SECONDS


def test_only_some_accents_raise_the_brows() -> None:
    assert 0.008 < made()[:, BROWS].max() < 0.05
    assert (made()[:, BROWS].max(1) > 0.008).mean() < 0.6


def test_eyes_stay_on_us_during_a_nod() -> None:
    tracks = made()
    assert np.corrcoef(tracks[:, PITCH], tracks[:, GAZE][:, 1])[0, 1] < -0.9


def test_blinks_fall_into_pauses_and_close_the_eye() -> None:
    lids = np.stack([made(seed=seed)[:, LIDS][:, 0] for seed in range(8)])
    assert 0.9 < lids.max() <= 1
    frames = np.flatnonzero(lids.max(0) > 0.5) / RATE
    assert ((frames > 1.7) & (frames < 2.6)).all(), "the pause starts at 1.8 s"


@pytest.mark.parametrize("timing", [spoken(("", 0.04, 0)), spoken(("t", 0.04, 0), ("", 1.0, 0))])
def test_a_chunk_without_a_stressed_vowel_moves_nothing(timing: Timing) -> None:
    assert not made(timing)[:, :6].any()


def test_the_same_words_move_alike() -> None:
    assert (made(seed=3) == made(seed=3)).all()
    assert (made(seed=3) != made(seed=4)).any()
