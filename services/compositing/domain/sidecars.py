"""Caption files beside a video: SubRip and WebVTT, every letter of them literal."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Final

import pysubs2

from services.chassis.timeline import SAMPLE_RATE
from services.compositing.domain.captions import Cue

STAND_INS: Final = str.maketrans({"\\": "\ue000", "{": "\ue001", "}": "\ue002"})
"""pysubs2 takes backslashes and braces for styling; private letters stand in for them."""
LITERAL: Final = str.maketrans({"\ue000": "\\", "\ue001": "{", "\ue002": "}"})


def subrip(cues: Sequence[Cue]) -> str:
    """Return cues, whose samples count from the video's start, as SubRip."""
    return _written(cues, "srt", str)


def webvtt(cues: Sequence[Cue]) -> str:
    """Return cues, whose samples count from the video's start, as WebVTT."""
    return _written(cues, "vtt", lambda text: html.escape(text, quote=False))


def _written(cues: Sequence[Cue], kind: str, escaped: Callable[[str], str]) -> str:
    file = pysubs2.SSAFile()
    for cue in cues:
        text = "\\N".join(escaped(line).translate(STAND_INS) for line in cue.texts)
        start, end = _milliseconds(cue.start), _milliseconds(cue.end)
        file.append(pysubs2.SSAEvent(start=start, end=max(end, start + 1), text=text))
    return file.to_string(kind).translate(LITERAL)


def _milliseconds(sample: int) -> int:
    return sample * 1000 // SAMPLE_RATE
