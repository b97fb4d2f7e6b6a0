"""GFPGAN's styled convolutions with weights that are the same for every face.

A style scales a convolution's input channels, and its output channels are divided by the norm of
the scaled weights: w' = w s / |w s|. Scaling maps instead of weights gives the same outputs up to
rounding, lets one convolution serve a whole batch of styles, and |w s|² is s² times the weights'
squares, which are summed once. A map is scaled unless, for one face, the weights are fewer.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from services.models.networks.gfpgan import (
    EPSILON,
    StyledConvolution,
    StyleDecoder,
    ToPicture,
    rectify,
)


class FoldedStyledConvolution(nn.Module):
    """Does what StyledConvolution does."""

    def __init__(self, plain: StyledConvolution) -> None:
        super().__init__()
        self.modulation = plain.modulated_conv.modulation
        self.weight = nn.Parameter(plain.modulated_conv.weight[0])  # (outputs, inputs, 3, 3)
        self.squares = nn.Parameter(self.weight.square().sum((2, 3)).T)  # (inputs, outputs)
        self.strength = plain.weight
        self.bias = plain.bias

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """Return (N, outputs, h, w) of (N, inputs, h, w), a style (N, 512), noise (1, 1, h, w)."""
        factors: Tensor = self.modulation(style)  # (N, inputs)
        gain = math.sqrt(2) * (factors.square() @ self.squares + EPSILON).rsqrt()  # (N, outputs)
        made = torch.addcmul(self.bias, self._convolve(x, factors), gain[..., None, None])
        return rectify(made.add_(noise * self.strength))

    def _convolve(self, x: Tensor, factors: Tensor) -> Tensor:
        if len(x) == 1 and self.weight.numel() < x.numel():
            return conv2d(x, self.weight * factors[..., None, None], padding=1)
        return conv2d(x * factors[..., None, None], self.weight, padding=1)


class FoldedToPicture(nn.Module):
    """Does what ToPicture does."""

    def __init__(self, plain: ToPicture) -> None:
        super().__init__()
        self.modulation = plain.modulated_conv.modulation
        self.weight = nn.Parameter(plain.modulated_conv.weight[0, :, :, 0, 0])  # (3, inputs)
        self.bias = nn.Parameter(plain.bias[0, :, :, 0])  # (3, 1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return (N, 3, h, w) of (N, inputs, h, w) and a style (N, 512)."""
        weight = self.weight * self.modulation(style)[:, None]  # (N, 3, inputs)
        return torch.baddbmm(self.bias, weight, x.flatten(2)).view(len(x), 3, *x.shape[2:])


def fold_decoder(decoder: StyleDecoder) -> None:
    """Put folded convolutions in place of the styled ones."""
    for parent in (decoder, decoder.style_convs, decoder.to_rgbs):
        for name, module in list(cast("nn.Module", parent).named_children()):
            if isinstance(module, StyledConvolution):
                parent.add_module(name, FoldedStyledConvolution(module))
            elif isinstance(module, ToPicture):
                parent.add_module(name, FoldedToPicture(module))
