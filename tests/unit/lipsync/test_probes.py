"""Probes of lip sync, on mouths that are right and wrong on purpose."""

import numpy as np
import pytest

from services.chassis.timeline import SAMPLE_RATE, Floats, Phoneme, Timing
from services.lipsync.domain import probes
from services.lipsync.domain.mouth import JAW, mouth_track
from services.lipsync.domain.visemes import segments

RATE = 25
SENTENCE = (
    "maɪ neɪm ɪz bɒb | ænd aɪ æm ɐ səntɛtɪk prɛzɛntɚ | piːpl ɔfən ask mi haʊ faɪv kæn duː bɛtɚ"
)


def timing() -> Timing:
    """Speak the sentence with lengths that differ, pauses of .5 s and silence at both ends."""
    rng = np.random.default_rng(4)
    phonemes = [Phoneme("", 0, 14400, 0)]
    for letter in SENTENCE.replace(" ", ""):
        long = letter in "aɪeɪɒæɐəɛɔʊui"
        seconds = 0.5 if letter == "|" else rng.uniform(0.08, 0.16) if long else 0.07
        end = phonemes[-1].end + round(seconds * SAMPLE_RATE)
        phonemes.append(Phoneme(letter.strip("|ː"), phonemes[-1].end, end, float(long)))
    end = -(-(phonemes[-1].end + 14400) // 1920) * 1920
    phonemes.append(Phoneme("", phonemes[-1].end, end, 0))
    return Timing(end, (), tuple(phonemes))


SPOKEN = timing()
COUNT = SPOKEN.sample_count // 1920


def opening(late_seconds: float = 0.0) -> Floats:
    """Return mouth openings in mouth widths, as landmarks would show them, with their noise."""
    rng = np.random.default_rng(0)
    jaw = mouth_track(segments(SPOKEN.phonemes), COUNT, RATE)[:, JAW] * 0.7
    frames = np.arange(COUNT)
    late = np.interp(frames - late_seconds * RATE, frames, jaw)
    return 0.01 + late + 0.003 * rng.normal(size=COUNT)


@pytest.mark.parametrize("late", [-0.2, -0.08, 0.0, 0.08, 0.2])
def test_the_offset_is_measured_to_a_few_milliseconds(late: float) -> None:
    found = probes.offset_to_phonemes(opening(late), RATE, SPOKEN)
    assert found.milliseconds == pytest.approx(1000 * late - 27, abs=8)
    assert found.confidence > 0.6


def test_a_mouth_that_says_something_else_has_no_confidence() -> None:
    other = np.roll(opening(), COUNT // 2)
    assert probes.offset_to_phonemes(other, RATE, SPOKEN).confidence < 0.35
    still = np.full(COUNT, 0.01) + 1e-3 * np.random.default_rng(1).normal(size=COUNT)
    assert probes.offset_to_phonemes(still, RATE, SPOKEN).confidence < 0.35


def test_lips_that_miss_bilabials_are_seen() -> None:
    assert probes.bilabials(opening(), RATE, SPOKEN) == probes.Share(1.0, 10)
    never = [Phoneme(p.ipa.translate(str.maketrans("mbp", "ɐɐɐ")), p.start, p.end, p.stress)
             for p in SPOKEN.phonemes]  # fmt: skip
    jaw = 0.01 + mouth_track(segments(tuple(never)), COUNT, RATE)[:, JAW] * 0.7
    assert probes.bilabials(jaw, RATE, SPOKEN).share < 0.5


def test_a_mouth_that_does_not_open_is_seen() -> None:
    assert probes.vowels(opening(), RATE, SPOKEN).share > 0.9
    assert probes.vowels(0.2 * opening(), RATE, SPOKEN).share == 0


def test_a_mouth_that_moves_in_pauses_is_seen() -> None:
    assert probes.restlessness(opening(), RATE, SPOKEN) < 0.02
    assert probes.restlessness(np.roll(opening(), 12), RATE, SPOKEN) > 0.06


def test_loudness_follows_speech() -> None:
    voice = np.zeros(SAMPLE_RATE, np.float32)
    voice[12000:36000] = 0.2 * np.sin(2 * np.pi * 800 * np.arange(24000) / SAMPLE_RATE)
    loud = probes.loudness(voice)
    assert len(loud) == 100
    assert loud[30:70].min() > 0.9
    assert loud[:20].max() == 0


def test_openings_do_not_depend_on_how_large_the_face_is() -> None:
    rng = np.random.default_rng(2)
    landmarks = rng.normal(size=(5, 478, 3))
    assert np.allclose(probes.mouth_opening(landmarks), probes.mouth_opening(3 * landmarks))
