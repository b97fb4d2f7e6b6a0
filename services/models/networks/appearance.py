"""LivePortrait's F: what a face looks like, as a volume that can be turned."""

from __future__ import annotations

from torch import Tensor, nn

from services.models.networks.blocks import DownBlock2d, ResBlock3d, SameBlock2d

VOLUME_CHANNELS = 32
VOLUME_DEPTH = 16
RESIDUAL_BLOCKS = 6


class AppearanceExtractor(nn.Module):
    """Lift a picture into a feature volume; runs once a portrait.

    forward: N×3×256×256, RGB in 0…1, to N×32×16×64×64.
    Source: Guo et al. 2024, LivePortrait, after Wang et al. 2021, face-vid2vid.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = SameBlock2d(3, 64)
        self.down_blocks = nn.ModuleList([DownBlock2d(64, 128), DownBlock2d(128, 256)])
        self.second = nn.Conv2d(256, VOLUME_CHANNELS * VOLUME_DEPTH, kernel_size=1)
        blocks = {f"3dr{index}": ResBlock3d(VOLUME_CHANNELS) for index in range(RESIDUAL_BLOCKS)}
        self.resblocks_3d = nn.ModuleDict(blocks)

    def forward(self, picture: Tensor) -> Tensor:
        x: Tensor = self.first(picture)  # N×64×256×256
        for down in self.down_blocks:
            x = down(x)  # N×128×128×128, then N×256×64×64
        x = self.second(x)  # N×512×64×64
        x = x.view(len(x), VOLUME_CHANNELS, VOLUME_DEPTH, *x.shape[2:])  # N×32×16×64×64
        for block in self.resblocks_3d.values():
            x = block(x)
        return x
