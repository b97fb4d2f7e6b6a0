"""A narration from outside is made fit to use, cut in its pauses, and timed like our own speech."""

import io
from dataclasses import dataclass

import numpy as np
import pyloudnorm
import pytest
import soundfile
from rostrum.speech.v1.speech_pb2 import (
    Chunk,
    ImportRecordingRequest,
    ImportRecordingResponse,
    PlanChunksRequest,
    Recording,
    SynthesizeRequest,
    Voice,
)

from services.chassis.errors import Invalid
from services.chassis.media import read_audio, read_timing
from services.chassis.store import Store
from services.chassis.timeline import Floats, Timing
from services.speech.domain.loudness import loudness
from services.speech.engines import load
from services.speech.stage import import_recording, plan_chunks, synthesize

ENGINES = load()
SCRIPT = """The city council voted tonight to extend the tram line to the harbour. Heavy rain has
closed the coastal road, between the lighthouse and the old mill, for the rest of this week.

Drivers are asked to use the motorway instead. Good night."""
SILENCE_BEFORE = 30_000


def speak(chunk: Chunk, store: Store, voice: Voice) -> tuple[Floats, Timing]:
    request = SynthesizeRequest(chunk=chunk, language="en", voice=voice, frame_rate=25)
    speech = synthesize(request, store, ENGINES).speech
    return read_audio(store, speech.audio_digest), read_timing(store, speech.timing_digest)


def imported(store: Store, sound: Floats, rate: int = 48_000) -> ImportRecordingResponse:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format="WAV", subtype="FLOAT")
    digest = store.intake.put(file.getvalue())
    return import_recording(ImportRecordingRequest(file_digest=digest, extension="wav"), store)


@dataclass(frozen=True)
class Narrated:
    """Somebody else's reading of the script, slower, quieter, in a noisy room."""

    sound: Floats
    words: list[tuple[str, float]]


@pytest.fixture(scope="module")
def narrated() -> Narrated:
    store = Store.in_memory()
    voice = Voice(name="en-gb-male", words_per_minute=150)
    planned = plan_chunks(
        PlanChunksRequest(script=SCRIPT, language="en", voice=voice), store, ENGINES
    )
    sounds, words, at = [np.zeros(SILENCE_BEFORE, np.float32)], [], SILENCE_BEFORE
    for chunk in planned.chunks:
        sound, timing = speak(chunk, store, voice)
        words += [(word.text, (word.start + at) / 48_000) for word in timing.words]
        sounds.append(sound)
        at += len(sound)
    whole = np.concatenate(sounds) * 0.2
    noise = np.random.default_rng(0).normal(0, 0.001, len(whole))
    return Narrated((whole + noise).astype(np.float32), words)


def test_words_of_a_recording_are_timed_and_chunks_are_the_script(narrated: Narrated) -> None:
    store = Store.in_memory()
    recording = imported(store, narrated.sound).recording
    request = PlanChunksRequest(script=SCRIPT, language="en-US", recording=recording)
    chunks = plan_chunks(request, store, ENGINES).chunks
    assert " ".join(" ".join(chunk.text for chunk in chunks).split()) == " ".join(SCRIPT.split())
    found = []
    for chunk in chunks:
        sound, timing = speak(chunk, store, Voice())
        assert len(sound) == timing.sample_count <= 480_000
        assert timing.phonemes[0].start == 0
        assert timing.phonemes[-1].end == timing.sample_count
        start = chunk.recording.start_sample
        found += [(word.text, (word.start + start) / 48_000) for word in timing.words]
    assert [word for word, _ in found] == [word for word, _ in narrated.words]
    errors = [abs(a - b) for (_, a), (_, b) in zip(found, narrated.words, strict=True)]
    assert np.percentile(errors, 90) < 0.04, "captions and lips would run beside the voice"


def test_an_imported_recording_is_mono_48_khz_and_as_loud_as_ours(narrated: Narrated) -> None:
    store = Store.in_memory()
    stereo = np.stack([narrated.sound[::2]] * 2, axis=1)
    answer = imported(store, stereo, 24_000)
    sound = read_audio(store, answer.recording.audio_digest).astype(np.float64)
    assert len(sound) == answer.recording.sample_count == 2 * len(stereo)
    assert abs(pyloudnorm.Meter(48_000).integrated_loudness(sound) + 16) < 0.5
    assert not answer.warnings


def test_clipping_is_told_but_accepted() -> None:
    tone = np.clip(np.sin(np.arange(96_000) / 40) * 4, -1, 1).astype(np.float32)
    assert [w.reason for w in imported(Store.in_memory(), tone).warnings] == ["AUDIO_CLIPPED"]


@pytest.mark.parametrize(
    ("seconds", "level", "reason"), [(2, 0.0, "AUDIO_SILENT"), (0.02, 0.5, "AUDIO_TOO_SHORT")]
)
def test_what_is_no_narration_is_refused(seconds: float, level: float, reason: str) -> None:
    tone = np.full(round(seconds * 48_000), level, np.float32)
    with pytest.raises(Invalid) as refused:
        imported(Store.in_memory(), tone)
    assert [(v.field, v.reason) for v in refused.value.violations] == [("recording", reason)]


def test_a_recording_of_something_else_is_refused(narrated: Narrated) -> None:
    store = Store.in_memory()
    recording = imported(store, narrated.sound).recording
    request = PlanChunksRequest(script="Good night.", language="en", recording=recording)
    with pytest.raises(Invalid, match="RECORDING_SCRIPT_MISMATCH"):
        plan_chunks(request, store, ENGINES)


def test_a_stretch_beyond_the_recordings_end_is_refused(narrated: Narrated) -> None:
    store = Store.in_memory()
    recording = Recording(
        audio_digest=imported(store, narrated.sound).recording.audio_digest,
        start_sample=len(narrated.sound),
        sample_count=10,
    )
    with pytest.raises(Invalid, match="RECORDING_OUT_OF_RANGE"):
        speak(Chunk(text="Hello.", recording=recording), store, Voice())


def test_loudness_is_what_the_standard_says() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 480_000)
    noise[:240_000] *= 0.01
    assert loudness(noise) == pytest.approx(
        pyloudnorm.Meter(48_000).integrated_loudness(noise), abs=0.1
    )
