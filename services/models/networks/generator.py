"""LivePortrait's G: paints a picture from warped features, which also steer every normalisation.

Source: Park et al. 2019, SPADE; spectral normalisation after Miyato et al. 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.models.networks.fixed import FixedConv

FEATURES = 256
MIDDLE_BLOCKS = 6
HIDDEN = 128
SLOPE = 0.2
"""Of the rectifiers inside and after the blocks."""


class SpadeGenerator(nn.Module):
    """Paint a face. forward: N×256×64×64 to N×3×512×512, RGB in 0…1."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(FEATURES, 512, kernel_size=3, padding=1)
        for index in range(MIDDLE_BLOCKS):
            self.add_module(f"G_middle_{index}", SpadeBlock(512, 512))
        self.up_0: nn.Module = SpadeBlock(512, 256, doubles=True)
        self.up_1: nn.Module = SpadeBlock(256, 64, doubles=True)
        self.conv_img = nn.Sequential(
            nn.Conv2d(64, 12, kernel_size=3, padding=1), nn.PixelShuffle(2)
        )

    def forward(self, features: Tensor) -> Tensor:
        x: Tensor = self.fc(features)  # N×512×64×64
        for _, block in self.blocks():
            x = block(x, features)  # N×512×64×64; up_0: N×256×128×128; up_1: N×64×256×256
        picture: Tensor = self.conv_img(functional.leaky_relu(x, SLOPE))  # N×3×512×512
        return picture.sigmoid()

    def blocks(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield the blocks in order, each with its name."""
        for name in (*(f"G_middle_{index}" for index in range(MIDDLE_BLOCKS)), "up_0", "up_1"):
            yield name, self.get_submodule(name)


class SpadeBlock(nn.Module):
    """Two steered convolutions beside a short cut: N×C×H×W and features to N×C'×H×W.

    Where it doubles, each pixel is repeated first, and the result is N×C'×2H×2W.
    """

    def __init__(self, channels_in: int, channels_out: int, *, doubles: bool = False) -> None:
        super().__init__()
        self.doubles = doubles
        narrow = min(channels_in, channels_out)
        self.norm_0 = Spade(channels_in)
        self.conv_0 = SpectralConv2d(channels_in, narrow, kernel_size=3)
        self.norm_1 = Spade(narrow)
        self.conv_1 = SpectralConv2d(narrow, channels_out, kernel_size=3)
        self.widens = channels_in != channels_out
        if self.widens:
            self.norm_s = Spade(channels_in)
            self.conv_s = SpectralConv2d(channels_in, channels_out, kernel_size=1, bias=False)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        if self.doubles:
            x = double(x)
        hidden: Tensor = self.conv_0(functional.leaky_relu(self.norm_0(x, features), SLOPE))
        hidden = self.conv_1(functional.leaky_relu(self.norm_1(hidden, features), SLOPE))
        shortcut: Tensor = self.conv_s(self.norm_s(x, features)) if self.widens else x
        return shortcut + hidden


class Spade(nn.Module):
    """Normalise each channel of each picture, then scale and shift as the features say."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(FEATURES, HIDDEN, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(HIDDEN, channels, kernel_size=3, padding=1)
        self.mlp_beta = nn.Conv2d(HIDDEN, channels, kernel_size=3, padding=1)

    @property
    def first(self) -> nn.Conv2d:
        """The convolution that γ and β share."""
        conv = self.mlp_shared[0]
        assert isinstance(conv, nn.Conv2d)
        return conv

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """x: N×C×H×W; features: N×256×64×64, repeated up to H×W. Returns N×C×H×W."""
        shared = self.mlp_shared(functional.interpolate(features, x.shape[-2:], mode="nearest"))
        gamma, beta = self.mlp_gamma(shared), self.mlp_beta(shared)
        modulated: Tensor = functional.instance_norm(x) * (1 + gamma) + beta
        return modulated


class SpectralConv2d(nn.Module):
    """A convolution whose weight is divided by its largest singular value.

    The checkpoint holds the undivided weight and the singular vectors of its training's end.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(
        self, channels_in: int, channels_out: int, *, kernel_size: int, bias: bool = True
    ) -> None:
        super().__init__()
        shape = (channels_out, channels_in, kernel_size, kernel_size)
        self.weight_orig = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(channels_out)) if bias else None
        self.register_buffer("weight_u", torch.empty(channels_out))
        self.register_buffer("weight_v", torch.empty(channels_in * kernel_size**2))

    @property
    def weight(self) -> Tensor:
        """The divided weight, C'×C×k×k."""
        singular = self.weight_u @ self.weight_orig.flatten(1) @ self.weight_v
        return self.weight_orig / singular

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, self.bias, padding="same")

    def divided(self) -> FixedConv:
        """Return the plain convolution that this one is."""
        return FixedConv(self.weight, self.bias, (self.weight.shape[-1] // 2,) * 2)


def double(x: Tensor) -> Tensor:
    """Repeat each pixel twice in both directions: N×C×H×W to N×C×2H×2W."""
    return functional.interpolate(x, scale_factor=2, mode="nearest")
