"""The checks before anything is rendered: of all that comes from outside, and of the script."""

from __future__ import annotations

from rostrum.compositing.v1.compositing_pb2 import (
    CheckSceneRequest,
    CheckSceneResponse,
    ImportLogoRequest,
    ImportLogoResponse,
    Scene,
)
from rostrum.director.v1.director_pb2 import Commission
from rostrum.motion.v1.motion_pb2 import (
    ImportPortraitRequest,
    ImportPortraitResponse,
    ImportTemplateRequest,
    ImportTemplateResponse,
)
from rostrum.speech.v1.speech_pb2 import (
    ImportRecordingRequest,
    ImportRecordingResponse,
    PlanChunksRequest,
    PlanChunksResponse,
    Recording,
)

from services.director.recipes import Step, costs
from services.director.recipes.paths import SCENE_FIELDS, SPEECH_FIELDS, everything
from services.director.tiers import engine_of


def import_portrait(commission: Commission) -> Step[ImportPortraitResponse]:
    """Check the presenter's picture."""
    file = commission.presenter.portrait
    request = ImportPortraitRequest(file_digest=file.digest, extension=file.extension)
    return Step(
        "motion",
        "motion/portrait",
        request,
        ImportPortraitResponse,
        costs.PORTRAIT,
        fields=everything("presenter"),
        reads=("presenter",),
        likeness=True,
    )


def import_logo(commission: Commission) -> Step[ImportLogoResponse]:
    """Check the channel's logo."""
    file = commission.channel.logo
    request = ImportLogoRequest(file_digest=file.digest, extension=file.extension)
    return Step(
        "compositing",
        "compositing/logo",
        request,
        ImportLogoResponse,
        costs.IMPORT,
        fields=everything("channel.logo"),
        reads=("channel",),
    )


def import_template(commission: Commission) -> Step[ImportTemplateResponse]:
    """Check the motion template or driving clip."""
    file = commission.motion
    request = ImportTemplateRequest(file_digest=file.digest, extension=file.extension)
    return Step(
        "motion",
        "motion/template",
        request,
        ImportTemplateResponse,
        costs.PORTRAIT,
        fields=everything("motion"),
        reads=("motion",),
    )


def import_recording(commission: Commission) -> Step[ImportRecordingResponse]:
    """Check the recorded narration."""
    file = commission.recording
    request = ImportRecordingRequest(file_digest=file.digest, extension=file.extension)
    return Step(
        "speech",
        "speech/recording",
        request,
        ImportRecordingResponse,
        costs.IMPORT,
        fields=everything("recording"),
        reads=("recording",),
    )


def check_scene(commission: Commission, scene: Scene) -> Step[CheckSceneResponse]:
    """Check template, data, brand kit and captions."""
    order = commission.order
    request = CheckSceneRequest(scene=scene, formats=order.formats, script=order.script)
    return Step(
        "compositing",
        "compositing/scene",
        request,
        CheckSceneResponse,
        costs.CHECK_SCENE,
        fields=SCENE_FIELDS,
        reads=("template", "data", "channel"),
    )


def plan_chunks(commission: Commission, recording: Recording | None) -> Step[PlanChunksResponse]:
    """Cut the script."""
    order = commission.order
    request = PlanChunksRequest(
        engine=engine_of(order.quality, "speech"),
        script=order.script,
        language=order.language,
        voice=order.voice,
        pronunciations=commission.channel.pronunciations,
        recording=recording,
    )
    return Step(
        "speech",
        "speech/plan",
        request,
        PlanChunksResponse,
        costs.PLAN,
        fields=SPEECH_FIELDS,
        reads=("script", "language", "voice", "channel", "recording"),
    )
