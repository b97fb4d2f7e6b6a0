"""Mastering moves nothing in time, clips nothing and knows nothing of the chunk."""

import numpy as np
import pytest

from services.speech.domain.mastering import master

RATE = 22_050


def tone(hertz: float, level: float, seconds: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * hertz * t) * level * 32767).astype(np.int16)


@pytest.mark.parametrize("tone_name", ["female", "male"])
def test_a_click_stays_at_its_sample(tone_name: str) -> None:
    raw = np.zeros(RATE, np.int16)
    raw[12_345] = 8000
    loudest = int(np.abs(master(raw, RATE, tone_name, 6.0)).argmax())
    assert abs(loudest - 12_345 * 48_000 / RATE) <= 1, "mouth and sound would drift apart"


def test_true_peak_stays_below_minus_two_whatever_comes() -> None:
    sound = master(tone(997, 0.99), RATE, "male", 12.0).astype(np.float64)
    fine = np.fft.irfft(np.fft.rfft(sound), len(sound) * 8) * 8
    assert 20 * np.log10(np.abs(fine).max()) < -2.0


def test_sound_begins_and_ends_without_a_click() -> None:
    sound = master(tone(440, 0.9), RATE, "female", 6.0)
    assert abs(sound[0]) < 0.01
    assert abs(sound[-1]) < 0.01


def test_the_same_word_sounds_the_same_beside_a_louder_one() -> None:
    quiet, loud = tone(300, 0.1, 0.5), tone(300, 0.5, 0.5)
    silence = np.zeros(RATE, np.int16)
    alone = master(np.r_[quiet, silence], RATE, "male", 6.0)
    beside = master(np.r_[quiet, silence, loud], RATE, "male", 6.0)
    assert np.abs(alone[:20_000] - beside[:20_000]).max() < 1e-3


def test_no_mirror_image_of_the_voice_lies_above_its_rate() -> None:
    sound = master(tone(5_000, 0.5), RATE, "male", 0.0)
    spectrum = np.abs(np.fft.rfft(sound[4800:43_200] * np.hanning(38_400)))
    hertz = np.fft.rfftfreq(38_400, 1 / 48_000)
    assert spectrum[hertz > 11_100].max() < spectrum.max() * 1e-3
