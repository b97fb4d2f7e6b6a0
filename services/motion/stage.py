"""Motion: makes a portrait ready to move, and says how it moves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from rostrum.media.v1.media_pb2 import Loop, Portrait, Speech, Tracks
from rostrum.motion.v1 import motion_pb2 as pb

from services.chassis.engines import Engines, Methods
from services.chassis.errors import Invalid, Violation
from services.chassis.media import read_audio, read_timing, read_tracks, write_tracks
from services.chassis.pictures import read_picture, write_rig
from services.chassis.store import Store
from services.chassis.timeline import CHUNK_SECONDS, samples_per_frame
from services.motion.domain.template import Template, check_tracks
from services.motion.engines import MotionEngine, intake

MOST_LOOP_FRAMES: Final = 7200
FEWEST_LOOP_SECONDS: Final = 4
"""Shorter loops would have no room for a blink of their own."""


def import_portrait(request: pb.ImportPortraitRequest, store: Store) -> pb.ImportPortraitResponse:
    """Check a picture from outside and keep its pixels. Raises Invalid for what is no portrait."""
    found = intake.import_portrait(store.intake.get(request.file_digest), request.extension)
    portrait = Portrait(
        digest=store.put(found.png),
        width=found.width,
        height=found.height,
        has_matte=found.has_matte,
    )
    return pb.ImportPortraitResponse(portrait=portrait, warnings=found.warnings)


def import_template(request: pb.ImportTemplateRequest, store: Store) -> pb.ImportTemplateResponse:
    """Check a template or driving clip from outside. Raises Invalid for what is none."""
    found = intake.import_template(store.intake.get(request.file_digest), request.extension)
    template = Tracks(
        digest=write_tracks(store, found.tracks),
        frame_count=len(found.tracks),
        frame_rate=found.frame_rate,
    )
    return pb.ImportTemplateResponse(template=template, warnings=found.warnings)


def build_rig(
    request: pb.BuildRigRequest, store: Store, engines: Engines[MotionEngine]
) -> pb.BuildRigResponse:
    """Make a portrait ready to move. Raises Invalid for a portrait without one usable face."""
    engine = engines.pick(request.engine)
    picture = read_picture(store, request.portrait.digest)
    settings = request.settings
    rig, texture = engine.rig(picture, settings.jaw_percent, settings.teeth_percent)
    return pb.BuildRigResponse(rig=write_rig(store, rig, texture))


def make_loop(
    request: pb.MakeLoopRequest, store: Store, engines: Engines[MotionEngine]
) -> pb.MakeLoopResponse:
    """Make a loop of motion, like a template or idle. Raises Invalid for a length out of bounds."""
    if violations := list(_loop_violations(request)):
        raise Invalid.every(violations)
    template = _template(request.template, store) if request.HasField("template") else None
    engine = engines.pick(request.engine)
    loop = engine.loop(template, request.frame_count, request.frame_rate, request.seed)
    return pb.MakeLoopResponse(
        loop=Loop(
            tracks=Tracks(
                digest=write_tracks(store, loop),
                frame_count=request.frame_count,
                frame_rate=request.frame_rate,
            )
        )
    )


def stress(
    request: pb.AccentsRequest, store: Store, engines: Engines[MotionEngine]
) -> pb.AccentsResponse:
    """Say which nods, brows and blinks go with a chunk's words.

    Raises Invalid where the speech is not whole frames of a chunk.
    """
    speech = request.speech
    count, rate = speech.frame_count, speech.frame_rate
    _check_speech(speech)
    engine = engines.pick(request.engine)
    timing = read_timing(store, speech.timing_digest)
    samples = read_audio(store, speech.audio_digest)
    seed = int(speech.timing_digest[:8], 16)  # other words, other nods
    tracks = engine.accents(timing, samples, count, rate, seed)
    return pb.AccentsResponse(
        accents=Tracks(digest=write_tracks(store, tracks), frame_count=count, frame_rate=rate)
    )


def probe(_: Store) -> pb.MakeLoopRequest:
    """Return the smallest real request: the shortest loop of idle motion."""
    return pb.MakeLoopRequest(frame_rate=24, frame_count=FEWEST_LOOP_SECONDS * 24)


def methods(engines: Engines[MotionEngine]) -> Methods:
    """Return what this stage answers."""
    return {
        pb.ImportPortraitRequest: import_portrait,
        pb.ImportTemplateRequest: import_template,
        pb.BuildRigRequest: partial(build_rig, engines=engines),
        pb.MakeLoopRequest: partial(make_loop, engines=engines),
        pb.AccentsRequest: partial(stress, engines=engines),
    }


def _loop_violations(request: pb.MakeLoopRequest) -> Iterator[Violation]:
    samples_per_frame(request.frame_rate)
    fewest = FEWEST_LOOP_SECONDS * request.frame_rate
    if not fewest <= request.frame_count <= MOST_LOOP_FRAMES:
        remedy = f"{request.frame_count} frames; a loop has {fewest} to {MOST_LOOP_FRAMES}"
        yield Violation("frame_count", "LOOP_LENGTH_INVALID", remedy)


def _check_speech(speech: Speech) -> None:
    samples = speech.frame_count * samples_per_frame(speech.frame_rate)
    most = CHUNK_SECONDS * speech.frame_rate
    if not 1 <= speech.frame_count <= most or speech.sample_count != samples:
        remedy = f"a chunk has 1 to {most} frames and as many samples as they last"
        raise Invalid("speech.frame_count", "SPEECH_LENGTH_INVALID", remedy)


def _template(tracks: Tracks, store: Store) -> Template:
    return check_tracks(read_tracks(store, tracks.digest), tracks.frame_rate)
