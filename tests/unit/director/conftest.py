"""A newsroom in which nothing is rendered: every stage answers at once, with made-up objects."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.message import Message
from rostrum.compositing.v1 import compositing_pb2 as compositing
from rostrum.director.v1.director_pb2 import Commission, Order
from rostrum.lipsync.v1 import lipsync_pb2 as lipsync
from rostrum.media.v1 import media_pb2 as media
from rostrum.motion.v1 import motion_pb2 as motion
from rostrum.restoration.v1 import restoration_pb2 as restoration
from rostrum.speech.v1 import speech_pb2 as speech

from services.chassis.store import Store
from services.director.dispatch import Director
from services.director.state import State
from services.director.videos import Task, Video

SCRIPT = " ".join(f"This is sentence number {n} of a script that is long enough." for n in range(9))


def make_production(**order: object) -> Commission:
    """Return an order with presenter and channel in place; every file is a made-up digest."""
    said = {"name": "senior-welder", "channel": "jobs", "presenter": "nora", "script": SCRIPT}
    commission = Commission(order=Order(**(said | order)))  # type: ignore[arg-type]
    commission.order.data.update({"title": "Senior Welder", "chips": ["MIG", "TIG"]})
    commission.presenter.name = "nora"
    commission.presenter.portrait.digest = digest("portrait of nora")
    commission.presenter.portrait.extension = "png"
    commission.presenter.consent.kind = "synthetic"
    commission.channel.name = "jobs"
    commission.channel.brand.logo_text = "JOBS 24"
    return commission


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Stages:
    """Answers any request as the real stages would, with objects named after the request."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.done: list[str] = []

    def answer(self, request: Message) -> Message:
        return getattr(self, f"_{type(request).__name__}")(request)

    def _made(self, request: Message, part: str) -> str:
        asked = request.SerializeToString(deterministic=True)
        return self.store.put(type(request).__name__.encode() + part.encode() + asked)

    def _ImportPortraitRequest(self, request: motion.ImportPortraitRequest) -> Message:  # noqa: N802
        picture = media.Portrait(digest=self._made(request, "pixels"), width=1024, height=1024)
        smile = media.Warning(reason="PORTRAIT_SMILE", field="file", message="a wide smile")
        return motion.ImportPortraitResponse(portrait=picture, warnings=[smile])

    def _ImportLogoRequest(self, request: compositing.ImportLogoRequest) -> Message:  # noqa: N802
        return compositing.ImportLogoResponse(logo_digest=self._made(request, "logo"))

    def _ImportTemplateRequest(self, request: motion.ImportTemplateRequest) -> Message:  # noqa: N802
        tracks = media.Tracks(digest=self._made(request, "t"), frame_count=125, frame_rate=25)
        return motion.ImportTemplateResponse(template=tracks)

    def _ImportRecordingRequest(self, request: speech.ImportRecordingRequest) -> Message:  # noqa: N802
        recording = speech.Recording(audio_digest=self._made(request, "r"), sample_count=480_000)
        return speech.ImportRecordingResponse(recording=recording)

    def _CheckSceneRequest(self, request: compositing.CheckSceneRequest) -> Message:  # noqa: N802
        return compositing.CheckSceneResponse()

    def _PlanChunksRequest(self, request: speech.PlanChunksRequest) -> Message:  # noqa: N802
        sentences = [f"{text}." for text in request.script.rstrip(".").split(". ")]
        return speech.PlanChunksResponse(
            chunks=[speech.Chunk(text=t, pause_milliseconds=200) for t in sentences]
        )

    def _BuildRigRequest(self, request: motion.BuildRigRequest) -> Message:  # noqa: N802
        rig = media.Rig(
            digest=self._made(request, "rig"),
            texture_digest=self._made(request, "texture"),
            canvas_pixels=720,
        )
        return motion.BuildRigResponse(rig=rig)

    def _RestoreRequest(self, request: restoration.RestoreRequest) -> Message:  # noqa: N802
        rig = media.Rig()
        rig.CopyFrom(request.rig)
        rig.texture_digest = self._made(request, "sharper")
        return restoration.RestoreResponse(rig=rig)

    def _MakeLoopRequest(self, request: motion.MakeLoopRequest) -> Message:  # noqa: N802
        tracks = media.Tracks(
            digest=self._made(request, "loop"),
            frame_count=request.frame_count,
            frame_rate=request.frame_rate,
        )
        return motion.MakeLoopResponse(loop=media.Loop(tracks=tracks))

    def _SynthesizeRequest(self, request: speech.SynthesizeRequest) -> Message:  # noqa: N802
        frames = 50 + 2 * len(request.chunk.text)
        spoken = media.Speech(
            audio_digest=self._made(request, "audio"),
            timing_digest=self._made(request, "timing"),
            sample_rate_hertz=48_000,
            sample_count=frames * 48_000 // request.frame_rate,
            frame_count=frames,
            frame_rate=request.frame_rate,
        )
        return speech.SynthesizeResponse(speech=spoken)

    def _SyncRequest(self, request: lipsync.SyncRequest) -> Message:  # noqa: N802
        frames, rate = request.speech.frame_count, request.speech.frame_rate
        take = media.Take(digest=self._made(request, "t"), frame_count=frames, frame_rate=rate)
        return lipsync.SyncResponse(take=take)

    def _AccentsRequest(self, request: motion.AccentsRequest) -> Message:  # noqa: N802
        frames, rate = request.speech.frame_count, request.speech.frame_rate
        tracks = media.Tracks(digest=self._made(request, "a"), frame_count=frames, frame_rate=rate)
        return motion.AccentsResponse(accents=tracks)

    def _CompositeRequest(self, request: compositing.CompositeRequest) -> Message:  # noqa: N802
        frames = request.take.frame_count + request.lead_frames + request.tail_frames
        segments = [self._made(request, picture.aspect) for picture in request.formats]
        return compositing.CompositeResponse(segment_digests=segments, frame_count=frames)

    def _JoinRequest(self, request: compositing.JoinRequest) -> Message:  # noqa: N802
        videos = [
            compositing.Video(
                format=picture,
                video_digest=self._made(request, f"video {picture.aspect}"),
                thumbnail_digest=self._made(request, f"thumbnail {picture.aspect}"),
                contact_sheet_digest=self._made(request, f"sheet {picture.aspect}"),
            )
            for picture in request.formats
        ]
        frames = sum(
            chunk.speech.frame_count + chunk.lead_frames + chunk.tail_frames
            for chunk in request.chunks
        )
        return compositing.JoinResponse(
            videos=videos,
            srt_digest=self._made(request, "srt"),
            vtt_digest=self._made(request, "vtt"),
            frame_count=frames,
        )


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class Newsroom:
    """One machine: a store, a database, a director, and stages that work one task at a time."""

    def __init__(self, store: Store, state: State, folder: Path) -> None:
        self.store, self.state, self.folder = store, state, folder
        self.clock = Clock()
        self.stages = Stages(store)
        self.director = self.hire()
        self.tasks: list[Task] = []

    def hire(self) -> Director:
        """Return a new director over the same store and database: what a restart gives."""
        return Director(
            self.store,
            self.state,
            lambda stage, request: f"{stage} 1",
            clock=self.clock,
            jitter=lambda: 1.0,
        )

    def work(
        self,
        *videos: Video,
        director: Director | None = None,
        stop: Callable[[Task], bool] = lambda task: False,
    ) -> list[str]:
        """Do tasks until there are none, or `stop` says so; return their names in order."""
        director = director or self.director
        names = []
        while tasks := [task for video in videos for task in director.ready(video)]:
            for task in tasks:
                if stop(task):
                    return names
                names.append(task.name)
                self.tasks.append(task)
                director.accept(task, self.stages.answer(task.request), 0.5)
        return names


@pytest.fixture
def commission() -> Commission:
    return make_production()


@pytest.fixture
def make() -> Callable[..., Commission]:
    return make_production


@pytest.fixture
def stages_of() -> Callable[[Store], Callable[[Message], Message]]:
    return lambda store: Stages(store).answer


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    store = Store.in_folder(tmp_path / "store")
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield Newsroom(store, state, tmp_path / "store")
    state.close()
