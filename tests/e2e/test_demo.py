"""The samples are as long as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from rostrum.speech.v1.speech_pb2 import SynthesizeResponse

from services.studio.documents import read_document
from tests.e2e.conftest import SAMPLES
from tests.e2e.undrawn import Undrawn

SILENCE_SECONDS = 1.6
"""Before the first word and after the last."""


def seconds(path: Path, folder: Path) -> float:
    """Return how long an order's video will be."""
    speeches = [
        response.speech
        for _, response in Undrawn(folder).work(read_document(path), performed=False)
        if isinstance(response, SynthesizeResponse)
    ]
    return SILENCE_SECONDS + sum(s.frame_count / s.frame_rate for s in speeches)


@pytest.mark.parametrize("path", sorted((SAMPLES / "demo").glob("*.yaml")), ids=lambda p: p.stem)
def test_a_demo_video_lasts_at_most_half_a_minute(path: Path, tmp_path: Path) -> None:
    assert 10 < seconds(path, tmp_path) <= 30


def test_the_bulletin_lasts_a_minute_and_a_half(tmp_path: Path) -> None:
    assert 85 <= seconds(SAMPLES / "bulletin.yaml", tmp_path) <= 100
