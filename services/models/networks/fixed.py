"""A convolution by weights that were worked out, not learned."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class FixedConv(nn.Module):
    """Convolve by a weight C'×C×k×k, or C'×C×k×k×k, with zeros beyond the edge."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, padding: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().contiguous())
        self.register_buffer("bias", None if bias is None else bias.detach())
        self.padding = tuple(padding)

    def forward(self, x: Tensor) -> Tensor:
        convolve = functional.conv2d if self.weight.dim() == 4 else functional.conv3d
        return convolve(x, self.weight, self.bias, padding=self.padding)
