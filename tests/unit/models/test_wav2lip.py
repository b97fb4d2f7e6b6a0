from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor

from services.models.networks.folding import fold
from services.models.networks.syncnet import SyncNet
from services.models.networks.wav2lip import SIDE_PIXELS, Wav2Lip
from tests.golden.parity import TOLERANCE, batches_of, compare, seeded
from tests.golden.vectors import Batch, make_inputs, read_specs

ROUNDING = 1e-5
"""Of the largest value: two ways to compute the same."""


@pytest.fixture(scope="module")
def generator() -> Wav2Lip:
    return cast("Wav2Lip", seeded(read_specs()["wav2lip"]))


@pytest.fixture(scope="module")
def spoken() -> tuple[Tensor, Tensor]:
    mel, face = make_inputs(read_specs()["wav2lip"], batch=2)
    return torch.from_numpy(mel), torch.from_numpy(face)


@pytest.mark.parametrize("batch", batches_of("wav2lip", "syncnet_color"), ids=str)
def test_faces_and_embeddings_are_those_that_were_published(batch: Batch) -> None:
    parity = compare(batch)
    assert parity.missing == parity.unexpected == 0, "a published checkpoint would not load"
    assert parity.error <= TOLERANCE


@pytest.mark.parametrize("folded", [False, True])
def test_a_face_encoded_once_serves_all_that_is_said_over_it(
    generator: Wav2Lip, spoken: tuple[Tensor, Tensor], folded: bool
) -> None:
    mel, face = spoken
    quick = fold(generator) if folded else generator
    with torch.inference_mode():
        wanted = generator(mel, face[:1].expand(2, -1, -1, -1))
        kept = [part.expand(2, -1, -1, -1) for part in quick.encode_face(face[:1])]
        drawn = quick.decode(quick.encode_speech(mel), kept)
    assert (drawn - wanted).abs().max() <= ROUNDING * wanted.max()
    assert (wanted[0] - wanted[1]).abs().max() > 100 * ROUNDING, "the mouth heard nothing"


@pytest.mark.parametrize("top", [1, 40, 48, 95])
def test_the_lower_rows_alone_are_those_of_the_whole_face(
    generator: Wav2Lip, spoken: tuple[Tensor, Tensor], top: int
) -> None:
    with torch.inference_mode():
        speech, features = generator.encode_speech(spoken[0]), generator.encode_face(spoken[1])
        whole, below = generator.decode(speech, features), generator.decode(speech, features, top)
    assert below.shape == (2, 3, SIDE_PIXELS - top, SIDE_PIXELS)
    assert (below - whole[:, :, top:]).abs().max() <= ROUNDING * whole.max()


def test_folding_the_norms_leaves_the_embeddings_as_they_were() -> None:
    plain = cast("SyncNet", seeded(read_specs()["syncnet_color"]))
    mel, mouths = (torch.from_numpy(value) for value in make_inputs(read_specs()["syncnet_color"]))
    with torch.inference_mode():
        pairs = zip(plain(mel, mouths), fold(plain)(mel, mouths), strict=True)
    for wanted, embedding in pairs:
        assert (embedding - wanted).abs().max() <= ROUNDING
        assert embedding.norm(dim=1) == pytest.approx(1, abs=ROUNDING)
