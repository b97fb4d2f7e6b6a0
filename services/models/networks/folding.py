"""The networks with fewer operations and the same outputs, up to rounding."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from services.models.networks.blocks import (
    DownBlock2d,
    DownBlock3d,
    ResBlock3d,
    SameBlock2d,
    UpBlock3d,
)
from services.models.networks.generator import SpadeBlock, SpadeGenerator
from services.models.networks.gfpgan import StyleDecoder
from services.models.networks.modulated import fold_decoder
from services.models.networks.motion import Block, ResponseNorm, relative_energy
from services.models.networks.repeated import RepeatedConv
from services.models.networks.rrdbnet import RRDBNet
from services.models.networks.sliced import SlicedConv3d
from services.models.networks.steered import FoldedSpadeBlock
from services.models.networks.warping import Decoder, DenseMotion
from services.models.networks.wav2lip import Convolution, Enlargement, Residual, fold_block

Network = TypeVar("Network", bound=nn.Module)
UP_REPEATS: Final = {"up_0": 2, "up_1": 4}
"""How often the generator's features are repeated to fit a block's pictures; else once."""


@torch.no_grad()
def fold(network: Network) -> Network:
    """Return a copy for inference alone: the same calls, the same outputs, other parameters.

    Batch norms go into the convolutions before them, spectral norms into their weights; what is
    convolved after repeating pixels is convolved before.
    """
    folded = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    for module in list(folded.modules()):
        if (change := CHANGES.get(type(module))) is not None:
            change(module)
    return folded.requires_grad_(requires_grad=False)


def absorb_norm(block: nn.Module, conv: str = "conv", norm: str = "norm") -> None:
    """Put a batch norm into the convolution before it."""
    setattr(block, conv, fuse_conv_bn_eval(getattr(block, conv), getattr(block, norm)))
    setattr(block, norm, nn.Identity())


def fold_residual(block: ResBlock3d) -> None:
    """The first norm stands before its convolution, behind a rectifier: it stays."""
    absorb_norm(block, "conv1", "norm2")


def fold_up(block: UpBlock3d) -> None:
    """Convolve first, then repeat."""
    absorb_norm(block)
    block.conv = RepeatedConv(cast("nn.Conv3d", block.conv), repeats=2)
    block.upsample = nn.Identity()


def fold_enlargements(network: RRDBNet) -> None:
    """Convolve first, then repeat."""
    network.conv_up1 = RepeatedConv(cast("nn.Conv2d", network.conv_up1), repeats=2)
    network.conv_up2 = RepeatedConv(cast("nn.Conv2d", network.conv_up2), repeats=2)
    network.enlarge = nn.Identity()


def fold_motion(motion: DenseMotion) -> None:
    """The mask's convolution is two fifths of the warping network."""
    absorb_norm(motion, "compress", "norm")
    mask = cast("nn.Conv3d", motion.mask)
    motion.mask = SlicedConv3d(mask.weight, cast("Tensor", mask.bias))


def fold_generator(generator: SpadeGenerator) -> None:
    """Put a folded block in place of each."""
    for name, block in list(generator.blocks()):
        folded = FoldedSpadeBlock(cast("SpadeBlock", block), UP_REPEATS.get(name, 1))
        generator.add_module(name, folded)


class FoldedResponseNorm(nn.Module):
    """ResponseNorm without its β, which the layer behind it takes into its bias."""

    def __init__(self, gamma: Tensor) -> None:
        super().__init__()
        self.gamma = nn.Parameter(gamma)

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 + self.gamma * relative_energy(x))


def fold_response(block: Block) -> None:
    """Scale the channels once instead of three passes over them."""
    norm = cast("ResponseNorm", block.grn)
    bias = block.pwconv2.bias + block.pwconv2.weight @ norm.beta.flatten()
    block.pwconv2.bias = nn.Parameter(bias)
    block.grn = FoldedResponseNorm(norm.gamma)


CHANGES: Final[Mapping[type, Callable[[Any], None]]] = {
    SameBlock2d: absorb_norm,
    DownBlock2d: absorb_norm,
    DownBlock3d: absorb_norm,
    Decoder: absorb_norm,
    ResBlock3d: fold_residual,
    UpBlock3d: fold_up,
    DenseMotion: fold_motion,
    SpadeGenerator: fold_generator,
    Block: fold_response,
    Convolution: fold_block,
    Residual: fold_block,
    Enlargement: fold_block,
    StyleDecoder: fold_decoder,
    RRDBNet: fold_enlargements,
}
"""What is changed in each block of a copied network."""
