"""What callers hand in is read by Import methods alone: to every other method it is not there."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from google.protobuf.message import Message
from rostrum.compositing.v1 import compositing_pb2 as compositing
from rostrum.lipsync.v1 import lipsync_pb2 as lipsync
from rostrum.media.v1 import media_pb2
from rostrum.motion.v1 import motion_pb2 as motion
from rostrum.speech.v1 import speech_pb2 as speech

from services.chassis import media, pictures
from services.chassis.blobs import Blobs
from services.chassis.errors import Corrupt, Invalid
from services.chassis.fields import digests_in
from services.chassis.store import Store
from services.chassis.timeline import MOUTH, SAMPLE_RATE, Timing
from services.compositing import stage as compositing_stage
from services.restoration import stage as restoration_stage

RATE, FRAMES = 25, 100
PIXELS = np.full((64, 64, 4), 100, np.uint8)


def rig(store: Store) -> media_pb2.Rig:
    return restoration_stage.probe(store).rig


def tracks(store: Store, seed: float = 0.0) -> media_pb2.Tracks:
    digest = media.write_tracks(store, np.full((FRAMES, 12), seed, np.float32))
    return media_pb2.Tracks(digest=digest, frame_count=FRAMES, frame_rate=RATE)


def spoken(store: Store) -> media_pb2.Speech:
    samples = FRAMES * SAMPLE_RATE // RATE
    return media_pb2.Speech(
        audio_digest=media.write_audio(store, np.sin(np.arange(samples, dtype=np.float32) / 20)),
        timing_digest=media.write_timing(store, Timing(samples, (), ())),
        sample_rate_hertz=SAMPLE_RATE,
        sample_count=samples,
        frame_count=FRAMES,
        frame_rate=RATE,
    )


def recording(store: Store) -> speech.Recording:
    return speech.Recording(audio_digest=spoken(store).audio_digest, sample_count=SAMPLE_RATE)


def scene(store: Store) -> compositing.Scene:
    scene = compositing_stage.probe(store).scene
    scene.brand.logo_digest = pictures.write_picture(store, PIXELS)
    return scene


def build_rig(store: Store) -> Message:
    portrait = media_pb2.Portrait(digest=pictures.write_picture(store, PIXELS))
    return motion.BuildRigRequest(portrait=portrait)


def make_loop(store: Store) -> Message:
    return motion.MakeLoopRequest(template=tracks(store), frame_rate=RATE, frame_count=FRAMES)


def accents(store: Store) -> Message:
    return motion.AccentsRequest(speech=spoken(store))


def plan(store: Store) -> Message:
    script = speech.PlanChunksRequest(script="Good evening.", language="en-GB")
    script.recording.CopyFrom(recording(store))
    return script


def synthesize(store: Store) -> Message:
    chunk = speech.Chunk(text="Good evening.", recording=recording(store))
    return speech.SynthesizeRequest(chunk=chunk, language="en-GB", frame_rate=RATE)


def sync(store: Store) -> Message:
    said = spoken(store)
    said.ClearField("audio_digest")  # which lip sync does not read
    return lipsync.SyncRequest(speech=said)


def check_scene(store: Store) -> Message:
    request = compositing_stage.probe(store)
    request.scene.CopyFrom(scene(store))
    return request


def composite(store: Store) -> Message:
    take = media.write_tracks(store, np.zeros((FRAMES, len(MOUTH)), np.float32), MOUTH)
    return compositing.CompositeRequest(
        rig=rig(store),
        loop=media_pb2.Loop(tracks=tracks(store)),
        take=media_pb2.Take(digest=take, frame_count=FRAMES, frame_rate=RATE),
        accents=tracks(store, 0.5),
        timing_digest=spoken(store).timing_digest,
        scene=scene(store),
        formats=[media_pb2.Format(aspect="16:9", height=360)],
        frame_rate=RATE,
    )


def join(store: Store) -> Message:
    said = spoken(store)
    said.ClearField("timing_digest")  # which is read when the pictures are joined
    return compositing.JoinRequest(
        rig=rig(store),
        chunks=[compositing.JoinedChunk(speech=said, segment_digests=[store.put(b"pictures")])],
        scene=scene(store),
        formats=[media_pb2.Format(aspect="16:9", height=360)],
        frame_rate=RATE,
        title="Ready",
        language="en-GB",
    )


REQUESTS = {
    "motion": (build_rig, make_loop, accents),
    "speech": (plan, synthesize),
    "lipsync": (sync,),
    "restoration": (restoration_stage.probe,),
    "compositing": (check_scene, composite, join),
}


def cases() -> Iterator[object]:
    for word, makers in REQUESTS.items():
        for make in makers:
            for number in range(len(digests_in(make(Store.in_memory())))):
                yield pytest.param(word, make, number, id=f"{word}-{make.__name__}-{number}")


def answer(word: str, request: Message, store: Store) -> Message:
    stage = importlib.import_module(f"services.{word}.stage")
    engines = importlib.import_module(f"services.{word}.engines").load()
    return stage.methods(engines)[type(request)](request, store)


@pytest.mark.parametrize(("word", "make", "number"), list(cases()))
def test_a_file_that_was_handed_in_is_nothing_that_a_stage_wrote(
    word: str, make: Callable[[Store], Message], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.in_memory("house")
    request = make(store)
    digest = digests_in(request)[number]
    store.intake.put(store.get(digest))
    store.delete(digest)
    read: list[str] = []
    seen = Blobs.read

    def watched(blobs: Blobs, path: str) -> bytes | None:
        read.append(path)
        return seen(blobs, path)

    monkeypatch.setattr(Blobs, "read", watched)
    with pytest.raises(Corrupt) as caught:
        answer(word, request, store)
    assert (caught.value.digest, caught.value.reason) == (digest, "ASSET_NOT_FOUND")
    assert f"house/objects/{digest}" in read, "the request ended before it was looked for"
    assert not [path for path in read if "/intake/" in path], "no decoder may get to see it"


def wave() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE, format="WAV")
    return file.getvalue()


IMPORTS = {
    "motion": (motion.ImportPortraitRequest, motion.ImportTemplateRequest),
    "speech": (speech.ImportRecordingRequest,),
    "compositing": (compositing.ImportLogoRequest,),
}


@pytest.mark.parametrize(
    ("word", "kind"), [(word, kind) for word, kinds in IMPORTS.items() for kind in kinds]
)
def test_import_methods_read_what_was_handed_in_and_nothing_else(
    word: str, kind: type[Message], tmp_path: Path
) -> None:
    store = Store.in_folder(tmp_path)
    request = kind(file_digest=store.put(wave()), extension="wav")
    with pytest.raises(Corrupt, match="ASSET_NOT_FOUND") as caught:
        answer(word, request, store)
    assert caught.value.handed_in
    store.intake.put(wave())
    with pytest.raises(Invalid, match=r"IMAGE_|TEMPLATE_|AUDIO_"):
        answer(word, request, store)
