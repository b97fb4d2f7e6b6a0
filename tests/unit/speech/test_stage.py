"""What the director gets when it asks speech for chunks and sound."""

import json
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
from rostrum.speech.v1.speech_pb2 import (
    Chunk,
    PlanChunksRequest,
    PlanChunksResponse,
    Pronunciation,
    SynthesizeRequest,
    Voice,
)

from services.chassis.errors import Invalid
from services.chassis.media import read_audio, read_timing
from services.chassis.store import Store
from services.chassis.timeline import Floats, Timing
from services.speech.engines import load
from services.speech.engines.voices import VOICES
from services.speech.stage import plan_chunks, synthesize

ENGINES = load()
COPY = json.loads(Path(__file__).with_name("news_copy.json").read_text(encoding="utf-8"))
JOB = """Hello! Dr. Smith's team at ACME Wind Inc. is hiring a Senior CNC Machinist & TIG Welder
(m/f/d) in Köln, Germany. The salary is €52,000 – 61,000 a year, plus 30 days' holiday.

You bring 3+ years of experience, a GWO certificate, and good C++ or C# skills, since the machines
that you look after were programmed by three generations of engineers who never wrote it down.

Apply by 21 November 2026 at https://jobs.example.com/wind?id=42 or write to hr@example.com."""


def plan(script: str, language: str = "en-US", **voice: object) -> PlanChunksResponse:
    request = PlanChunksRequest(script=script, language=language, voice=Voice(**voice))
    return plan_chunks(request, Store.in_memory(), ENGINES)


def spoken(text: str, language: str = "en-US", **fields: object) -> tuple[Floats, Timing]:
    store = Store.in_memory()
    chunk = Chunk(text=text, pause_milliseconds=int(fields.pop("pause", 360)))
    fields = {"frame_rate": 25, **fields}
    request = SynthesizeRequest(chunk=chunk, language=language, **fields)
    speech = synthesize(request, store, ENGINES).speech
    sound, timing = read_audio(store, speech.audio_digest), read_timing(store, speech.timing_digest)
    assert len(sound) == timing.sample_count == speech.sample_count
    assert speech.frame_count * 48_000 == speech.sample_count * speech.frame_rate
    return sound, timing


def reasons(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(one.field, one.reason) for one in refused.value.violations]


def test_joined_by_spaces_the_chunks_are_the_script() -> None:
    chunks = plan(JOB).chunks
    assert " ".join(" ".join(chunk.text for chunk in chunks).split()) == " ".join(JOB.split())


def test_every_chunk_can_be_spoken_within_ten_seconds() -> None:
    for chunk in plan(JOB, words_per_minute=150).chunks:
        voice = Voice(words_per_minute=150)
        sound, timing = spoken(chunk.text, pause=chunk.pause_milliseconds, voice=voice)
        assert len(sound) <= 480_000
        assert [word.text for word in timing.words] == chunk.text.split()


def test_one_changed_sentence_of_a_long_script_changes_at_most_three_chunks() -> None:
    script = "\n\n".join([COPY["en"], JOB, COPY["en"].replace("harbour", "airport")])
    edited = script.replace("Construction is expected to begin", "Work is due to start", 1)
    before = {chunk.text for chunk in plan(script).chunks}
    after = [chunk.text for chunk in plan(edited).chunks]
    assert 1 <= sum(text not in before for text in after) <= 3


def test_the_same_chunk_has_the_same_bytes_whatever_was_spoken_before() -> None:
    first, _ = spoken("The tram line is growing.")
    spoken("Ganz andere Worte, mit anderer Stimme!", "de")
    again, _ = spoken("The tram line is growing.")
    assert np.array_equal(first, again)


def test_phonemes_begin_when_the_sound_does() -> None:
    sound, timing = spoken("Good evening.\n\nPeople talk.")
    silence = max((p for p in timing.phonemes if not p.ipa), key=lambda p: p.end - p.start)
    after = np.abs(sound[silence.end - 960 : silence.end + 4800]) > 0.01
    assert abs(int(after.argmax()) - 960) <= 480, "the mouth would open at the wrong time"


def test_times_are_whole_and_in_order() -> None:
    _, timing = spoken("Pay is €1,234,567.89 (see https://jobs.example.com/wind) today.")
    edges = [edge for one in timing.phonemes for edge in (one.start, one.end)]
    assert edges[0] == 0
    assert edges[-1] == timing.sample_count
    assert edges == sorted(edges)
    assert all(a.end == b.start for a, b in zip(timing.phonemes, timing.phonemes[1:], strict=False))
    assert all(a.end <= b.start for a, b in zip(timing.words, timing.words[1:], strict=False))
    seconds = {word.text: (word.end - word.start) / 48_000 for word in timing.words}
    assert seconds["€1,234,567.89"] > 3.5, "one caption word stands as long as it is spoken"
    assert seconds["https://jobs.example.com/wind)"] > 2
    assert seconds["is"] < 0.3


@pytest.mark.parametrize("frame_rate", [24, 25, 30])
def test_the_pause_is_there_and_sound_lasts_whole_frames(frame_rate: int) -> None:
    sound, timing = spoken("Good night.", frame_rate=frame_rate, pause=650)
    tail = timing.phonemes[-1]
    assert not tail.ipa
    assert 31_200 <= tail.end - tail.start <= 31_200 + 48_000 // frame_rate + 1
    assert np.abs(sound[-9600:]).max() < 1e-3


@pytest.mark.parametrize("name", ["en-us-female", "en-gb-male"])
def test_a_programme_is_as_loud_as_promised_and_joins_without_clicks(name: str) -> None:
    voice = Voice(name=name)
    chunks = plan(COPY["en"], name=name).chunks
    sounds = [spoken(one.text, voice=voice, pause=one.pause_milliseconds)[0] for one in chunks]
    programme = np.concatenate(sounds).astype(np.float64)
    assert abs(pyloudnorm.Meter(48_000).integrated_loudness(programme) + 16) < 0.7
    assert max(abs(sound[[0, -1]]).max() for sound in sounds) < 0.003
    assert abs(programme.mean()) < 1e-4
    words_a_minute = len(COPY["en"].split()) / len(programme) * 2_880_000
    assert 160 <= words_a_minute <= 180


def test_words_a_minute_are_what_the_order_asks_for() -> None:
    fast, slow = (
        len(spoken(COPY["en"][:110], voice=Voice(words_per_minute=asked), pause=0)[0])
        for asked in (210, 140)
    )
    assert slow / fast == pytest.approx(210 / 140, rel=0.06)


@pytest.mark.parametrize("voice", VOICES[::2], ids=lambda voice: voice.name)
def test_every_language_is_spoken(voice: object) -> None:
    text = COPY[voice.language[:2]].split(".")[1].strip() + "."
    sound, timing = spoken(text, voice.language, voice=Voice(name=voice.name))
    assert np.abs(sound).max() > 0.3
    assert [word.text for word in timing.words] == text.split()
    assert sum(bool(one.ipa) for one in timing.phonemes) > 40


def test_a_channels_pronunciation_is_spoken() -> None:
    says = [Pronunciation(written="GWO", spoken="gee woe")]
    _, plain = spoken("GWO")
    _, own = spoken("GWO", pronunciations=says)
    assert plain.phonemes != own.phonemes
    assert own.words[0].text == "GWO"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"script": "a" * 20_000}, ("script", "SCRIPT_UNSPLITTABLE")),
        ({"script": "banana" * 60}, ("script", "SCRIPT_UNSPLITTABLE")),
        ({"script": "🎉"}, ("script", "LANGUAGE_UNSUPPORTED")),
        ({"script": "你好"}, ("script", "LANGUAGE_UNSUPPORTED")),
        ({"language": "ja"}, ("language", "LANGUAGE_UNSUPPORTED")),
        ({"voice": Voice(name="bob")}, ("voice.name", "VOICE_UNKNOWN")),
        ({"voice": Voice(name="de-male")}, ("voice.name", "VOICE_LANGUAGE_MISMATCH")),
        ({"voice": Voice(words_per_minute=999)}, ("voice.words_per_minute", "VALUE_OUT_OF_RANGE")),
        ({"engine": "kokoro"}, ("engine", "ENGINE_UNKNOWN")),
        (
            {"pronunciations": [Pronunciation(written="GWO", spoken="gee\x00woe")]},
            ("pronunciations[0].spoken", "SCRIPT_CONTROL_CHARS"),
        ),
        (
            {"pronunciations": [Pronunciation(written=" ", spoken="gee")]},
            ("pronunciations[0].written", "PRONUNCIATION_INVALID"),
        ),
    ],
)
def test_what_cannot_be_planned_is_said_by_field(
    fields: dict[str, object], expected: tuple[str, str]
) -> None:
    request = PlanChunksRequest(**{"script": "Hello.", "language": "en", **fields})
    with pytest.raises(Invalid) as refused:
        plan_chunks(request, Store.in_memory(), ENGINES)
    assert reasons(refused) == [expected]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"frame_rate": 23}, ("frame_rate", "FPS_INVALID")),
        ({"pause": 2001}, ("chunk.pause_milliseconds", "VALUE_OUT_OF_RANGE")),
        ({"text": "word " * 60}, ("chunk.text", "CHUNK_TOO_LONG")),
        ({"text": "<b>Hi</b>"}, ("chunk.text", "SCRIPT_MARKUP_NOT_ALLOWED")),
    ],
)
def test_what_cannot_be_spoken_is_said_by_field(
    fields: dict[str, object], expected: tuple[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        spoken(**{"text": "Hello.", **fields})
    assert reasons(refused) == [expected]
