"""The stage of speech: a script becomes chunks, and a chunk becomes sound with times."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import numpy as np
from rostrum.media.v1.media_pb2 import Speech
from rostrum.media.v1.media_pb2 import Warning as MediaWarning
from rostrum.speech.v1.speech_pb2 import (
    Chunk,
    ImportRecordingRequest,
    ImportRecordingResponse,
    PlanChunksRequest,
    PlanChunksResponse,
    Pronunciation,
    Recording,
    SynthesizeRequest,
    SynthesizeResponse,
)
from rostrum.speech.v1.speech_pb2 import Voice as AskedVoice

from services.chassis.engines import Engines, Methods
from services.chassis.errors import Invalid
from services.chassis.media import read_audio, write_audio, write_timing
from services.chassis.sandbox import audio_warnings, decode_audio
from services.chassis.store import Store
from services.chassis.timeline import CHUNK_SECONDS, SAMPLE_RATE, Floats, Timing, samples_per_frame
from services.speech.domain import narration
from services.speech.domain.casting import cast
from services.speech.domain.mastering import master
from services.speech.domain.performance import Reading
from services.speech.domain.planning import plan
from services.speech.domain.script import check_pronunciation, check_script
from services.speech.domain.timing import time_chunk
from services.speech.domain.voice import Voice
from services.speech.engines import Engine

PAUSE_LIMIT_MILLISECONDS: Final = 2000


def plan_chunks(
    request: PlanChunksRequest, store: Store, engines: Engines[Engine]
) -> PlanChunksResponse:
    """Cut a script into chunks that each last at most 10 s when spoken, or as they were recorded.

    Raises Invalid for a script, language or voice that cannot be spoken.
    """
    engine = engines.pick(request.engine)
    voice = _voice(engine, request.voice, request.language)
    check_script(request.script, voice.language)
    reading = _reading(engine, voice, request.language, request.pronunciations)
    if request.HasField("recording"):
        return _cut_recording(request, store, reading)
    cuts = plan(request.script, reading, voice.syllables_per_second)
    return PlanChunksResponse(
        chunks=[Chunk(text=cut.text, pause_milliseconds=cut.pause) for cut in cuts]
    )


def synthesize(
    request: SynthesizeRequest, store: Store, engines: Engines[Engine]
) -> SynthesizeResponse:
    """Speak one chunk, or time its recording against the voice's own speech of it.

    Raises Invalid for what cannot be spoken or lasts longer than 10 s.
    """
    engine = engines.pick(request.engine)
    voice = _voice(engine, request.voice, request.language)
    check_script(request.chunk.text, voice.language, "chunk.text")
    reading = _reading(engine, voice, request.language, request.pronunciations)
    frame = samples_per_frame(request.frame_rate)
    if request.chunk.HasField("recording"):
        sound, timing = _recorded(request.chunk, store, reading, frame)
    else:
        sound, timing = _spoken(request.chunk, voice, reading, frame)
    return SynthesizeResponse(
        speech=Speech(
            audio_digest=write_audio(store, sound),
            timing_digest=write_timing(store, timing),
            sample_rate_hertz=SAMPLE_RATE,
            sample_count=timing.sample_count,
            frame_count=timing.sample_count // frame,
            frame_rate=request.frame_rate,
        )
    )


def import_recording(request: ImportRecordingRequest, store: Store) -> ImportRecordingResponse:
    """Check a recorded narration from outside and keep its sound: mono, 48 kHz, about -16 LUFS.

    Raises Invalid for a file that is no sound, cannot be decoded, is silent, too short or too long.
    """
    samples, rate = decode_audio(
        store.intake.get(request.file_digest), request.extension, "recording"
    )
    sound = narration.fit_for_use(samples, rate)
    warnings = audio_warnings(samples, "recording")
    return ImportRecordingResponse(
        recording=Recording(audio_digest=write_audio(store, sound), sample_count=len(sound)),
        warnings=[MediaWarning(reason=w.reason, field=w.field, message=w.remedy) for w in warnings],
    )


def _spoken(chunk: Chunk, voice: Voice, reading: Reading, frame: int) -> tuple[Floats, Timing]:
    performance = reading.perform(chunk.text)
    sounding = -(-performance.end * SAMPLE_RATE // performance.rate)
    sample_count = _sample_count(sounding, chunk.pause_milliseconds, frame)
    raw = performance.samples[: sample_count * performance.rate // SAMPLE_RATE]
    sound = master(raw, performance.rate, voice.tone, voice.gain_decibels)
    return _of_length(sound, sample_count), time_chunk(performance.said, sample_count)


def _recorded(chunk: Chunk, store: Store, reading: Reading, frame: int) -> tuple[Floats, Timing]:
    sound = _stretch_of(chunk.recording, store, "chunk.recording")
    sample_count = _sample_count(len(sound), chunk.pause_milliseconds, frame)
    timing = narration.time_stretch(chunk.text, sound, sample_count, reading)
    return narration.edged(sound, sample_count), timing


def _cut_recording(
    request: PlanChunksRequest, store: Store, reading: Reading
) -> PlanChunksResponse:
    recording = request.recording
    sound = _stretch_of(recording, store, "recording")
    chunks = [
        Chunk(
            text=stretch.text,
            recording=Recording(
                audio_digest=recording.audio_digest,
                start_sample=recording.start_sample + stretch.start,
                sample_count=stretch.sample_count,
            ),
        )
        for stretch in narration.cut(request.script, sound, reading)
    ]
    return PlanChunksResponse(chunks=chunks)


def _stretch_of(recording: Recording, store: Store, field: str) -> Floats:
    sound = read_audio(store, recording.audio_digest)
    end = recording.start_sample + recording.sample_count
    if recording.sample_count == 0 or end > len(sound):
        remedy = f"samples {recording.start_sample} to {end} of {len(sound)}"
        raise Invalid(field, "RECORDING_OUT_OF_RANGE", remedy)
    return sound[recording.start_sample : end]


def _voice(engine: Engine, asked: AskedVoice, language: str) -> Voice:
    voice = cast(engine.voices(), asked.name, language)
    return voice.at(asked.words_per_minute, asked.pitch)


def _reading(
    engine: Engine, voice: Voice, language: str, pronunciations: Iterable[Pronunciation]
) -> Reading:
    dictionary = {}
    for i, one in enumerate(pronunciations):
        check_pronunciation(one.written, one.spoken, voice.language, f"pronunciations[{i}]")
        dictionary[one.written] = one.spoken
    return Reading(language, dictionary, partial(engine.speak, voice=voice))


def _sample_count(sounding: int, pause_milliseconds: int, frame: int) -> int:
    """Return a chunk's length with its pause, in whole frames."""
    if pause_milliseconds > PAUSE_LIMIT_MILLISECONDS:
        remedy = f"at most {PAUSE_LIMIT_MILLISECONDS} ms"
        raise Invalid("chunk.pause_milliseconds", "VALUE_OUT_OF_RANGE", remedy)
    count = -(-(sounding + pause_milliseconds * SAMPLE_RATE // 1000) // frame) * frame
    if count > CHUNK_SECONDS * SAMPLE_RATE:
        remedy = f"it lasts {count / SAMPLE_RATE:.1f} s with its pause; at most {CHUNK_SECONDS} s"
        raise Invalid("chunk.text", "CHUNK_TOO_LONG", remedy)
    return count


def _of_length(sound: Floats, count: int) -> Floats:
    return np.pad(sound[:count], (0, max(count - len(sound), 0)))


def probe(_: Store) -> SynthesizeRequest:
    """Return the smallest real request: a word to say."""
    return SynthesizeRequest(chunk=Chunk(text="Ready."), language="en-GB", frame_rate=25)


def methods(engines: Engines[Engine]) -> Methods:
    """Return what this stage answers."""
    return {
        PlanChunksRequest: lambda request, store: plan_chunks(request, store, engines),
        ImportRecordingRequest: import_recording,
        SynthesizeRequest: lambda request, store: synthesize(request, store, engines),
    }
