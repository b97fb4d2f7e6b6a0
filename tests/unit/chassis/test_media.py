"""What stages hand one another through the store comes back as it went in, or is refused."""

import numpy as np
import pytest

from services.chassis import media
from services.chassis.errors import Invalid
from services.chassis.rig import Rig
from services.chassis.store import Store
from services.chassis.timeline import (
    MOUTH,
    SAMPLE_RATE,
    Bytes,
    Phoneme,
    Timing,
    Word,
    samples_per_frame,
)

TIMING = Timing(
    sample_count=4800,
    words=(Word("Grüße", 100, 3000),),
    phonemes=(Phoneme("ɡ", 0, 2000, 1.0), Phoneme("", 2000, 4800, 0)),
)


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


def test_the_same_arrays_have_the_same_digest(store: Store) -> None:
    arrays = {"one": np.arange(10), "two": np.eye(3, dtype=np.float32)}
    digest = media.write_arrays(store, arrays)
    assert media.write_arrays(store, dict(arrays)) == digest
    again = media.read_arrays(store, digest)
    assert all((again[name] == arrays[name]).all() for name in arrays)


def test_tracks_come_back(store: Store) -> None:
    tracks = np.random.default_rng(6).normal(size=(50, 12)).astype(np.float32)
    assert (media.read_tracks(store, media.write_tracks(store, tracks)) == tracks).all()


def test_tracks_of_another_kind_are_refused(store: Store) -> None:
    digest = media.write_tracks(store, np.zeros((9, 7), np.float32), MOUTH)
    with pytest.raises(Invalid) as refusal:
        media.read_tracks(store, digest)
    assert refusal.value.violations[0].reason == "TRACKS_SHAPE_INVALID"


@pytest.mark.parametrize("tracks", [np.zeros((9, 11)), np.zeros(12), np.full((9, 12), np.nan)])
def test_a_stage_cannot_write_broken_tracks(store: Store, tracks: np.ndarray) -> None:
    with pytest.raises(ValueError, match="tracks of shape"):
        media.write_tracks(store, tracks)


def test_a_timing_comes_back_letter_for_letter(store: Store) -> None:
    digest = media.write_timing(store, TIMING)
    assert media.read_timing(store, digest) == TIMING
    assert media.write_timing(store, TIMING) == digest


def test_sound_comes_back_to_within_a_step_of_16_bits(store: Store) -> None:
    sound = np.sin(np.arange(SAMPLE_RATE) / 30).astype(np.float32) * 0.9
    again = media.read_audio(store, media.write_audio(store, sound))
    assert np.abs(again - sound).max() < 1 / 30_000


@pytest.mark.parametrize(("rate", "samples"), [(24, 2000), (25, 1920), (30, 1600)])
def test_a_frame_lasts_whole_samples(rate: int, samples: int) -> None:
    assert samples_per_frame(rate) == samples


@pytest.mark.parametrize("rate", [0, -1, 29, 60, 1001])
def test_other_frame_rates_are_refused(rate: int) -> None:
    with pytest.raises(Invalid) as refusal:
        samples_per_frame(rate)
    assert refusal.value.violations[0].reason == "FPS_INVALID"


def test_a_rig_comes_back_as_it_was(presenter: tuple[Rig, Bytes]) -> None:
    rig, _ = presenter
    arrays = rig.to_arrays()
    again = Rig.from_arrays(arrays).to_arrays()
    assert arrays.keys() == again.keys()
    assert all((again[name] == arrays[name]).all() for name in arrays)
