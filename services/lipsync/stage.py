"""Lip sync: what the mouth does while a chunk is spoken."""

from __future__ import annotations

from functools import partial

from rostrum.lipsync.v1 import lipsync_pb2 as pb
from rostrum.media.v1.media_pb2 import Speech, Take

from services.chassis.engines import Engines, Methods
from services.chassis.errors import Invalid
from services.chassis.media import read_timing, write_timing, write_tracks
from services.chassis.store import Store
from services.chassis.timeline import (
    CHUNK_SECONDS,
    MOUTH,
    SAMPLE_RATE,
    Phoneme,
    Timing,
    samples_per_frame,
)
from services.lipsync.engines import LipsyncEngine


def sync(request: pb.SyncRequest, store: Store, engines: Engines[LipsyncEngine]) -> pb.SyncResponse:
    """Make one take: the mouth of every frame of a chunk.

    Same request, same bytes. Raises Invalid where the speech is not whole frames of a chunk.
    """
    speech = request.speech
    check(speech)
    engine = engines.pick(request.engine)
    timing = read_timing(store, speech.timing_digest)
    take = engine.take(timing, speech.frame_count, speech.frame_rate)
    return pb.SyncResponse(
        take=Take(
            digest=write_tracks(store, take, MOUTH),
            frame_count=speech.frame_count,
            frame_rate=speech.frame_rate,
        )
    )


def check(speech: Speech) -> None:
    """Raise Invalid unless the speech lasts whole frames and no longer than a chunk."""
    expected = speech.frame_count * samples_per_frame(speech.frame_rate)
    if speech.sample_count != expected:
        remedy = f"{speech.frame_count} frames are {expected} samples, not {speech.sample_count}"
        raise Invalid("speech.sample_count", "SPEECH_LENGTH_INVALID", remedy)
    if not 1 <= speech.frame_count <= CHUNK_SECONDS * speech.frame_rate:
        remedy = f"a chunk has 1 to {CHUNK_SECONDS * speech.frame_rate} frames"
        raise Invalid("speech.frame_count", "SPEECH_LENGTH_INVALID", remedy)


def probe(store: Store) -> pb.SyncRequest:
    """Return the smallest real request, with what it reads put into the store: a second of "a"."""
    timing = Timing(SAMPLE_RATE, (), (Phoneme("a", 0, SAMPLE_RATE, 1.0),))
    return pb.SyncRequest(
        speech=Speech(
            timing_digest=write_timing(store, timing),
            sample_rate_hertz=SAMPLE_RATE,
            sample_count=SAMPLE_RATE,
            frame_count=25,
            frame_rate=25,
        )
    )


def methods(engines: Engines[LipsyncEngine]) -> Methods:
    """Return what this stage answers."""
    return {pb.SyncRequest: partial(sync, engines=engines)}
