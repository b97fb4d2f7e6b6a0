"""Motion's methods, from request to stored tracks."""

import numpy as np
import pytest
from rostrum.media.v1.media_pb2 import Speech, Tracks
from rostrum.motion.v1 import motion_pb2 as pb

from services.chassis.errors import Invalid
from services.chassis.media import read_tracks, write_audio, write_timing, write_tracks
from services.chassis.store import Store
from services.chassis.timeline import Phoneme, Timing
from services.motion.engines import load
from services.motion.stage import methods

ANSWER = methods(load())


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_a_loop_has_the_frames_that_were_asked_for(store: Store, rate: int) -> None:
    request = pb.MakeLoopRequest(frame_rate=rate, frame_count=10 * rate, engine="tracks")
    loop = ANSWER[pb.MakeLoopRequest](request, store).loop.tracks
    assert (loop.frame_count, loop.frame_rate) == (10 * rate, rate)
    assert read_tracks(store, loop.digest).shape == (10 * rate, 12)


def test_the_same_request_gives_the_same_bytes(store: Store) -> None:
    request = pb.MakeLoopRequest(frame_rate=25, frame_count=250, engine="tracks", seed=7)
    first, again = (ANSWER[pb.MakeLoopRequest](request, store) for _ in range(2))
    assert first == again
    request.seed = 8
    assert ANSWER[pb.MakeLoopRequest](request, store) != first


def test_a_template_of_another_rate_is_brought_to_the_loops(store: Store) -> None:
    tracks = np.zeros((60, 12), np.float32)
    tracks[:, 1] = 3 * np.sin(np.arange(60) / 8)
    template = Tracks(digest=write_tracks(store, tracks), frame_count=60, frame_rate=30)
    request = pb.MakeLoopRequest(template=template, frame_rate=25, frame_count=500, engine="tracks")
    loop = ANSWER[pb.MakeLoopRequest](request, store).loop.tracks
    assert read_tracks(store, loop.digest)[:, 1].std() > 1


@pytest.mark.parametrize(
    ("rate", "count", "reason"),
    [(23, 100, "FPS_INVALID"), (25, 0, "LOOP_LENGTH_INVALID"), (25, 7201, "LOOP_LENGTH_INVALID")],
)
def test_a_loop_out_of_bounds_is_refused(store: Store, rate: int, count: int, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        ANSWER[pb.MakeLoopRequest](
            pb.MakeLoopRequest(frame_rate=rate, frame_count=count, engine="tracks"), store
        )
    assert caught.value.violations[0].reason == reason


def test_accents_last_as_long_as_their_speech(store: Store) -> None:
    bounds = (0, 24000, 38400, 96000)
    phonemes = tuple(map(Phoneme, ("", "ɑː", ""), bounds, bounds[1:], (0, 1, 0)))
    speech = Speech(
        audio_digest=write_audio(store, np.zeros(96000, np.float32)),
        timing_digest=write_timing(store, Timing(96000, (), phonemes)),
        sample_rate_hertz=48000,
        sample_count=96000,
        frame_count=50,
        frame_rate=25,
    )
    answer = ANSWER[pb.AccentsRequest](pb.AccentsRequest(engine="tracks", speech=speech), store)
    tracks = read_tracks(store, answer.accents.digest)
    assert tracks.shape == (50, 12)
    assert tracks.any()
    speech.frame_count = 49
    with pytest.raises(Invalid):
        ANSWER[pb.AccentsRequest](pb.AccentsRequest(engine="tracks", speech=speech), store)
