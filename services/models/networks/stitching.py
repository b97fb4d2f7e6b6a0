"""LivePortrait's small networks: S keeps the shoulders in place, R_eye and R_lip set lids and lips.

Each reads key points (21×3, flattened) and returns offsets to add to them.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


class PointNetwork(nn.Module):
    """Linear layers with rectifiers between: N×sizes[0] to N×sizes[-1]."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(sizes):
            layers += [nn.Linear(narrow, wide), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, features: Tensor) -> Tensor:
        offsets: Tensor = self.mlp(features)
        return offsets


def stitcher() -> PointNetwork:
    """Source and driving points (63 + 63) to offsets of the driving points and a shift in x, y."""
    return PointNetwork(126, 128, 128, 64, 65)


def eye_retargeter() -> PointNetwork:
    """Source points, both eyes' opening and the wanted one (63 + 2 + 1) to offsets."""
    return PointNetwork(66, 256, 256, 128, 128, 64, 63)


def lip_retargeter() -> PointNetwork:
    """Source points, the lips' opening and the wanted one (63 + 1 + 1) to offsets."""
    return PointNetwork(65, 128, 128, 64, 63)
