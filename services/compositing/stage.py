"""Compositing: draws chunks in every format asked for, and joins them into finished videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from google.protobuf.struct_pb2 import Struct
from rostrum.compositing.v1 import compositing_pb2 as pb
from rostrum.media.v1 import media_pb2

from services.chassis.engines import Engines, Methods
from services.chassis.media import read_audio, read_timing, read_tracks
from services.chassis.pictures import write_picture
from services.chassis.store import Store
from services.chassis.timeline import MOUTH, TRACKS, samples_per_frame
from services.compositing.domain import admission, captions, formats, sidecars
from services.compositing.domain.captions import Cue
from services.compositing.domain.formats import Format
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.language import three_letters
from services.compositing.domain.performance import Performance, Stretch, perform
from services.compositing.domain.programme import Part, assemble
from services.compositing.domain.scene import check_scene as check
from services.compositing.engines import (
    Engine,
    drawing,
    fonts,
    intake,
    joining,
    ready,
    segments,
    soundtrack,
    stills,
)


def import_logo(request: pb.ImportLogoRequest, store: Store) -> pb.ImportLogoResponse:
    """Check a picture from outside and keep its pixels. Raises Invalid for what is no picture."""
    logo = intake.import_logo(store.intake.get(request.file_digest), request.extension)
    return pb.ImportLogoResponse(logo_digest=write_picture(store, logo))


def check_scene(request: pb.CheckSceneRequest, store: Store) -> pb.CheckSceneResponse:
    """Check a scene in its formats. Raises Invalid that says everything wrong with it."""
    scene = ready.scene_of(store, request.scene)
    notices = check(scene, _named(request.formats), request.script, fonts.load())
    return pb.CheckSceneResponse(
        warnings=[
            media_pb2.Warning(reason=each.reason, field=each.field, message=each.message)
            for each in notices
        ]
    )


def composite(
    request: pb.CompositeRequest, store: Store, engines: Engines[Engine]
) -> pb.CompositeResponse:
    """Draw a chunk in every format: one segment each, the presenter posed once a frame.

    Same request, same bytes. Raises Invalid where formats are not legal, or where loop, take,
    accents and timing do not fit one another.
    """
    chunk, presenter, graphics = prepare(request, store, engines)
    drawn = drawing.draw(chunk, presenter, graphics)
    return pb.CompositeResponse(
        segment_digests=[store.put(segment) for segment in drawn],
        frame_count=chunk.performance.frame_count,
    )


def prepare(
    request: pb.CompositeRequest, store: Store, engines: Engines[Engine]
) -> tuple[drawing.Chunk, drawing.Presenter, list[Graphics]]:
    """Return what a chunk is drawn from. Raises Invalid as `composite` says."""
    engine = engines.pick(request.engine)
    shapes = _formats(request.formats)
    _check_chunk(request)
    chunk = drawing.Chunk(
        performance=_performance(request, store),
        timing=read_timing(store, request.timing_digest),
        start_frame=request.start_frame,
        lead_frames=request.lead_frames,
        fade_frames=request.fade_frames,
        frame_rate=request.frame_rate,
    )
    _check_timing(chunk.timing.sample_count, request)
    graphics = ready.graphics(store, request.scene, shapes, request.frame_rate)
    return chunk, ready.presenter(store, engine, request.rig), list(graphics)


def join(request: pb.JoinRequest, store: Store, engines: Engines[Engine]) -> pb.JoinResponse:
    """Join the chunks of a video in every format, under one sound track at -16 LUFS.

    Same request, same bytes. Raises Invalid where the chunks do not fit the formats or the rate.
    """
    engine = engines.pick("")
    shapes = _formats(request.formats)
    _check_chunks(request)
    presenter = ready.presenter(store, engine, request.rig)
    graphics = ready.graphics(store, request.scene, shapes, request.frame_rate)
    with ThreadPoolExecutor(1) as beside:  # ffmpeg works on the sound while stills are drawn
        making = beside.submit(soundtrack.make, assemble(list(_parts(request, store))))
        videos = [
            _stills(request, store, index, each, presenter) for index, each in enumerate(graphics)
        ]
        track = making.result()
    language = three_letters(request.language)
    programme = joining.Programme(track.m4a, request.frame_rate, request.title, language)
    for index, video in enumerate(videos):
        pictures = [data for data, _ in _pictures(request, store, index)]
        video.video_digest = store.put(joining.join(pictures, programme))
    shown = list(_programme_cues(request, store))
    return pb.JoinResponse(
        videos=videos,
        srt_digest=store.put(sidecars.subrip(shown).encode()),
        vtt_digest=store.put(sidecars.webvtt(shown).encode()),
        frame_count=sum(map(_frames, request.chunks)),
        loudness_centi_lufs=round(100 * track.level.loudness_lufs),
        true_peak_centi_dbtp=round(100 * track.level.true_peak_dbtp),
    )


def probe(_: Store) -> pb.CheckSceneRequest:
    """Return the smallest real request: a title to lay out in one format."""
    data = Struct()
    data.update({"title": "Ready"})
    scene = pb.Scene(template="news-frame", data=data, brand=pb.BrandKit(logo_text="Rostrum"))
    shape = media_pb2.Format(aspect="16:9", height=360)
    return pb.CheckSceneRequest(scene=scene, formats=[shape], script="Ready.")


def methods(engines: Engines[Engine]) -> Methods:
    """Return what this stage answers."""
    return {
        pb.ImportLogoRequest: import_logo,
        pb.CheckSceneRequest: check_scene,
        pb.CompositeRequest: partial(composite, engines=engines),
        pb.JoinRequest: partial(join, engines=engines),
    }


def _formats(asked: Iterable[media_pb2.Format]) -> tuple[Format, ...]:
    whole = _named(asked)
    formats.check(whole)
    return whole


def _named(asked: Iterable[media_pb2.Format]) -> tuple[Format, ...]:
    return formats.named([(each.aspect, each.height) for each in asked])


def _check_chunk(request: pb.CompositeRequest) -> None:
    """Raise Invalid unless a chunk's media say that they fit one another."""
    take, rate = request.take, request.frame_rate
    admission.chunk(rate, take.frame_count, request.lead_frames, request.tail_frames)
    admission.start(rate, request.start_frame)
    rates = {"take": take.frame_rate, "loop.tracks": request.loop.tracks.frame_rate}
    if request.HasField("accents"):
        rates["accents"] = request.accents.frame_rate
        counts = {"accents": request.accents.frame_count}
        admission.agree("frame_count", "FRAME_COUNT_MISMATCH", take.frame_count, counts)
    admission.agree("frame_rate", "FRAME_RATE_MISMATCH", rate, rates)


def _check_timing(sample_count: int, request: pb.CompositeRequest) -> None:
    expected = request.take.frame_count * samples_per_frame(request.frame_rate)
    found = {"timing": sample_count}
    admission.agree("sample_count", "FRAME_COUNT_MISMATCH", expected, found)


def _performance(request: pb.CompositeRequest, store: Store) -> Performance:
    mouth = read_tracks(store, request.take.digest, MOUTH)
    accents = np.zeros((len(mouth), len(TRACKS)), np.float32)
    if request.HasField("accents"):
        accents = read_tracks(store, request.accents.digest)
    found = {"take": len(mouth)}
    admission.agree("frame_count", "FRAME_COUNT_MISMATCH", request.take.frame_count, found)
    stretch = Stretch(
        request.phase_frames, request.lead_frames, request.tail_frames, request.frame_rate
    )
    return perform(read_tracks(store, request.loop.tracks.digest), accents, mouth, stretch)


def _check_chunks(request: pb.JoinRequest) -> None:
    """Raise Invalid unless the chunks have the pictures and the sound that they must have."""
    step = samples_per_frame(request.frame_rate)
    admission.chunk_count(len(request.chunks))
    for index, chunk in enumerate(request.chunks):
        speech, name = chunk.speech, f"chunks[{index}]"
        around = (chunk.lead_frames, chunk.tail_frames)
        admission.joined(request.frame_rate, speech.frame_count, *around, name)
        pictures = {f"{name}.segment_digests": len(chunk.segment_digests)}
        admission.agree("length", "SEGMENT_COUNT_MISMATCH", len(request.formats), pictures)
        rate = {f"{name}.speech": speech.frame_rate}
        admission.agree("frame_rate", "FRAME_RATE_MISMATCH", request.frame_rate, rate)
        samples = {f"{name}.speech": speech.sample_count}
        expected = speech.frame_count * step
        admission.agree("sample_count", "FRAME_COUNT_MISMATCH", expected, samples)


def _parts(request: pb.JoinRequest, store: Store) -> Iterator[Part]:
    step = samples_per_frame(request.frame_rate)
    for index, chunk in enumerate(request.chunks):
        sound = read_audio(store, chunk.speech.audio_digest)
        found = {f"chunks[{index}].audio": len(sound)}
        expected = chunk.speech.sample_count
        admission.agree("sample_count", "FRAME_COUNT_MISMATCH", expected, found)
        yield Part(sound, chunk.lead_frames * step, chunk.tail_frames * step)


def _programme_cues(request: pb.JoinRequest, store: Store) -> Iterator[Cue]:
    """Yield the cues of all chunks, on the video's clock."""
    step, start = samples_per_frame(request.frame_rate), 0
    for chunk in request.chunks:
        timing = read_timing(store, chunk.speech.timing_digest)
        for cue in captions.cues(timing):
            yield cue.moved(start + chunk.lead_frames * step)
        start += _frames(chunk) * step


def _pictures(request: pb.JoinRequest, store: Store, index: int) -> list[tuple[bytes, int]]:
    """Return the segments of one format in order, each with its number of frames."""
    size = _named(request.formats)[index].size
    found = []
    for number, each in enumerate(request.chunks):
        field = f"chunks[{number}].segment_digests[{index}]"
        segment = store.get(each.segment_digests[index])
        found.append((segments.check(segment, size, _frames(each), field), _frames(each)))
    return found


def _stills(
    request: pb.JoinRequest,
    store: Store,
    index: int,
    graphics: Graphics,
    presenter: drawing.Presenter,
) -> pb.Video:
    """Return one format's video with its stills, the video itself still missing."""
    size = (graphics.width, graphics.height)
    pictures = _pictures(request, store, index)
    sheet = stills.contact_sheet(pictures, size, request.frame_rate)
    return pb.Video(
        format=request.formats[index],
        thumbnail_digest=store.put(stills.jpeg(drawing.still(presenter, graphics))),
        contact_sheet_digest=store.put(stills.jpeg(sheet)),
        width=graphics.width,
        height=graphics.height,
    )


def _frames(chunk: pb.JoinedChunk) -> int:
    return chunk.lead_frames + chunk.speech.frame_count + chunk.tail_frames
