"""The recipe of a talking head: which step follows from which results."""

from __future__ import annotations

from dataclasses import dataclass

from rostrum.compositing.v1.compositing_pb2 import CompositeResponse, JoinResponse, Scene
from rostrum.director.v1.director_pb2 import Commission
from rostrum.media.v1.media_pb2 import Format, Loop, Portrait, Rig, Speech, Take, Tracks
from rostrum.speech.v1.speech_pb2 import Chunk, Recording

from services.director.recipes import (
    Answer,
    Finished,
    Ledger,
    Output,
    Planned,
    Steps,
    checks,
    forecast,
    requests,
)
from services.director.recipes.timing import Cut, cuts

Drawn = list[tuple[Cut, CompositeResponse]]


@dataclass(frozen=True)
class Admitted:
    """What a commission is made from, once everything from outside was checked."""

    portrait: Portrait
    template: Tracks | None
    scene: Scene
    chunks: tuple[Chunk, ...]


def admission(commission: Commission, answer: Answer) -> Steps:
    """Return the checks that come before anything is rendered and have no answer yet."""
    ledger = Ledger(answer)
    admit(commission, ledger)
    return tuple(ledger.missing)


def advance(commission: Commission, answer: Answer) -> Steps | Finished:
    """Return what can be done now, what is being done among it, or the finished video.

    Nothing is rendered before all checks are passed; from there on each step comes as soon as what
    it is made from is there, in the order in which the video plays.
    """
    ledger = Ledger(answer)
    if (admitted := admit(commission, ledger)) is None:
        return tuple(ledger.missing)
    rig, loop = prepare(commission, admitted, ledger)
    drawn = perform(commission, admitted, rig, loop, ledger)
    if rig is None or ledger.missing:
        return tuple(ledger.missing)
    joined = ledger.ask(requests.join(commission, admitted.scene, rig, drawn))
    return tuple(ledger.missing) if joined is None else finish(commission, joined)


def outline(commission: Commission, answer: Answer) -> tuple[Planned, ...]:
    """Return all that is expected to be done from first to last; for progress and forecasts."""
    chunks = plan(commission, Ledger(answer))
    return forecast.outline(commission, [chunk.text for chunk in chunks])


def admit(commission: Commission, ledger: Ledger) -> Admitted | None:
    """Ask for the checks of everything from outside; None until all are passed."""
    given = commission.HasField
    portrait = ledger.ask(checks.import_portrait(commission))
    template = ledger.ask(checks.import_template(commission)) if given("motion") else None
    scene = check_scene(commission, ledger)
    chunks = plan(commission, ledger)
    if ledger.missing or portrait is None or scene is None:
        return None
    tracks = template.template if template is not None else None
    return Admitted(portrait.portrait, tracks, scene, chunks)


def check_scene(commission: Commission, ledger: Ledger) -> Scene | None:
    """Return the scene once it is checked, its logo in place."""
    scene = Scene(
        template=commission.order.template,
        data=commission.order.data,
        brand=commission.channel.brand,
    )
    if commission.channel.HasField("logo"):
        logo = ledger.ask(checks.import_logo(commission))
        if logo is None:
            return None
        scene.brand.logo_digest = logo.logo_digest
    checked = ledger.ask(checks.check_scene(commission, scene))
    return None if checked is None else scene


def plan(commission: Commission, ledger: Ledger) -> tuple[Chunk, ...]:
    """Return the chunks; none until the script is cut."""
    recording: Recording | None = None
    if commission.HasField("recording"):
        imported = ledger.ask(checks.import_recording(commission))
        if imported is None:
            return ()
        recording = imported.recording
    planned = ledger.ask(checks.plan_chunks(commission, recording))
    return () if planned is None else tuple(planned.chunks)


def prepare(
    commission: Commission, admitted: Admitted, ledger: Ledger
) -> tuple[Rig | None, Loop | None]:
    """Return the presenter, restored, and the presenter's motion: once for all videos."""
    built = ledger.ask(requests.build_rig(commission, admitted.portrait))
    restored = ledger.ask(requests.restore(commission, built.rig)) if built is not None else None
    made = ledger.ask(requests.make_loop(commission, admitted.template))
    return (
        restored.rig if restored is not None else None,
        made.loop if made is not None else None,
    )


def perform(
    commission: Commission, admitted: Admitted, rig: Rig | None, loop: Loop | None, ledger: Ledger
) -> Drawn:
    """Return the chunks drawn so far. Speech of all chunks is asked for at once."""
    speeches: list[Speech | None] = []
    performances: list[tuple[Take, Tracks] | None] = []
    for number, chunk in enumerate(admitted.chunks, 1):
        spoken = ledger.ask(requests.synthesize(commission, number, chunk))
        speeches.append(spoken.speech if spoken is not None else None)
        performances.append(
            act(commission, number, spoken.speech, ledger) if spoken is not None else None
        )
    if rig is None or loop is None:
        return []
    drawn: Drawn = []
    for cut in cuts(commission, speeches, max(1, loop.tracks.frame_count)):
        performance = performances[cut.number - 1]
        if performance is None:
            continue
        step = requests.composite(commission, admitted.scene, cut, (rig, loop), performance)
        if (pictures := ledger.ask(step)) is not None:
            drawn.append((cut, pictures))
    return drawn


def act(
    commission: Commission, number: int, speech: Speech, ledger: Ledger
) -> tuple[Take, Tracks] | None:
    """Return what the face does during a chunk."""
    take = ledger.ask(requests.sync(commission, number, speech))
    accents = ledger.ask(requests.accents(commission, number, speech))
    return None if take is None or accents is None else (take.take, accents.accents)


def finish(commission: Commission, joined: JoinResponse) -> Finished:
    """Name the files that a video is delivered as."""
    order = commission.order
    outputs = []
    for video in joined.videos:
        stem = f"{order.name}-{format_name(video.format)}"
        outputs += [
            Output(f"{stem}.mp4", "video", video.video_digest, video.format),
            Output(f"{stem}.jpg", "thumbnail", video.thumbnail_digest, video.format),
            Output(
                f"{stem}-contact.jpg", "contact_sheet", video.contact_sheet_digest, video.format
            ),
        ]
    outputs += [
        Output(f"{order.name}.srt", "srt", joined.srt_digest),
        Output(f"{order.name}.vtt", "vtt", joined.vtt_digest),
    ]
    return Finished(tuple(outputs), joined.frame_count, order.frame_rate)


def format_name(picture: Format) -> str:
    """Return a format as file names say it, for example "16x9-1080"."""
    return f"{picture.aspect.replace(':', 'x')}-{picture.height}"
