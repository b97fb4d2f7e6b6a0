"""The steps that render a talking head, each made from exactly what it depends on."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.compositing.v1.compositing_pb2 import (
    CompositeRequest,
    CompositeResponse,
    JoinedChunk,
    JoinRequest,
    JoinResponse,
    Scene,
)
from rostrum.director.v1.director_pb2 import Commission
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest, SyncResponse
from rostrum.media.v1.media_pb2 import Loop, Portrait, Rig, Speech, Take, Tracks
from rostrum.motion.v1.motion_pb2 import (
    AccentsRequest,
    AccentsResponse,
    BuildRigRequest,
    BuildRigResponse,
    MakeLoopRequest,
    MakeLoopResponse,
)
from rostrum.restoration.v1.restoration_pb2 import RestoreRequest, RestoreResponse
from rostrum.speech.v1.speech_pb2 import (
    Chunk,
    SynthesizeRequest,
    SynthesizeResponse,
)

from services.director.recipes import Step, costs
from services.director.recipes.paths import SCENE_FIELDS, SPEECH_FIELDS, everything
from services.director.recipes.timing import Cut, loop_frames, loop_seed
from services.director.tiers import engine_of


def build_rig(commission: Commission, portrait: Portrait) -> Step[BuildRigResponse]:
    """Make the portrait ready to move."""
    request = BuildRigRequest(
        engine=engine_of(commission.order.quality, "motion"),
        portrait=portrait,
        settings=commission.presenter.rig,
    )
    fields = (("settings", "presenter.rig"), *everything("presenter"))
    return Step(
        "motion",
        "motion/rig",
        request,
        BuildRigResponse,
        costs.RIG,
        fields=fields,
        likeness=True,
    )


def restore(commission: Commission, rig: Rig) -> Step[RestoreResponse]:
    """Sharpen the rig's texture."""
    request = RestoreRequest(engine=engine_of(commission.order.quality, "restoration"), rig=rig)
    return Step(
        "restoration",
        "restoration/rig",
        request,
        RestoreResponse,
        costs.RESTORE,
        fields=everything("presenter"),
        likeness=True,
    )


def make_loop(commission: Commission, template: Tracks | None) -> Step[MakeLoopResponse]:
    """Make the presenter's motion: one loop for all videos at this frame rate."""
    order = commission.order
    request = MakeLoopRequest(
        engine=engine_of(order.quality, "motion"),
        template=template,
        frame_rate=order.frame_rate,
        frame_count=loop_frames(order.frame_rate),
        seed=loop_seed(commission.presenter.name),
    )
    return Step(
        "motion",
        "motion/loop",
        request,
        MakeLoopResponse,
        costs.LOOP,
        fields=(("frame_rate", "frame_rate"), *everything("motion")),
    )


def synthesize(commission: Commission, number: int, chunk: Chunk) -> Step[SynthesizeResponse]:
    """Speak a chunk. Chunks of the same words are the same task."""
    order = commission.order
    request = SynthesizeRequest(
        engine=engine_of(order.quality, "speech"),
        chunk=chunk,
        language=order.language,
        voice=order.voice,
        pronunciations=commission.channel.pronunciations,
        frame_rate=order.frame_rate,
    )
    return Step(
        "speech",
        f"speech/{number}",
        request,
        SynthesizeResponse,
        costs.SPEAK,
        fields=SPEECH_FIELDS,
    )


def sync(commission: Commission, number: int, speech: Speech) -> Step[SyncResponse]:
    """Move the mouth to a chunk."""
    request = SyncRequest(engine=engine_of(commission.order.quality, "lipsync"), speech=speech)
    return Step(
        "lipsync",
        f"lipsync/{number}",
        request,
        SyncResponse,
        costs.SYNC,
        fields=everything("script"),
    )


def accents(commission: Commission, number: int, speech: Speech) -> Step[AccentsResponse]:
    """Nod with the words of a chunk."""
    request = AccentsRequest(engine=engine_of(commission.order.quality, "motion"), speech=speech)
    return Step(
        "motion",
        f"motion/{number}",
        request,
        AccentsResponse,
        costs.ACCENTS,
        fields=everything("script"),
    )


def composite(
    commission: Commission,
    scene: Scene,
    cut: Cut,
    presenter: tuple[Rig, Loop],
    performance: tuple[Take, Tracks],
) -> Step[CompositeResponse]:
    """Draw a chunk in every format."""
    order = commission.order
    request = CompositeRequest(
        engine=engine_of(order.quality, "compositing"),
        rig=presenter[0],
        loop=presenter[1],
        phase_frames=cut.phase_frames,
        take=performance[0],
        accents=performance[1],
        timing_digest=cut.speech.timing_digest,
        scene=scene,
        formats=order.formats,
        frame_rate=order.frame_rate,
        start_frame=cut.start_frame,
        lead_frames=cut.lead_frames,
        tail_frames=cut.tail_frames,
        fade_frames=cut.fade_frames,
    )
    return Step(
        "compositing",
        f"compositing/{cut.number}",
        request,
        CompositeResponse,
        costs.composite(cut.frame_count / order.frame_rate, order.frame_rate, order.formats),
        fields=SCENE_FIELDS,
        likeness=True,
    )


def join(
    commission: Commission, scene: Scene, rig: Rig, drawn: Sequence[tuple[Cut, CompositeResponse]]
) -> Step[JoinResponse]:
    """Join the chunks into videos."""
    order = commission.order
    chunks = [
        JoinedChunk(
            segment_digests=pictures.segment_digests,
            speech=cut.speech,
            lead_frames=cut.lead_frames,
            tail_frames=cut.tail_frames,
        )
        for cut, pictures in drawn
    ]
    request = JoinRequest(
        chunks=chunks,
        formats=order.formats,
        frame_rate=order.frame_rate,
        title=order.title,
        language=order.language,
        scene=scene,
        rig=rig,
    )
    seconds = sum(cut.frame_count for cut, _ in drawn) / order.frame_rate
    return Step(
        "compositing",
        "compositing/join",
        request,
        JoinResponse,
        costs.join(seconds, len(order.formats)),
        fields=SCENE_FIELDS,
        likeness=True,
    )
