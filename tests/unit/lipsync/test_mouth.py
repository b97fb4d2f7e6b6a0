"""What a viewer sees of a mouth that speaks."""

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.timeline import FRAME_RATES, MOUTH, Floats
from services.lipsync.domain.mouth import JAW, PRESS, ROUND, TUCK, UPPER, WIDTH, mouth_track
from services.lipsync.domain.visemes import SILENCE, VISEMES, Segment


def spoken(*sounds: tuple[str, float]) -> list[Segment]:
    """Make segments of (viseme, seconds)."""
    segments, at = [], 0.0
    for viseme, seconds in sounds:
        segments.append(Segment(viseme, at, at + seconds, float(viseme in ("AA", "UW", "IY"))))
        at += seconds
    return segments


def mouthed(segments: list[Segment], rate: int = 25, lead: float = 0.03) -> Floats:
    return mouth_track(segments, round(segments[-1].end * rate), rate, lead)


def at(track: Floats, seconds: float, rate: int = 25) -> Floats:
    return track[min(len(track) - 1, int(seconds * rate))]


POP = spoken((SILENCE, 0.4), ("PB", 0.1), ("AA", 0.2), ("PB", 0.1), ("AA", 0.2), (SILENCE, 0.4))


@pytest.mark.parametrize("rate", FRAME_RATES)
def test_the_mouth_is_widest_on_the_vowel(rate: int) -> None:
    track = mouthed(POP, rate, lead=0.0)[:, JAW]
    times = (np.arange(len(track)) + 0.5) / rate
    first = times < 0.75
    widest = times[first][track[first].argmax()]
    assert abs(widest - 0.6) <= 1.0 / rate, "picture and sound drift apart"


@pytest.mark.parametrize("rate", FRAME_RATES)
@pytest.mark.parametrize("seconds", [0.03, 0.05, 0.08, 0.12])
@pytest.mark.parametrize("start", np.arange(0.40, 0.44, 0.007))
def test_lips_meet_on_every_bilabial_however_short(rate: int, seconds: float, start: float) -> None:
    track = mouthed(spoken(("AA", start), ("PB", seconds), ("AA", 0.56 - seconds)), rate)
    times = (np.arange(len(track)) + 0.5) / rate
    near = (times > start - 0.06) & (times < start + seconds + 0.02)
    assert track[near, JAW].min() == 0
    assert track[near, UPPER].min() == 0


def test_the_lower_lip_reaches_the_teeth_on_f() -> None:
    track = mouthed(spoken(("AA", 0.3), ("FV", 0.1), ("AA", 0.3)), lead=0.0)
    on_f = at(track, 0.35)
    assert on_f[JAW] < 0.08
    assert on_f[TUCK] > 0.03


def test_lips_round_before_the_vowel_is_heard() -> None:
    track = mouthed(spoken((SILENCE, 0.3), ("IY", 0.2), ("TD", 0.1), ("UW", 0.3), (SILENCE, 0.3)))
    assert at(track, 0.55)[ROUND] > 0.3, "in the consonant before"
    assert at(track, 0.75)[ROUND] > 0.8
    assert at(track, 0.4)[WIDTH] > 0 > at(track, 0.75)[WIDTH]


@pytest.mark.parametrize("rate", FRAME_RATES)
@pytest.mark.parametrize("pause", [0.26, 0.3, 0.5, 1.5])
def test_the_mouth_is_closed_and_still_in_pauses(rate: int, pause: float) -> None:
    track = mouthed(spoken(("AA", 0.5), (SILENCE, pause), ("AA", 0.5), (SILENCE, 0.4)), rate)
    times = (np.arange(len(track)) + 0.5) / rate
    inside = (times > 0.5 + 0.11) & (times < 0.5 + pause - 0.12)
    assert not track[inside].any(), "the most repeated complaint about talking heads"
    silent = (times > 0.5) & (times < 0.5 + pause)
    assert not track[silent].any(axis=1).all(), "however short: the lips meet once"
    assert not track[times > 1.0 + pause + 0.12].any(), "and at the tail"


def test_a_breath_between_words_does_not_shut_the_mouth() -> None:
    track = mouthed(spoken(("AA", 0.3), (SILENCE, 0.08), ("AA", 0.3)))
    assert track[6:11, JAW].min() > 0.03, "mouths do not snap shut between words"


@pytest.mark.parametrize("viseme", VISEMES)
def test_chunks_meet_with_closed_mouths(viseme: str) -> None:
    track = mouthed(spoken((viseme, 0.2), (viseme, 0.2)))
    assert not track[[0, -1]].any(), "or the mouth jumps where chunks are joined"


def babble(seconds: float, rate: float, seed: int) -> list[Segment]:
    rng = np.random.default_rng(seed)
    names = [name for name in VISEMES if name != SILENCE]
    sounds = [(str(rng.choice(names)), float(rng.uniform(0.5, 1.5) / rate)) for _ in range(400)]
    total = np.cumsum([length for _, length in sounds])
    return spoken(*[s for s, end in zip(sounds, total, strict=True) if end < seconds])


@pytest.mark.parametrize("seed", range(3))
def test_no_speech_looks_shouted_or_flaps(seed: int) -> None:
    track = mouthed(babble(9.5, 12, seed))
    assert track[:, JAW].min() >= 0
    assert track[:, JAW].max() <= 0.40
    assert np.abs(np.diff(track[:, JAW])).max() < 0.25, "half mouth widths a frame"
    assert np.percentile(np.abs(np.diff(track[:, JAW])), 90) < 0.12


def test_fast_speech_opens_less_than_slow_speech() -> None:
    syllables = [("TD", 0.4), ("AA", 0.6)]
    slow, fast = (
        mouthed(spoken(*[(name, share * length) for name, share in syllables * 12]))
        for length in (0.3, 0.15)
    )
    assert fast[:, JAW].max() < 0.9 * slow[:, JAW].max()


def test_tracks_are_the_seven_of_a_take_and_lips_press_only_when_they_meet() -> None:
    track = mouthed(POP)
    assert track.shape == (35, len(MOUTH))
    assert track.dtype == np.float32
    assert at(track, 0.42)[PRESS] > 0.9
    assert at(track, 0.6)[PRESS] < 0.1


def test_nothing_to_say_is_said_with_silence() -> None:
    assert not mouthed(spoken((SILENCE, 2.0))).any()
    with pytest.raises(Invalid):
        mouth_track([], 10, 25)
