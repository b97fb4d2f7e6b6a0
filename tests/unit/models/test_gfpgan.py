from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor

from services.models.networks.folding import fold
from services.models.networks.gfpgan import GFPGAN, MOUTH, Maps, Noises, drawing_regions
from services.models.networks.region import Region, cut
from tests.golden.parity import TOLERANCE, as_tensors, seeded
from tests.golden.vectors import largest_error, make_inputs, read_specs, stored_batches

FACE = Region.whole(512)
CORNER = Region(top=317, left=0, bottom=512, right=131)
"""A window at the face's edge, with odd sides."""
ROUNDING = 1e-5
"""Of the largest value: two ways to compute the same."""


@pytest.fixture(scope="module")
def network() -> GFPGAN:
    return cast("GFPGAN", seeded(read_specs()["gfpgan"]))


@pytest.fixture(scope="module")
def folded(network: GFPGAN) -> GFPGAN:
    return fold(network)


@pytest.fixture(scope="module")
def face() -> Tensor:
    return as_tensors({"face": make_inputs(read_specs()["gfpgan"])[0]})["face"]


@pytest.fixture(scope="module")
def maps(folded: GFPGAN, face: Tensor) -> Maps:
    with torch.inference_mode():
        return folded.encode(face)


def says(face: Tensor, window: Region) -> Tensor:
    """The face with something else in the window."""
    spoken = face.clone()
    cut(spoken, window, FACE).uniform_(-1, 1, generator=torch.Generator().manual_seed(1))
    return spoken


def test_faces_are_those_that_were_published(network: GFPGAN, face: Tensor) -> None:
    assert set(network.state_dict()) == set(read_specs()["gfpgan"].entries)
    (batch,) = (batch for batch in stored_batches() if batch.network == "gfpgan")
    with torch.inference_mode():
        restored = network(face)
    assert largest_error(batch, [restored.numpy()]) <= TOLERANCE


@pytest.mark.parametrize("window", [MOUTH, CORNER], ids=["mouth", "corner"])
def test_a_window_is_that_of_the_whole_face(
    network: GFPGAN, folded: GFPGAN, face: Tensor, maps: Maps, window: Region
) -> None:
    spoken = says(face, window)
    with torch.inference_mode():
        wanted = cut(network(spoken), window, FACE)
        drawn = folded.redraw(cut(spoken, window, FACE), folded.keep(maps, window))
    assert drawn.shape == wanted.shape
    assert (drawn - wanted).abs().max() <= ROUNDING * wanted.abs().max()


def test_mouths_restored_together_are_those_restored_alone(
    folded: GFPGAN, face: Tensor, maps: Maps
) -> None:
    both = torch.cat([cut(says(face, MOUTH), MOUTH, FACE), cut(face, MOUTH, FACE)])
    with torch.inference_mode():
        kept = folded.keep({side: part.expand(2, -1, -1, -1) for side, part in maps.items()})
        together = folded.redraw(both, kept)
        alone = folded.redraw(both[:1], folded.keep(maps))
    assert (together[:1] - alone).abs().max() <= ROUNDING * alone.abs().max()
    assert (together[0] - together[1]).abs().max() > 100 * ROUNDING, "the window was not read"


def test_a_mouth_needs_little_more_than_its_window() -> None:
    regions = drawing_regions(MOUTH)
    area = (regions[512].bottom - regions[512].top) * (regions[512].right - regions[512].left)
    assert area < 0.21 * 512**2
    assert regions[32] == Region.whole(32)


def test_noise_is_the_same_in_every_frame_unless_fresh_noise_is_asked_for() -> None:
    noises = Noises()
    for buffer in noises.buffers():
        buffer.zero_()
    regions = {side: Region.whole(side) for side in (4, 8, 16, 32, 64, 128, 256, 512)}
    assert all(noise.eq(0).all() for noise in noises(regions, None))
    first, again = (noises(regions, torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert first[14].std() == pytest.approx(1, abs=0.01)
