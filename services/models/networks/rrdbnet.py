"""Real-ESRGAN's large network (RRDBNet, `RealESRGAN_x2plus`): enlarges twofold.

Facts: 16.7 M parameters; 9 MFLOP an input pixel, 4.6 TFLOP from 960 x 540 to 1920 x 1080. Three
quarters of the work are done at half the input's size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_unshuffle

CHANNELS = 64
GROWTH = 32
BLOCKS = 23
RESIDUAL_WEIGHT = 0.2
SLOPE = 0.2


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """Return a 3 x 3 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees the input and all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = convolution(CHANNELS, GROWTH)
        self.conv2 = convolution(CHANNELS + GROWTH, GROWTH)
        self.conv3 = convolution(CHANNELS + 2 * GROWTH, GROWTH)
        self.conv4 = convolution(CHANNELS + 3 * GROWTH, GROWTH)
        self.conv5 = convolution(CHANNELS + 4 * GROWTH, CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 64, h, w) of the same."""
        seen = x  # (N, 64, h, w), then 96, 128, 160, 192 channels
        for grow in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, leaky_relu_(grow(seen))), dim=1)
        return torch.add(x, self.conv5(seen), alpha=RESIDUAL_WEIGHT)


class RRDB(nn.Module):
    """A residual block of three dense blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.rdb1 = DenseBlock()
        self.rdb2 = DenseBlock()
        self.rdb3 = DenseBlock()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 64, h, w) of the same."""
        return torch.add(x, self.rdb3(self.rdb2(self.rdb1(x))), alpha=RESIDUAL_WEIGHT)


def leaky_relu_(x: Tensor) -> Tensor:
    """Return x, negative values made a fifth in place."""
    return leaky_relu(x, SLOPE, inplace=True)


class RRDBNet(nn.Module):
    """The twofold network: folds 2 x 2 pixels into channels, thinks, enlarges twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_first = convolution(3 * 4, CHANNELS)
        self.body = nn.Sequential(*(RRDB() for _ in range(BLOCKS)))
        self.conv_body = convolution(CHANNELS, CHANNELS)
        self.enlarge: nn.Module = nn.Upsample(scale_factor=2, mode="nearest")
        self.conv_up1: nn.Module = convolution(CHANNELS, CHANNELS)
        self.conv_up2: nn.Module = convolution(CHANNELS, CHANNELS)
        self.conv_hr = convolution(CHANNELS, CHANNELS)
        self.conv_last = convolution(CHANNELS, 3)

    def forward(self, picture: Tensor) -> Tensor:
        """Return (N, 3, 2h, 2w) of (N, 3, h, w), h and w even; RGB, in and about 0..1."""
        first = self.conv_first(pixel_unshuffle(picture, 2))  # (N, 64, h/2, w/2)
        x = first + self.conv_body(self.body(first))
        x = leaky_relu_(self.conv_up1(self.enlarge(x)))  # (N, 64, h, w)
        x = leaky_relu_(self.conv_up2(self.enlarge(x)))  # (N, 64, 2h, 2w)
        enlarged: Tensor = self.conv_last(leaky_relu_(self.conv_hr(x)))
        return enlarged
