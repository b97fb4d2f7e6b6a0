"""A joined video plays from end to end, as loud as promised."""

import io

import av
import numpy as np
import pyloudnorm
import pytest

from services.chassis.timeline import SAMPLE_RATE, Bytes, Floats
from services.compositing.domain.language import three_letters
from services.compositing.domain.programme import Part, assemble, decibels, master, peaks
from services.compositing.engines import joining, soundtrack
from services.compositing.engines.encoder import SegmentEncoder

WIDTH, HEIGHT, BITS = 192, 108, 12
LENGTHS = (61, 1, 2, 25, 130)


def numbered(frame: int) -> Bytes:
    """Return planes whose top row of squares spells the frame's number in binary."""
    planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    planes[:HEIGHT] = (np.arange(WIDTH) + 3 * frame) % 120 + 60
    for bit in range(BITS):
        planes[:32, bit * 16 : bit * 16 + 16] = 235 if frame >> bit & 1 else 16
    return planes


def read_number(planes: Bytes) -> int:
    return sum(1 << bit for bit in range(BITS) if planes[16, bit * 16 + 8] > 128)


def segments(frame_rate: int) -> list[bytes]:
    written, start = [], 0
    for length in LENGTHS:
        with SegmentEncoder(WIDTH, HEIGHT, frame_rate, length) as encoder:
            for frame in range(start, start + length):
                encoder.write(numbered(frame))
            written.append(encoder.finish())
        start += length
    return written


def speechlike(seconds: float, seed: int = 0, crest: float = 1.0) -> Floats:
    """Return noise that comes and goes like syllables."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0, None) ** crest
    return (rng.normal(0, 0.05, time.size) * syllables).astype(np.float32)


@pytest.fixture(scope="module", params=[24, 25, 30])
def video(request: pytest.FixtureRequest) -> tuple[bytes, int, Floats]:
    rate = request.param
    sound = speechlike(sum(LENGTHS) / rate)
    track = soundtrack.make(sound)
    programme = joining.Programme(track.m4a, rate, title='A = "b"; #c\\ ünï', language="dan")
    return joining.join(segments(rate), programme), rate, sound


def test_every_frame_comes_once_in_order_and_on_time(video: tuple[bytes, int, Floats]) -> None:
    data, rate, _ = video
    with av.open(io.BytesIO(data)) as file:
        frames = list(file.decode(video=0))
    shown = [read_number(frame.to_ndarray(format="yuv420p")) for frame in frames]
    assert shown == list(range(sum(LENGTHS)))
    assert [frame.time for frame in frames] == pytest.approx([n / rate for n in shown])


def test_decoding_never_goes_back_in_time(video: tuple[bytes, int, Floats]) -> None:
    with av.open(io.BytesIO(video[0])) as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
    steps = np.diff([packet.dts for packet in packets])
    assert set(steps.tolist()) == {90_000 // video[1]}, "players stutter at an uneven clock"


def test_sound_and_picture_begin_and_end_together(video: tuple[bytes, int, Floats]) -> None:
    data, rate, sound = video
    with av.open(io.BytesIO(data)) as file:
        picture, audio = file.streams.video[0], file.streams.audio[0]
        assert picture.start_time == audio.start_time == 0
        assert audio.duration == len(sound)
        assert picture.duration * picture.time_base * rate == sum(LENGTHS)
        heard = np.concatenate([f.to_ndarray() for f in file.decode(audio=0)], axis=1)[0]
    window = slice(SAMPLE_RATE, 2 * SAMPLE_RATE)
    lags = range(-60, 61)
    match = [float(heard[window] @ np.roll(sound, lag)[window]) for lag in lags]
    assert lags[int(np.argmax(match))] == 0, "the encoder's start-up samples must not be heard"


def test_the_file_says_what_it_is(video: tuple[bytes, int, Floats]) -> None:
    data, rate, _ = video
    with av.open(io.BytesIO(data)) as file:
        assert file.metadata["title"] == 'A = "b"; #c\\ ünï'
        assert "creation_time" not in file.metadata
        assert [stream.metadata["language"] for stream in file.streams] == ["dan", "dan"]
        assert file.streams.video[0].average_rate == rate
        audio = file.streams.audio[0]
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", SAMPLE_RATE, 2)
        assert audio.bit_rate >= 160_000
    assert data.find(b"moov") < data.find(b"mdat"), "playback starts before the file is loaded"


@pytest.mark.parametrize(
    "sound",
    [
        speechlike(5.0),
        speechlike(5.0, crest=4.0) * 0.1,
        np.clip(speechlike(5.0, crest=8.0) * 60, -1, 1),
        speechlike(0.3),
    ],
    ids=["usual", "faint and peaky", "clipped", "shorter than the meter's window"],
)
def test_what_is_heard_is_as_loud_as_promised(sound: Floats) -> None:
    track = soundtrack.make(sound)
    heard = soundtrack.decode(track.m4a)
    assert abs(track.level.loudness_lufs + 16) <= 0.5
    assert track.level.true_peak_dbtp <= -1
    assert np.array_equal(heard[:, 0], heard[:, 1]), "a mono voice stands in the middle"
    assert decibels(float(peaks(np.ascontiguousarray(heard[:, 0])).max())) <= -1


def test_loudness_agrees_with_another_meter() -> None:
    sound = np.repeat(speechlike(6.0)[:, None], 2, axis=1)
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    assert soundtrack.measure(sound).loudness_lufs == pytest.approx(
        meter.integrated_loudness(sound), abs=0.1
    )


def test_silence_stays_silent() -> None:
    track = soundtrack.make(np.zeros(SAMPLE_RATE, np.float32))
    assert np.abs(soundtrack.decode(track.m4a)).max() < 1e-4


def test_the_same_sound_gives_the_same_track() -> None:
    assert soundtrack.make(speechlike(2.0)).m4a == soundtrack.make(speechlike(2.0)).m4a


def test_the_limiter_holds_the_ceiling_and_leaves_the_rest_alone() -> None:
    sound = speechlike(2.0) * 0.3
    sound[SAMPLE_RATE] = 1.0
    mastered = master(sound, peaks(sound), 0.0, -1.5)
    held = mastered.sound
    assert mastered.is_limited
    assert decibels(float(peaks(held).max())) <= -1.5 + 1e-3
    assert np.array_equal(held[: SAMPLE_RATE // 2], sound[: SAMPLE_RATE // 2])


def test_a_true_peak_between_samples_is_seen() -> None:
    time = np.arange(4800)
    tone = np.sin(2 * np.pi * time / 4 + np.pi / 4).astype(np.float32)
    assert np.abs(tone).max() < 0.71
    assert peaks(tone)[100:-100].max() == pytest.approx(1.0, abs=0.02)


def test_silences_are_exactly_as_long_as_their_frames() -> None:
    part = Part(np.ones(10, np.float32), lead_samples=3, tail_samples=2)
    assert assemble([part, part]).tolist() == ([0] * 3 + [1] * 10 + [0] * 2) * 2


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en-GB", "eng"), ("de", "deu"), ("el-GR", "ell"), ("yue", "yue"), ("", "und"), ("xx", "und")],
)
def test_languages_are_named_as_mp4_names_them(tag: str, code: str) -> None:
    assert three_letters(tag) == code
