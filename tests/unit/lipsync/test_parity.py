"""Against the published pipeline, vector by vector."""

from pathlib import Path

import numpy as np
import pytest

from services.lipsync.domain.boxes import smoothed_as_published
from services.lipsync.domain.mel import bands, spectrogram
from services.lipsync.domain.windows import COLUMNS, frame_windows, published_starts

GOLDEN = Path(__file__).parents[2] / "golden" / "pipeline.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as vectors:
        return {name: vectors[name] for name in vectors.files}


def test_speech_is_heard_as_the_published_front_end_hears_it(golden):
    """mel_pad_reflect from wav."""
    want = golden["mel_pad_reflect"]
    error = np.abs(spectrogram(golden["wav"]) - want).max()
    assert error <= 1e-6 * np.abs(want).max(), "the networks hear another sound than they know"


def test_the_bands_reach_their_published_height():
    assert bands().shape == (80, 401)
    assert bands().max() == pytest.approx(0.02688, abs=5e-6)


@pytest.mark.parametrize("rate", ["24.0", "25.0", "29.97", "30.0"])
def test_windows_are_cut_where_the_published_pipeline_cuts_them(golden, rate):
    """chunk_starts_fps_*."""
    starts = published_starts(golden["mel_pad_reflect"].shape[1], float(rate))
    assert starts.tolist() == golden[f"chunk_starts_fps_{rate}"].tolist()


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_each_frame_hears_the_published_window_until_the_sound_ends(golden, rate):
    mel = golden["mel_pad_reflect"].astype(np.float32)
    starts = golden[f"chunk_starts_fps_{rate}.0"][:-1]
    windows = frame_windows(mel, 2 * rate, rate)
    assert windows.shape == (2 * rate, 1, 80, COLUMNS), "the video is as long as its sound"
    for window, start in zip(windows, starts, strict=False):
        assert np.array_equal(window[0], mel[:, start : start + COLUMNS])


def test_boxes_smoothed_as_published_are_the_published_boxes(golden):
    """smooth_out_int from smooth_in."""
    assert np.array_equal(smoothed_as_published(golden["smooth_in"]), golden["smooth_out_int"])
