"""LivePortrait's networks compute what the published ones do, and folded ones the same in less."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from services.models.networks.folding import fold
from services.models.networks.repeated import RepeatedConv
from services.models.networks.sliced import SlicedConv3d
from services.models.networks.warping import (
    COMPRESSED,
    MOTIONS,
    DenseMotion,
    Source,
    WarpingNetwork,
    heat_maps,
)
from tests.golden.parity import TOLERANCE, batches_of, compare, seeded
from tests.golden.vectors import Batch, in_order, read_specs

FOLDING_TOLERANCE = 1e-5
"""Of the largest absolute value: the same sums, rounded in another order."""
NAMES = ("lp_F", "lp_M", "lp_W", "lp_G", "lp_S", "lp_Reye", "lp_Rlip")


def difference(ours: Tensor, wanted: Tensor) -> float:
    """Return the largest error over the largest value wanted."""
    return float((ours - wanted).abs().max() / wanted.abs().max())


def small_inputs(name: str) -> list[Tensor]:
    """Inputs of fewer pixels than the published ones: the networks do not mind."""
    random = torch.Generator().manual_seed(0)
    if name in ("lp_F", "lp_M"):
        return [torch.rand(2, 3, 64, 64, generator=random)]
    if name == "lp_G":
        return [torch.randn(2, 256, 8, 8, generator=random) / 2]
    volume = torch.randn(1, 32, 16, 32, 32, generator=random)
    return [volume, *(torch.randn(1, 21, 3, generator=random) * 0.3 for _ in range(2))]


@pytest.mark.parametrize("batch", batches_of(*NAMES), ids=lambda batch: batch.path.stem)
def test_a_network_computes_what_the_published_one_does(batch: Batch) -> None:
    parity = compare(batch)
    assert (parity.missing, parity.unexpected) == (0, 0), "a published checkpoint would not load"
    assert parity.error <= TOLERANCE


@pytest.mark.parametrize("name", ["lp_F", "lp_M", "lp_W", "lp_G"])
def test_a_folded_network_computes_the_same(name: str) -> None:
    plain = seeded(read_specs()[name])
    inputs = small_inputs(name)
    names = set(plain.state_dict())
    with torch.inference_mode():
        wanted, outputs = plain(*inputs), fold(plain)(*inputs)
    for ours, theirs in zip(in_order(outputs), in_order(wanted), strict=True):
        assert difference(ours, theirs) <= FOLDING_TOLERANCE
    assert set(plain.state_dict()) == names, "the network given was changed"


def test_a_source_made_ready_once_serves_every_frame() -> None:
    network = seeded(read_specs()["lp_W"])
    assert isinstance(network, WarpingNetwork)
    volume, points, first = small_inputs("lp_W")
    with torch.inference_mode():
        source = network.prepare(volume, points)
        together = network.warp(source, torch.cat([first, 0.9 * first]))["out"]
        alone = [network(volume, pose, points)["out"] for pose in (first, 0.9 * first)]
    assert difference(together, torch.cat(alone)) <= FOLDING_TOLERANCE


@pytest.mark.parametrize("repeats", [2, 4])
def test_convolving_before_repeating_pixels_is_convolving_after(repeats: int) -> None:
    conv = nn.Conv2d(3, 5, kernel_size=3, padding=1, dtype=torch.float64)
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64)
    with torch.inference_mode():
        wanted = conv(functional.interpolate(x, scale_factor=repeats, mode="nearest"))
        assert difference(RepeatedConv(conv, repeats)(x), wanted) < 1e-14


def test_convolving_before_repeating_a_volumes_pixels_keeps_its_depth() -> None:
    conv = nn.Conv3d(3, 5, kernel_size=3, padding=1, dtype=torch.float64)
    x = torch.randn(2, 3, 4, 5, 6, dtype=torch.float64)
    with torch.inference_mode():
        wanted = conv(functional.interpolate(x, scale_factor=(1, 2, 2), mode="nearest"))
        assert difference(RepeatedConv(conv, 2)(x), wanted) < 1e-14


@pytest.mark.parametrize("depth", [2, 9])
def test_convolving_slices_is_convolving_their_volume(depth: int) -> None:
    conv = nn.Conv3d(3, 5, kernel_size=7, padding=3, dtype=torch.float64)
    x = torch.randn(2, 3, depth, 8, 6, dtype=torch.float64)
    assert conv.bias is not None
    with torch.inference_mode():
        assert difference(SlicedConv3d(conv.weight, conv.bias)(x), conv(x)) < 1e-14


def test_places_in_a_volume_are_not_rounded_where_networks_run_in_half_precision() -> None:
    class Narrow(DenseMotion):
        """With as little between its inputs and its shares as can be."""

        def __init__(self) -> None:
            nn.Module.__init__(self)
            width = MOTIONS * (COMPRESSED + 1)
            self.hourglass = nn.Identity()
            self.mask = nn.Conv3d(width, MOTIONS, kernel_size=1)
            self.occlusion = nn.Conv2d(width * 4, 1, kernel_size=1)

    random = torch.Generator().manual_seed(0)
    keypoints, driving = (torch.rand(1, 21, 3, generator=random) - 0.5 for _ in range(2))
    size = torch.Size((4, 16, 16))
    compressed = torch.rand(1, COMPRESSED, *size, generator=random)
    source = Source(compressed, keypoints, compressed, heat_maps(keypoints, size))
    motion = Narrow()
    with torch.no_grad():
        for each in motion.parameters():
            each.zero_()  # equal shares, exact in any precision
        deformation, _ = motion(source, driving)
        with torch.autocast("cpu", torch.bfloat16):
            rounded, _ = motion(source, driving)
    assert rounded.dtype == torch.float32
    assert difference(rounded, deformation) < 1e-6
