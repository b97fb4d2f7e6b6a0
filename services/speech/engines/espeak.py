"""The draft engine: espeak-ng with its own word and phoneme times, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from services.chassis.errors import Invalid, Transient
from services.speech.domain.utterance import Mark, Samples, Utterance
from services.speech.domain.voice import Voice
from services.speech.engines.voices import VOICES

PROGRAM: Final = Path(__file__).with_name("espeak_child.py")
REVISION: Final = 1
"""Ours: goes up whenever the same request would give other bytes."""
SHAPING: Final = ("espeakng-loader", "numpy", "num2words", "babel", "soundfile", "imageio-ffmpeg")
"""Packages whose versions the bytes depend on."""
WORD, PHONEME = 1, 7
SECONDS_LIMIT: Final = 60
SAMPLES_LIMIT: Final = 22_050 * 90
"""No text is worth more sound than this: what is longer is cut before it is spoken."""
WORD_GAP: Final = 0


@dataclass(frozen=True)
class Espeak:
    """espeak-ng; every call is a fresh process, since it keeps state between utterances."""

    library: Path
    data: Path
    name: str = "espeak"

    @classmethod
    def installed(cls) -> Espeak:
        """Find espeak-ng where its package put it, without importing that package."""
        found = importlib.util.find_spec("espeakng_loader")
        assert found is not None
        assert found.submodule_search_locations is not None
        folder = Path(found.submodule_search_locations[0])
        return cls(folder / "libespeak-ng.so", folder / "espeak-ng-data")

    @property
    def fingerprint(self) -> str:
        """Our revision of the room and the versions that shape the bytes."""
        return "/".join([self.name, str(REVISION), *(f"{one}-{version(one)}" for one in SHAPING)])

    def voices(self) -> tuple[Voice, ...]:
        """Return the table of voices."""
        return VOICES

    def speak(self, texts: Sequence[str], voice: Voice) -> list[Utterance]:
        """Say each text, in order. Raises Transient where the process does not end in time."""
        request = {
            "library": str(self.library),
            "data": str(self.data),
            "voice": voice.program,
            "parameters": {"1": round(voice.rate), "3": voice.pitch, "4": voice.pitch_range,
                           "7": WORD_GAP},
            "texts": list(texts),
            "seconds": SECONDS_LIMIT,
            "samples_limit": SAMPLES_LIMIT,
        }  # fmt: skip
        return _utterances(_run(json.dumps(request).encode()))


def _run(request: bytes) -> bytes:
    arguments = [sys.executable, "-I", "-S", str(PROGRAM)]
    try:
        ended = subprocess.run(
            arguments, input=request, capture_output=True, timeout=SECONDS_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise Transient(f"SPEECH_TIMEOUT: espeak-ng took more than {SECONDS_LIMIT} s") from None
    if ended.returncode < 0:
        remedy = "the voice's program broke off over this text; shorten or reword it"
        raise Invalid("script", "SPEECH_FAILED", remedy)
    if ended.returncode:
        raise RuntimeError(ended.stderr.decode(errors="replace"))
    return ended.stdout


def _utterances(answer: bytes) -> list[Utterance]:
    heading, _, sound = answer.partition(b"\n")
    document = json.loads(heading)
    samples = np.frombuffer(sound, "<i2")
    said, start = [], 0
    for utterance in document["utterances"]:
        end = start + utterance["samples"]
        said.append(_utterance(samples[start:end], document["rate"], utterance["events"]))
        start = end
    return said


def _utterance(samples: Samples, rate: int, events: list[tuple[int, int, int, str]]) -> Utterance:
    return Utterance(
        samples=samples,
        rate=rate,
        words=tuple(Mark(s, at, "") for kind, s, at, _ in events if kind == WORD),
        phonemes=tuple(Mark(s, at, ipa) for kind, s, at, ipa in events if kind == PHONEME),
    )
