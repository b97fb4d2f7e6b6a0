"""Convolutions of repeated pixels, done before the repeating.

Of three neighbours in a row whose pixels were each repeated, some are the same pixel, and their
weights can be added beforehand. A pixel's first copy sees its left neighbour and itself, its last
copy itself and its right neighbour; copies between see only itself and are equal. So 3×3 taps a
copy become 16 for all four copies (of 36), or 25 for all sixteen (of 144). Beyond the edge both
ways see zero: the outputs are equal up to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

import torch
from torch import Tensor, nn

from services.models.networks.fixed import FixedConv

Copies = tuple[tuple[int, ...], ...]

TAPS: Final[Mapping[str, list[list[list[float]]]]] = {
    "edges": [[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]],
    "inside": [[[1, 1, 1]]],
}
"""For each different copy along an axis and each pixel it sees, which of 3 weights are added."""
COPIES: Final[Mapping[int, Mapping[str, Copies]]] = {
    2: {"edges": ((0,), (1,))},
    4: {"edges": ((0,), (3,)), "inside": ((1, 2),)},
}
"""For each number of repeats, where those copies lie among a pixel's copies."""


class RepeatedConv(nn.Module):
    """Give a convolution's outputs on pixels repeated 2 or 4 times in height and width.

    forward: N×C×H×W to N×C'×rH×rW, or N×C×D×H×W to N×C'×D×rH×rW. The convolution has 3 taps and
    a padding of 1 along each axis.
    """

    def __init__(self, conv: nn.Conv2d | nn.Conv3d | FixedConv, repeats: int) -> None:
        super().__init__()
        self.repeats = repeats
        self.channels = len(conv.weight)
        self.kinds = list(product(COPIES[repeats], repeat=2))
        self.convs = nn.ModuleList(add_taps(conv, *kinds) for kinds in self.kinds)

    def forward(self, x: Tensor) -> Tensor:
        *depth, height, width = x.shape[2:]
        size = (len(x), self.channels, *depth, self.repeats * height, self.repeats * width)
        out = x.new_empty(size)
        for kinds, conv in zip(self.kinds, self.convs, strict=True):
            rows, columns = (COPIES[self.repeats][kind] for kind in kinds)
            self._place(conv(x), rows, columns, out)
        return out

    def _place(self, copies: Tensor, rows: Copies, columns: Copies, out: Tensor) -> None:
        """Put each copy where it lies; the second of two edges begins a pixel later."""
        height, width = (side // self.repeats for side in out.shape[-2:])
        places = list(product(enumerate(rows), enumerate(columns)))
        for ((top, i), (left, j)), copy in zip(places, copies.chunk(len(places), 1), strict=True):
            values = copy[..., top : top + height, left : left + width]
            for row, column in product(i, j):
                out[..., row :: self.repeats, column :: self.repeats] = values


def add_taps(conv: nn.Conv2d | nn.Conv3d | FixedConv, rows: str, columns: str) -> FixedConv:
    """Return a convolution whose outputs are these copies', one group of channels after another."""
    high, wide = (conv.weight.new_tensor(TAPS[kind]) for kind in (rows, columns))
    # p, q: the copy; a, b: the pixel it sees; r, c: the taps that fall on it
    weight = torch.einsum("par,qbc,oi...rc->pqoi...ab", high, wide, conv.weight).flatten(0, 2)
    bias = None if conv.bias is None else conv.bias.repeat(len(high) * len(wide))
    depth_padding = (1,) * (conv.weight.dim() - 4)
    return FixedConv(weight, bias, (*depth_padding, weight.shape[-2] - 1, weight.shape[-1] - 1))
