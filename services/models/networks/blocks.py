"""The convolution blocks that LivePortrait's networks share, with their published parameter names.

Shapes: N batch, C channels, D depth, H height, W width.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class SameBlock2d(nn.Module):
    """Convolve, normalise, activate: N×C×H×W to N×C'×H×W."""

    def __init__(self, channels_in: int, channels_out: int, negative_slope: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(channels_out)
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.norm(self.conv(x)), self.negative_slope)


class DownBlock2d(nn.Module):
    """Convolve, normalise, activate, halve: N×C×H×W to N×C'×H/2×W/2."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(functional.relu(self.norm(self.conv(x))), 2)


class DownBlock3d(nn.Module):
    """As DownBlock2d, the depth kept: N×C×D×H×W to N×C'×D×H/2×W/2."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(channels_in, channels_out, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm3d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool3d(functional.relu(self.norm(self.conv(x))), (1, 2, 2))


class UpBlock3d(nn.Module):
    """Double height and width by repeating, convolve: N×C×D×H×W to N×C'×D×2H×2W."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.upsample: nn.Module = nn.Upsample(scale_factor=(1, 2, 2), mode="nearest")
        self.conv: nn.Module = nn.Conv3d(channels_in, channels_out, kernel_size=3, padding=1)
        self.norm: nn.Module = nn.BatchNorm3d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(self.upsample(x))))


class ResBlock3d(nn.Module):
    """Two normalised convolutions beside a short cut: N×C×D×H×W to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm3d(channels)
        self.conv1 = nn.Conv3d(channels, channels, kernel_size=3, padding=1)
        self.norm2 = nn.BatchNorm3d(channels)
        self.conv2 = nn.Conv3d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.conv1(functional.relu(self.norm1(x)))
        hidden = self.conv2(functional.relu(self.norm2(hidden)))
        return x + hidden
