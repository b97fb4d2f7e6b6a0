"""The generator's block with fewer operations: what its three steered norms share is done once."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.models.networks.fixed import FixedConv
from services.models.networks.generator import SLOPE, Spade, SpadeBlock, double
from services.models.networks.repeated import RepeatedConv


class FoldedSpadeBlock(nn.Module):
    """Give SpadeBlock's outputs, for features that must be repeated to fit its pictures.

    Spectral norms are divided out; the norms' first convolutions are one, done before the features
    are repeated; each γ and β are one; a picture is normalised before its pixels are repeated,
    which changes neither mean nor variance, and once for both norms that read it.
    """

    def __init__(self, block: SpadeBlock, repeats: int) -> None:
        super().__init__()
        norms = [block.norm_0, block.norm_1, *([block.norm_s] if block.widens else [])]
        shared = join_outputs(*(norm.first for norm in norms))
        self.shared = RepeatedConv(shared, repeats) if repeats > 1 else shared
        self.steer = nn.ModuleList(join_steering(norm) for norm in norms)
        self.conv_0, self.conv_1 = block.conv_0.divided(), block.conv_1.divided()
        self.conv_s = block.conv_s.divided() if block.widens else None
        self.doubles = block.doubles

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        shared = functional.relu_(self.shared(features)).chunk(len(self.steer), dim=1)
        normal = functional.instance_norm(x)
        if self.doubles:
            normal = double(normal)
        hidden: Tensor = self.conv_0(
            functional.leaky_relu_(self._steered(0, normal, shared), SLOPE)
        )
        hidden = functional.instance_norm(hidden)
        hidden = self.conv_1(functional.leaky_relu_(self._steered(1, hidden, shared), SLOPE))
        shortcut = x if self.conv_s is None else self.conv_s(self._steered(2, normal, shared))
        return shortcut + hidden

    def _steered(self, norm: int, normal: Tensor, shared: tuple[Tensor, ...]) -> Tensor:
        scale, shift = self.steer[norm](shared[norm]).chunk(2, dim=1)
        return torch.addcmul(shift, normal, scale)


def join_outputs(*convs: nn.Conv2d) -> FixedConv:
    """Return one convolution with all outputs of several that read the same."""
    biases = [conv.bias for conv in convs if conv.bias is not None]
    return FixedConv(torch.cat([conv.weight for conv in convs]), torch.cat(biases), (1, 1))


def join_steering(norm: Spade) -> FixedConv:
    """Return the convolution that gives 1 + γ, then β."""
    joined = join_outputs(norm.mlp_gamma, norm.mlp_beta)
    assert joined.bias is not None
    joined.bias[: norm.mlp_gamma.out_channels] += 1
    return joined
