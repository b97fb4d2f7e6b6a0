"""Stages that answer every request cheaply: after a short sleep, with bytes made of its digest.

The same request gets the same answer in every process, so what a line makes of an order can be
known without a line.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message
from rostrum.compositing.v1 import compositing_pb2 as compositing
from rostrum.lipsync.v1 import lipsync_pb2 as lipsync
from rostrum.media.v1 import media_pb2 as media
from rostrum.motion.v1 import motion_pb2 as motion
from rostrum.restoration.v1 import restoration_pb2 as restoration
from rostrum.speech.v1 import speech_pb2 as speech

from services.chassis.answers import Ready
from services.chassis.child import Offer
from services.chassis.errors import Invalid
from services.chassis.store import Store
from services.director.tiers import TIERS

STAGES: Final = ("speech", "motion", "restoration", "lipsync", "compositing")
FINGERPRINT: Final = "synthetic 1"
NOTES: Final = "CHAOS_NOTES"
"""Variable: folder through which a process and whoever disturbs it speak."""
SLEEP_SECONDS: Final = (0.020, 0.300)
ARTEFACT_BYTES: Final = (64 << 10, 256 << 10)
CHECKS: Final = frozenset({"ImportPortraitRequest", "CheckSceneRequest", "PlanChunksRequest"})
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
FRAMES: Final = 50
SAMPLE_RATE: Final = 48_000

Make = Callable[[str], str]
"""Stores an artefact of the request by its name, and returns its digest."""


def offer_of(package: str) -> Offer:
    """Return what the synthetic stage offers in the place of, for example, "services.lipsync"."""
    stage = package.rpartition(".")[2]
    methods = {
        kind.DESCRIPTOR.full_name: (kind, partial(answer, notes=notes_folder()))
        for kind in kinds_of(stage)
    }
    engine = TIERS["draft"][stage]
    return Offer(methods.__getitem__, Ready(((engine, FINGERPRINT),), tuple(sorted(methods))))


def kinds_of(stage: str) -> tuple[type[Message], ...]:
    """Return the requests that a stage answers."""
    module = import_module(f"rostrum.{stage}.v1.{stage}_pb2")
    service = module.DESCRIPTOR.services_by_name[f"{stage.capitalize()}Service"]
    return tuple(getattr(module, method.input_type.name) for method in service.methods)


def answer(request: Message, store: Store, notes: Path | None = None) -> Message:
    """Return the answer to any stage's request, after its time. Raises Corrupt for broken inputs.

    notes: folder in which it says what it works on, and is told that it was asleep for so long
    that somebody else has the task by now: the request is refused then, and that must not count.
    """
    with noted(request, notes):
        shelf = store.intake if request.DESCRIPTOR.name.startswith("Import") else store
        for digest in digests_in(request):
            shelf.get(digest)
        time.sleep(seconds_for(request))
        return respond(request.DESCRIPTOR.name, request, partial(_put, store, request))


@contextmanager
def noted(request: Message, notes: Path | None) -> Iterator[None]:
    """Have it known what this process works on. Raises Invalid where it is told that it is late."""
    if notes is None:
        yield
        return
    busy, late = note_paths(notes, os.getpid())
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    busy.write_bytes(digest)
    yield
    busy.unlink(missing_ok=True)
    if late.exists() and late.read_bytes() == digest:
        late.unlink()
        raise Invalid("request", "WOKEN_LATE", "somebody else has this task by now")


def note_paths(notes: Path, process: int) -> tuple[Path, Path]:
    """Return where a process writes its request's SHA-256, and is told the one it is late with."""
    return notes / f"{process}.busy", notes / f"{process}.late"


def respond(name: str, request: Any, make: Make) -> Message:  # any stage's
    """Return what is answered to a request, its artefacts made by `make`."""
    return ANSWERS[name](request, make)


def artefact(request: Message, name: str) -> bytes:
    """Return the bytes that a request leads to under a name."""
    seed = hashlib.sha256(_bytes_of(request) + name.encode()).digest()
    low, high = ARTEFACT_BYTES
    return hashlib.shake_256(seed).digest(low + int.from_bytes(seed[:4], "big") % (high - low))


def seconds_for(request: Message) -> float:
    """Return how long a request takes: by its digest; checks take the least."""
    low, high = SLEEP_SECONDS
    if request.DESCRIPTOR.name in CHECKS:
        return low
    share = hashlib.sha256(_bytes_of(request)).digest()[0] / 255
    return low + share * (high - low)


def digests_in(message: Message) -> Iterator[str]:
    """Yield the digests of the objects that a request reads."""
    for field, value in message.ListFields():
        items = value if field.is_repeated and not _is_map(field) else [value]
        for item in items:
            if isinstance(item, Message) and item.DESCRIPTOR.file.package.startswith("rostrum."):
                yield from digests_in(item)
            elif "digest" in field.name and isinstance(item, str) and DIGEST.fullmatch(item):
                yield item


def notes_folder() -> Path | None:
    """Return the folder for notes, where somebody disturbs this process."""
    folder = os.environ.get(NOTES)
    return Path(folder) if folder else None


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and kind.GetOptions().map_entry


def _bytes_of(request: Message) -> bytes:
    name = request.DESCRIPTOR.full_name.encode()
    return name + request.SerializeToString(deterministic=True)


def _put(store: Store, request: Message, name: str) -> str:
    return store.put(artefact(request, name))


def _plan(request: speech.PlanChunksRequest, _: Make) -> Message:
    sentences = [text.strip() + "." for text in request.script.split(".") if text.strip()]
    return speech.PlanChunksResponse(chunks=[speech.Chunk(text=text) for text in sentences])


def _speak(request: speech.SynthesizeRequest, make: Make) -> Message:
    spoken = media.Speech(
        audio_digest=make("audio"),
        timing_digest=make("timing"),
        sample_rate_hertz=SAMPLE_RATE,
        sample_count=SAMPLE_RATE * FRAMES // request.frame_rate,
        frame_count=FRAMES,
        frame_rate=request.frame_rate,
    )
    return speech.SynthesizeResponse(speech=spoken)


def _portrait(_: motion.ImportPortraitRequest, make: Make) -> Message:
    portrait = media.Portrait(digest=make("portrait"), width=512, height=512, has_matte=True)
    return motion.ImportPortraitResponse(portrait=portrait)


def _rig(_: motion.BuildRigRequest, make: Make) -> Message:
    rig = media.Rig(digest=make("rig"), texture_digest=make("texture"), canvas_pixels=512)
    return motion.BuildRigResponse(rig=rig)


def _loop(request: motion.MakeLoopRequest, make: Make) -> Message:
    tracks = media.Tracks(
        digest=make("loop"), frame_count=request.frame_count, frame_rate=request.frame_rate
    )
    return motion.MakeLoopResponse(loop=media.Loop(tracks=tracks))


def _accents(request: motion.AccentsRequest, make: Make) -> Message:
    said = request.speech
    tracks = media.Tracks(
        digest=make("accents"), frame_count=said.frame_count, frame_rate=said.frame_rate
    )
    return motion.AccentsResponse(accents=tracks)


def _restore(request: restoration.RestoreRequest, make: Make) -> Message:
    rig = media.Rig()
    rig.CopyFrom(request.rig)
    rig.texture_digest = make("texture")
    return restoration.RestoreResponse(rig=rig)


def _sync(request: lipsync.SyncRequest, make: Make) -> Message:
    said = request.speech
    take = media.Take(digest=make("take"), frame_count=said.frame_count, frame_rate=said.frame_rate)
    return lipsync.SyncResponse(take=take)


def _draw(request: compositing.CompositeRequest, make: Make) -> Message:
    segments = [make(f"segment {number}") for number in range(len(request.formats))]
    frames = request.lead_frames + request.take.frame_count + request.tail_frames
    return compositing.CompositeResponse(segment_digests=segments, frame_count=frames)


def _join(request: compositing.JoinRequest, make: Make) -> Message:
    videos = [
        compositing.Video(
            format=picture,
            video_digest=make(f"video {number}"),
            thumbnail_digest=make(f"thumbnail {number}"),
            contact_sheet_digest=make(f"sheet {number}"),
        )
        for number, picture in enumerate(request.formats)
    ]
    chunks = request.chunks
    frames = sum(c.lead_frames + c.speech.frame_count + c.tail_frames for c in chunks)
    return compositing.JoinResponse(
        videos=videos, srt_digest=make("srt"), vtt_digest=make("vtt"), frame_count=frames
    )


ANSWERS: Final[Mapping[str, Callable[[Any, Make], Message]]] = {
    "PlanChunksRequest": _plan,
    "SynthesizeRequest": _speak,
    "ImportPortraitRequest": _portrait,
    "BuildRigRequest": _rig,
    "MakeLoopRequest": _loop,
    "AccentsRequest": _accents,
    "RestoreRequest": _restore,
    "SyncRequest": _sync,
    "CheckSceneRequest": lambda *_: compositing.CheckSceneResponse(),
    "CompositeRequest": _draw,
    "JoinRequest": _join,
}
