from __future__ import annotations

import pytest
import torch

from services.models.networks.folding import fold
from tests.golden.parity import TOLERANCE, batches_of, compare, seeded
from tests.golden.vectors import Batch, read_specs

ROUNDING = 1e-5
"""Of the largest value: two ways to compute the same."""


@pytest.mark.parametrize("batch", batches_of("realesrgan_x2plus", "realesr_general_x4v3"), ids=str)
def test_pictures_are_those_that_were_published(batch: Batch) -> None:
    parity = compare(batch)
    assert parity.missing == parity.unexpected == 0, "a published checkpoint would not load"
    assert parity.error <= TOLERANCE


@pytest.mark.parametrize(
    ("network", "factor"), [("realesrgan_x2plus", 2), ("realesr_general_x4v3", 4)]
)
def test_folding_leaves_the_enlarged_picture_as_it_was(network: str, factor: int) -> None:
    plain = seeded(read_specs()[network])
    picture = torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted, enlarged = plain(picture), fold(plain)(picture)
    assert enlarged.shape == (2, 3, 16 * factor, 20 * factor)
    assert (enlarged - wanted).abs().max() <= ROUNDING * wanted.abs().max()
