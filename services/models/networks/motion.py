"""LivePortrait's M: where a head looks and what its face does, in numbers.

Its body is a ConvNeXt V2 "tiny" (Woo et al. 2023); seven linear heads read its pooled features.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON: Final = 1e-6
DEPTHS: Final = (3, 3, 9, 3)
WIDTHS: Final = (96, 192, 384, 768)
KEYPOINTS: Final = 21
ANGLE_BINS: Final = 66
HEADS: Final = {
    "kp": 3 * KEYPOINTS,
    "scale": 1,
    "pitch": ANGLE_BINS,
    "yaw": ANGLE_BINS,
    "roll": ANGLE_BINS,
    "t": 3,
    "exp": 3 * KEYPOINTS,
}


class MotionExtractor(nn.Module):
    """Read the motion of a face; once a portrait and once a driving frame.

    forward: N×3×256×256, RGB in 0…1, to {pitch, yaw, roll: N×66 logits of 3° bins, t: N×3,
    exp, kp: N×63 (21 points, xyz), scale: N×1}.
    """

    def __init__(self) -> None:
        super().__init__()
        self.detector = ConvNeXt()

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        motion: dict[str, Tensor] = self.detector(picture)
        return motion


class ConvNeXt(nn.Module):
    """Four stages of blocks, each after a downsampling; then pooling and the heads."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, WIDTHS[0], kernel_size=4, stride=4), PixelNorm(WIDTHS[0]))
        halvings = [
            nn.Sequential(PixelNorm(narrow), nn.Conv2d(narrow, wide, kernel_size=2, stride=2))
            for narrow, wide in pairwise(WIDTHS)
        ]
        self.downsample_layers = nn.ModuleList([stem, *halvings])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for width, depth in zip(WIDTHS, DEPTHS, strict=True)
        )
        self.norm = nn.LayerNorm(WIDTHS[-1], eps=EPSILON)
        for name, size in HEADS.items():
            self.add_module(f"fc_{name}", nn.Linear(WIDTHS[-1], size))

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        x = picture
        for downsample, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(downsample(x))  # N×96×64×64, N×192×32×32, N×384×16×16, N×768×8×8
        pooled = self.norm(x.mean(dim=(2, 3)))  # N×768
        return {name: self.get_submodule(f"fc_{name}")(pooled) for name in HEADS}


class Block(nn.Module):
    """Look around each pixel, then mix its channels four times as wide: N×C×H×W to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, kernel_size=7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.grn: nn.Module = ResponseNorm(4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.dwconv(x).permute(0, 2, 3, 1)  # N×H×W×C
        hidden = functional.gelu(self.pwconv1(self.norm(hidden)))  # N×H×W×4C
        hidden = self.pwconv2(self.grn(hidden))  # N×H×W×C
        return x + hidden.permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """Global response normalisation over N×H×W×C: channels compete by their energy."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.gamma * (x * relative_energy(x)) + self.beta + x


def relative_energy(x: Tensor) -> Tensor:
    """Return each channel's energy over the mean channel's: N×H×W×C to N×1×1×C."""
    energy = x.square().sum(dim=(1, 2), keepdim=True).sqrt()
    return energy / (energy.mean(dim=-1, keepdim=True) + EPSILON)


class PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel of N×C×H×W."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
