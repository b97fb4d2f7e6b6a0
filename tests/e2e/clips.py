"""Short clips of presenters who speak, as they should and broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest
from rostrum.media.v1.media_pb2 import Speech
from rostrum.motion.v1.motion_pb2 import AccentsRequest, MakeLoopRequest
from rostrum.speech.v1.speech_pb2 import Chunk, SynthesizeRequest

from services.chassis.media import read_audio, read_timing, read_tracks
from services.chassis.store import Store
from services.chassis.timeline import MOUTH, SAMPLE_RATE, Bytes, Floats, Timing
from services.compositing.domain.box import Box
from services.compositing.domain.performance import Performance, Stretch, perform
from services.compositing.domain.placement import Placement
from services.compositing.engines.puppet import Puppet
from services.compositing.engines.puppet_view import View
from services.lipsync import engines as lipsync_engines
from services.lipsync import stage as lipsync
from services.lipsync.domain.mouth import mouth_track
from services.lipsync.domain.visemes import BILABIAL, segments
from services.motion import engines as motion_engines
from services.motion import stage as motion
from services.motion.domain.idle import LIDS
from services.motion.engines import rigging
from services.restoration.engines.texture import TextureEngine
from services.speech import engines as speech_engines
from services.speech import stage as speech

PRESENTERS: Final = Path(__file__).parents[2] / "services/studio/presenters"
SCRIPT: Final = (
    "People often ask whether five machines could do better. Maybe they could, but remember this."
)
RATE: Final = 25
SIDE: Final = 480
"""Pixels of a clip's square picture; faces are 150 to 180 high in it, as in a news frame of 720."""
PHASE: Final = 700
WALL: Final = (78, 68, 60)


@dataclass(frozen=True)
class Clip:
    """Everything a clip is made from, before it is drawn."""

    timing: Timing
    samples: Floats
    performance: Performance


Break = Callable[[Clip], Clip]
"""Breaks numbers before they are drawn."""
Spoil = Callable[[list[Bytes]], list[Bytes]]
"""Spoils pictures after they are drawn."""


@cache
def good() -> Clip:
    """Speak, move and mouth the script by the stages themselves."""
    store = Store.in_memory()
    said = _said(store)
    moving, mouthing = (
        motion.methods(motion_engines.load()),
        lipsync.methods(lipsync_engines.load()),
    )
    loop = moving[MakeLoopRequest](
        MakeLoopRequest(engine="tracks", frame_rate=RATE, frame_count=128 * RATE, seed=3), store
    )
    accents = moving[AccentsRequest](AccentsRequest(engine="tracks", speech=said), store)
    take = mouthing[SyncRequest](SyncRequest(engine="visemes", speech=said), store)
    performance = perform(
        read_tracks(store, loop.loop.tracks.digest),
        read_tracks(store, accents.accents.digest),
        read_tracks(store, take.take.digest, MOUTH),
        Stretch(PHASE, 0, 0, RATE),
    )
    samples = read_audio(store, said.audio_digest)
    return Clip(read_timing(store, said.timing_digest), samples, performance)


def draw(presenter: str, clip: Clip) -> list[Bytes]:
    """Return the pictures of a clip, BGR (480, 480, 3)."""
    puppet, view, wall = _stage(presenter)
    pictures = []
    frames = clip.performance
    for pose, mouth, breath in zip(frames.motion, frames.mouth, frames.breath, strict=True):
        puppet.pose(pose, mouth, float(breath))
        picture = wall.copy()
        view.paint(picture)
        pictures.append(picture)
    return pictures


def write(path: Path, pictures: Sequence[Bytes], samples: Floats) -> Path:
    """Write a video as the commission does: x264 veryfast at crf 20, AAC."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv420p"
        video.options = {"crf": "20", "preset": "veryfast", "threads": "1"}
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        voice = av.AudioFrame.from_ndarray(samples[None].copy(), format="flt", layout="mono")
        voice.sample_rate, voice.pts = SAMPLE_RATE, 0
        container.mux(sound.encode(voice))
        container.mux(sound.encode())
    return path


def sound_later(seconds: float) -> Break:
    """Move the sound against the picture."""
    shift = round(seconds * SAMPLE_RATE)

    def moved(clip: Clip) -> Clip:
        samples = np.roll(np.pad(clip.samples, SAMPLE_RATE), shift)
        return replace(clip, samples=samples[SAMPLE_RATE:-SAMPLE_RATE])

    return moved


def frozen_head(clip: Clip) -> Clip:
    return _with(clip, motion=np.zeros_like(clip.performance.motion))


def no_blinks(clip: Clip) -> Clip:
    moving = clip.performance.motion.copy()
    moving[:, LIDS] = 0
    return _with(clip, motion=moving)


def head_that_cuts(clip: Clip) -> Clip:
    moving = clip.performance.motion.copy()
    moving[len(moving) // 2 :, 1] += 5
    return _with(clip, motion=moving)


def frozen_mouth(clip: Clip) -> Clip:
    return _with(clip, mouth=np.zeros_like(clip.performance.mouth))


def other_words(clip: Clip) -> Clip:
    return _with(clip, mouth=np.roll(clip.performance.mouth, len(clip.performance.mouth) // 2, 0))


def open_lips(clip: Clip) -> Clip:
    """Speak without bilabials: a neutral vowel for each p, b and m."""
    spoken = [
        replace(s, viseme="AX") if s.viseme == BILABIAL else s
        for s in segments(clip.timing.phonemes)
    ]
    return _with(clip, mouth=mouth_track(spoken, clip.performance.frame_count, RATE))


def mumbling(clip: Clip) -> Clip:
    return _with(clip, mouth=clip.performance.mouth * np.float32(0.25))


def restless_mouth(clip: Clip) -> Clip:
    """Let the mouth flap on through the pauses."""
    mouth = clip.performance.mouth.copy()
    times = np.arange(len(mouth)) / RATE
    mouth[:, 0] = np.maximum(mouth[:, 0], 0.10 + 0.06 * np.sin(2 * np.pi * 4 * times))
    return _with(clip, mouth=mouth)


def trembling(pictures: list[Bytes]) -> list[Bytes]:
    shifts = np.random.default_rng(0).normal(0, 1, (len(pictures), 2))
    return [
        cv2.warpAffine(p, np.array([[1, 0, x], [0, 1, y]]), (SIDE, SIDE), borderMode=1)
        for p, (x, y) in zip(pictures, shifts, strict=True)
    ]


def flickering(pictures: list[Bytes]) -> list[Bytes]:
    gains = 1 + 0.03 * np.random.default_rng(1).normal(size=len(pictures))
    return [np.clip(p * g, 0, 255).astype(np.uint8) for p, g in zip(pictures, gains, strict=True)]


def dropping_frames(pictures: list[Bytes]) -> list[Bytes]:
    return [pictures[number - (number % 3 == 2)] for number in range(len(pictures))]


def widening(pictures: list[Bytes], landmarks: Floats) -> list[Bytes]:
    """Make the face wider by up to a tenth towards the end."""
    shares = np.linspace(0, 0.10, len(pictures))
    return [_widened(*each) for each in zip(pictures, landmarks, shares, strict=True)]


def someone_wider(pictures: list[Bytes], landmarks: Floats) -> list[Bytes]:
    return [_widened(p, mesh, 0.10) for p, mesh in zip(pictures, landmarks, strict=True)]


def blurred_mouth(pictures: list[Bytes], landmarks: Floats) -> list[Bytes]:
    return [
        _around_mouth(p, mesh, lambda face, size: cv2.GaussianBlur(face, (0, 0), size / 16))
        for p, mesh in zip(pictures, landmarks, strict=True)
    ]


def harsh_mouth(pictures: list[Bytes], landmarks: Floats) -> list[Bytes]:
    def sharpen(face: Floats, _: float) -> Floats:
        return np.clip(2.5 * face - 1.5 * cv2.GaussianBlur(face, (0, 0), 1), 0, 255)

    return [_around_mouth(p, m, sharpen) for p, m in zip(pictures, landmarks, strict=True)]


def _said(store: Store) -> Speech:
    request = SynthesizeRequest(
        engine="espeak",
        chunk=Chunk(text=SCRIPT, pause_milliseconds=400),
        language="en-US",
        frame_rate=RATE,
    )
    answer = speech.methods(speech_engines.load())[SynthesizeRequest](request, store)
    said: Speech = answer.speech
    return said


@cache
def _stage(presenter: str) -> tuple[Puppet, View, Bytes]:
    portrait = cv2.imread(str(portrait_of(presenter)), cv2.IMREAD_UNCHANGED)
    order = cv2.COLOR_BGRA2RGBA if portrait.shape[2] == 4 else cv2.COLOR_BGR2RGB
    rig, texture = rigging.build(cv2.cvtColor(portrait, order), 0, 0)
    texture = TextureEngine().restore(rig, texture)
    scale = SIDE / rig.canvas_pixels
    light = np.linspace(1.25, 0.75, SIDE)[:, None, None]
    wall = (np.full((SIDE, SIDE, 3), WALL) * light).astype(np.uint8)
    puppet = Puppet(rig, texture, scale)
    return puppet, View(puppet, Placement(scale, 0, 0, Box(0, 0, SIDE, SIDE)), wall), wall


def portrait_of(presenter: str) -> Path:
    return PRESENTERS / presenter / "portrait.png"


def _with(clip: Clip, **parts: Floats) -> Clip:
    return replace(clip, performance=replace(clip.performance, **parts))


def _widened(picture: Bytes, mesh: Floats, share: float) -> Bytes:
    x, y = np.meshgrid(*[np.arange(SIDE, dtype=np.float32)] * 2)
    nose, reach = mesh[4, :2], 0.9 * np.linalg.norm(mesh[33, :2] - mesh[263, :2])
    near = np.exp(-((x - nose[0]) ** 2 + (y - nose[1]) ** 2) / (2 * reach**2))
    from_x = (x - (x - nose[0]) * share * near).astype(np.float32)
    return cv2.remap(picture, from_x, y, cv2.INTER_LINEAR)


def _around_mouth(picture: Bytes, mesh: Floats, change: Callable[[Floats, float], Floats]) -> Bytes:
    size = 0.75 * float(np.linalg.norm(mesh[61, :2] - mesh[291, :2]))
    disc = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(disc, tuple(mesh[13, :2].astype(int).tolist()), round(0.8 * size), 1.0, -1)
    disc = cv2.GaussianBlur(disc, (0, 0), 0.12 * size)[..., None]
    face = picture.astype(np.float32)
    return (face * (1 - disc) + change(face, size) * disc).astype(np.uint8)


NUMBERS: Final[Mapping[str, Break]] = {
    "sound 200 ms late": sound_later(0.2),
    "sound 200 ms early": sound_later(-0.2),
    "sound 80 ms late": sound_later(0.08),
    "sound 80 ms early": sound_later(-0.08),
    "frozen head": frozen_head,
    "no blinks": no_blinks,
    "head that cuts": head_that_cuts,
    "frozen mouth": frozen_mouth,
    "other words": other_words,
    "open lips": open_lips,
    "mumbling": mumbling,
    "restless mouth": restless_mouth,
}
PICTURES: Final[Mapping[str, Spoil]] = {
    "trembling": trembling,
    "flickering": flickering,
    "dropped frames": dropping_frames,
}
FACES: Final[Mapping[str, Callable[[list[Bytes], Floats], list[Bytes]]]] = {
    "widening face": widening,
    "someone wider": someone_wider,
    "blurred mouth": blurred_mouth,
    "harsh mouth": harsh_mouth,
}
