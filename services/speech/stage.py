"""The stage of speech: a script becomes chunks, and a chunk becomes sound with times."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from rostrum.media.v1.media_pb2 import Speech
from rostrum.speech.v1.speech_pb2 import (
    Chunk,
    ImportRecordingRequest,
    ImportRecordingResponse,
    PlanChunksRequest,
    PlanChunksResponse,
    Pronunciation,
    SynthesizeRequest,
    SynthesizeResponse,
)
from rostrum.speech.v1.speech_pb2 import Voice as AskedVoice

from services.chassis.engines import Engines, Methods
from services.chassis.errors import Invalid
from services.chassis.media import write_audio, write_timing
from services.chassis.store import Store
from services.chassis.timeline import CHUNK_SECONDS, SAMPLE_RATE, Floats, samples_per_frame
from services.speech.domain.casting import cast
from services.speech.domain.mastering import master
from services.speech.domain.performance import Performance, Reading
from services.speech.domain.planning import plan
from services.speech.domain.script import check_script
from services.speech.domain.timing import time_chunk
from services.speech.domain.voice import Voice
from services.speech.engines import Engine

PAUSE_LIMIT_MILLISECONDS = 2000


def plan_chunks(
    request: PlanChunksRequest, store: Store, engines: Engines[Engine]
) -> PlanChunksResponse:
    """Cut a script into chunks that each last at most 10 s when its voice speaks them.

    Raises Invalid for a script, language or voice that cannot be spoken.
    """
    engine = engines.pick(request.engine)
    voice = _voice(engine, request.voice, request.language)
    check_script(request.script, voice.language)
    reading = _reading(engine, voice, request.language, request.pronunciations)
    cuts = plan(request.script, reading, voice.syllables_per_second)
    return PlanChunksResponse(
        chunks=[Chunk(text=cut.text, pause_milliseconds=cut.pause) for cut in cuts]
    )


def synthesize(
    request: SynthesizeRequest, store: Store, engines: Engines[Engine]
) -> SynthesizeResponse:
    """Speak one chunk. Raises Invalid for what cannot be spoken or lasts longer than 10 s."""
    engine = engines.pick(request.engine)
    voice = _voice(engine, request.voice, request.language)
    check_script(request.chunk.text, voice.language, "chunk.text")
    reading = _reading(engine, voice, request.language, request.pronunciations)
    performance = reading.perform(request.chunk.text)
    frame = samples_per_frame(request.frame_rate)
    sample_count = _sample_count(performance, request.chunk.pause_milliseconds, frame)
    raw = performance.samples[: sample_count * performance.rate // SAMPLE_RATE]
    sound = master(raw, performance.rate, voice.tone, voice.gain_decibels)
    timing = time_chunk(performance.said, sample_count)
    return SynthesizeResponse(
        speech=Speech(
            audio_digest=write_audio(store, _of_length(sound, sample_count)),
            timing_digest=write_timing(store, timing),
            sample_rate_hertz=SAMPLE_RATE,
            sample_count=sample_count,
            frame_count=sample_count // frame,
            frame_rate=request.frame_rate,
        )
    )


def _voice(engine: Engine, asked: AskedVoice, language: str) -> Voice:
    voice = cast(engine.voices(), asked.name, language)
    return voice.at(asked.words_per_minute, asked.pitch)


def _reading(
    engine: Engine, voice: Voice, language: str, pronunciations: Iterable[Pronunciation]
) -> Reading:
    dictionary = {one.written: one.spoken for one in pronunciations}
    return Reading(language, dictionary, partial(engine.speak, voice=voice))


def _sample_count(performance: Performance, pause_milliseconds: int, frame: int) -> int:
    """Return the chunk's length with its pause, in whole frames."""
    if pause_milliseconds > PAUSE_LIMIT_MILLISECONDS:
        remedy = f"at most {PAUSE_LIMIT_MILLISECONDS} ms"
        raise Invalid("chunk.pause_milliseconds", "VALUE_OUT_OF_RANGE", remedy)
    sounding = -(-performance.end * SAMPLE_RATE // performance.rate)
    count = -(-(sounding + pause_milliseconds * SAMPLE_RATE // 1000) // frame) * frame
    if count > CHUNK_SECONDS * SAMPLE_RATE:
        remedy = f"it lasts {count / SAMPLE_RATE:.1f} s with its pause; at most {CHUNK_SECONDS} s"
        raise Invalid("chunk.text", "CHUNK_TOO_LONG", remedy)
    return count


def _of_length(sound: Floats, count: int) -> Floats:
    return np.pad(sound[:count], (0, max(count - len(sound), 0)))


def import_recording(
    request: ImportRecordingRequest, store: Store, engines: Engines[Engine]
) -> ImportRecordingResponse:
    """Keep the sound of a file from outside. Raises Invalid: none can be taken in yet."""
    raise Invalid("recording", "RECORDING_UNSUPPORTED", "leave it out: the voice speaks")


def methods(engines: Engines[Engine]) -> Methods:
    """Return what this stage answers."""
    return {
        PlanChunksRequest: lambda request, store: plan_chunks(request, store, engines),
        ImportRecordingRequest: lambda request, store: import_recording(request, store, engines),
        SynthesizeRequest: lambda request, store: synthesize(request, store, engines),
    }
