"""Lip sync's one method, from request to stored take."""

import pytest
from rostrum.lipsync.v1 import lipsync_pb2 as pb
from rostrum.media.v1.media_pb2 import Speech

from services.chassis.errors import Invalid
from services.chassis.media import read_tracks, write_timing
from services.chassis.store import Store
from services.chassis.timeline import MOUTH, SAMPLE_RATE, Phoneme, Timing
from services.lipsync.engines import load
from services.lipsync.stage import methods

SYNC = methods(load())[pb.SyncRequest]


def speech(
    store: Store, rate: int = 25, frames: int = 50, engine: str = "visemes"
) -> pb.SyncRequest:
    count = frames * SAMPLE_RATE // rate
    bounds = [0, count // 4, count // 3, count // 2, count]
    phonemes = tuple(map(Phoneme, ("", "b", "ɑː", ""), bounds, bounds[1:], (0.0, 0.0, 1.0, 0.0)))
    return pb.SyncRequest(
        engine=engine or "visemes",
        speech=Speech(
            timing_digest=write_timing(store, Timing(count, (), phonemes)),
            sample_rate_hertz=SAMPLE_RATE,
            sample_count=count,
            frame_count=frames,
            frame_rate=rate,
        ),
    )


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_a_take_has_a_mouth_for_every_frame(rate: int) -> None:
    store = Store.in_memory()
    take = SYNC(speech(store, rate, 2 * rate), store).take
    assert (take.frame_count, take.frame_rate) == (2 * rate, rate)
    track = read_tracks(store, take.digest, MOUTH)
    assert track.shape == (2 * rate, 7)
    assert track.max() > 0.1


def test_the_same_request_gives_the_same_bytes() -> None:
    stores = Store.in_memory(), Store.in_memory()
    first, again = (SYNC(speech(store), store) for store in stores)
    assert first == again


@pytest.mark.parametrize(
    ("field", "value"), [("sample_count", 95999), ("frame_count", 0), ("frame_rate", 23)]
)
def test_speech_that_is_no_chunk_is_refused(field: str, value: int) -> None:
    store = Store.in_memory()
    request = speech(store)
    setattr(request.speech, field, value)
    with pytest.raises(Invalid):
        SYNC(request, store)


def test_a_chunk_longer_than_ten_seconds_is_refused() -> None:
    store = Store.in_memory()
    with pytest.raises(Invalid, match="SPEECH_LENGTH_INVALID"):
        SYNC(speech(store, frames=251), store)


def test_an_engine_that_is_not_here_is_named() -> None:
    store = Store.in_memory()
    with pytest.raises(Invalid, match="ENGINE_UNKNOWN"):
        SYNC(speech(store, engine="wav2lip"), store)
