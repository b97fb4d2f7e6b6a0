"""A volume's convolution as one convolution of its slices.

The warping network's largest layer has 22 outputs a voxel: too few to fill a processor's vectors.
Convolving every slice with all planes of the kernel at once makes 7 × 22, and each output is the
sum of what seven neighbouring slices give it: the same products, added in another order.
"""

from __future__ import annotations

from torch import Tensor, nn

from services.models.networks.fixed import FixedConv


class SlicedConv3d(nn.Module):
    """Give an odd, zero-padded convolution's outputs: N×C×D×H×W to N×C'×D×H×W."""

    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """weight: C'×C×P×k×k; bias: C'."""
        super().__init__()
        self.planes, height, width = weight.shape[2:]
        by_plane = weight.permute(2, 0, 1, 3, 4).flatten(0, 1)  # PC'×C×k×k
        self.conv = FixedConv(by_plane, None, (height // 2, width // 2))
        self.register_buffer("bias", bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        batch, _, depth, height, width = x.shape
        given: Tensor = self.conv(x.transpose(1, 2).flatten(0, 1))  # ND×PC'×H×W
        given = given.view(batch, depth, self.planes, -1, height, width)
        out = self.bias[:, None, None].repeat(batch, depth, 1, height, width)  # N×D×C'×H×W
        for plane in range(self.planes):
            ahead = plane - self.planes // 2  # this plane looks at the slice so far ahead
            first = max(0, -ahead)
            last = max(first, min(depth, depth - ahead))
            out[:, first:last] += given[:, first + ahead : last + ahead, plane]
        return out.transpose(1, 2)
