"""LivePortrait's W: turns a source's feature volume to where the driving key points are.

Shapes: N batch, K = 21 key points, M = K + 1 motions, volumes D×H×W = 16×64×64. Points and grids
are (x, y, z) in -1…1; x runs along W.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.models.networks.blocks import DownBlock3d, SameBlock2d, UpBlock3d

KEYPOINTS: Final = 21
MOTIONS: Final = KEYPOINTS + 1
CHANNELS: Final = 32
DEPTH: Final = 16
COMPRESSED: Final = 4
HEAT_VARIANCE: Final = 0.01
DOWN_WIDTHS: Final = (MOTIONS * (COMPRESSED + 1), 64, 128, 256, 512, 1024)


class Source(NamedTuple):
    """What a portrait contributes to each of its frames; made once."""

    volume: Tensor
    """N×32×D×H×W, as AppearanceExtractor gives it."""
    keypoints: Tensor
    """N×K×3."""
    compressed: Tensor
    """N×4×D×H×W."""
    heat: Tensor
    """N×K×D×H×W."""

    def repeat(self, batch: int) -> Source:
        """Return views of one source for a batch of frames."""
        return Source(*(part.expand(batch, *part.shape[1:]) for part in self))


class WarpingNetwork(nn.Module):
    """Estimate how a face moved between two sets of key points, and move its volume so.

    forward: volume N×32×16×64×64, driving and source points N×21×3, to {out: N×256×64×64 for the
    generator, deformation: N×16×64×64×3, occlusion_map: N×1×64×64 in 0…1}. `prepare` and `warp`
    are its two halves: the first depends on the source alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotion()
        self.third = SameBlock2d(CHANNELS * DEPTH, 256, negative_slope=0.01)
        self.fourth = nn.Conv2d(256, 256, kernel_size=1)

    def forward(self, volume: Tensor, driving: Tensor, source: Tensor) -> dict[str, Tensor]:
        return self.warp(self.prepare(volume, source), driving)

    def prepare(self, volume: Tensor, keypoints: Tensor) -> Source:
        """Return what every frame of this source needs."""
        compressed = self.dense_motion_network.compress_volume(volume)
        return Source(volume, keypoints, compressed, heat_maps(keypoints, volume.shape[2:]))

    def warp(self, source: Source, driving: Tensor) -> dict[str, Tensor]:
        """Return `forward`'s outputs for N driving poses of N sources, or of one."""
        source = source.repeat(len(driving))
        deformation, occlusion = self.dense_motion_network(source, driving)
        warped = sample_volume(source.volume, deformation)  # N×32×16×64×64
        x: Tensor = self.third(warped.flatten(1, 2))  # N×512×64×64 to N×256×64×64
        out = self.fourth(x) * occlusion
        return {"out": out, "deformation": deformation, "occlusion_map": occlusion}


class DenseMotion(nn.Module):
    """Blend the motions of all key points into one flow, and say what the source cannot show."""

    def __init__(self) -> None:
        super().__init__()
        self.compress = nn.Conv3d(CHANNELS, COMPRESSED, kernel_size=1)
        self.norm: nn.Module = nn.BatchNorm3d(COMPRESSED)
        self.hourglass = Hourglass()
        self.mask: nn.Module = nn.Conv3d(self.hourglass.width, MOTIONS, kernel_size=7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.width * DEPTH, 1, kernel_size=7, padding=3)

    def compress_volume(self, volume: Tensor) -> Tensor:
        """N×32×D×H×W to N×4×D×H×W."""
        return functional.relu(self.norm(self.compress(volume)))

    def forward(self, source: Source, driving: Tensor) -> tuple[Tensor, Tensor]:
        """Return deformation N×D×H×W×3 and occlusion N×1×H×W."""
        motions = point_motions(driving, source)  # N×M×D×H×W×3
        moved = move_by_each(source.compressed, motions)  # N×M×4×D×H×W
        heat = heat_differences(driving, source)  # N×M×1×D×H×W
        features = self.hourglass(torch.cat([heat, moved], dim=2).flatten(1, 2))  # N×142×D×H×W
        weights = self.mask(features).float().softmax(dim=1)  # N×M×D×H×W
        deformation = blend(weights, motions)
        occlusion = self.occlusion(features.flatten(1, 2)).sigmoid()
        return deformation, occlusion


class Hourglass(nn.Module):
    """Five levels down and up with short cuts, the depth kept: N×110×D×H×W to N×142×D×H×W."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.width = self.decoder.width

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.decoder(self.encoder(x))
        return features


class Encoder(nn.Module):
    """Return the input and each level below it."""

    def __init__(self) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(DownBlock3d(*pair) for pair in pairwise(DOWN_WIDTHS))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]  # N×110×D×64×64
        for down in self.down_blocks:
            levels.append(down(levels[-1]))  # N×64×D×32×32 … N×1024×D×2×2
        return levels


class Decoder(nn.Module):
    """Climb from the lowest level, at each joining what came down there."""

    def __init__(self) -> None:
        super().__init__()
        up_widths = [*DOWN_WIDTHS[:0:-1], DOWN_WIDTHS[1] // 2]  # 1024, 512 … 64, 32
        joined = [up_widths[0], *(2 * width for width in up_widths[1:-1])]  # 1024, 1024, 512 … 128
        pairs = zip(joined, up_widths[1:], strict=True)
        self.up_blocks = nn.ModuleList(UpBlock3d(*pair) for pair in pairs)
        self.width = up_widths[-1] + DOWN_WIDTHS[0]  # 142
        self.conv = nn.Conv3d(self.width, self.width, kernel_size=3, padding=1)
        self.norm: nn.Module = nn.BatchNorm3d(self.width)

    def forward(self, levels: list[Tensor]) -> Tensor:
        *above, x = levels
        for up in self.up_blocks:
            x = torch.cat([up(x), above.pop()], dim=1)
        return functional.relu(self.norm(self.conv(x)))


def identity_grid(size: torch.Size, like: Tensor) -> Tensor:
    """Return the voxels' own places, corners at ±1: D×H×W×3."""
    steps = [torch.linspace(-1, 1, n, dtype=like.dtype, device=like.device) for n in size]
    z, y, x = torch.meshgrid(*steps, indexing="ij")
    return torch.stack([x, y, z], dim=-1)


def heat_maps(keypoints: Tensor, size: torch.Size) -> Tensor:
    """Return a Gaussian bump around each point: N×K×3 to N×K×D×H×W."""
    offsets = identity_grid(size, keypoints) - keypoints[:, :, None, None, None]
    return (offsets.square().sum(dim=-1) / (-2 * HEAT_VARIANCE)).exp()


def heat_differences(driving: Tensor, source: Source) -> Tensor:
    """Return where each point came to and left, nothing for the background: N×M×1×D×H×W."""
    change = heat_maps(driving, source.volume.shape[2:]) - source.heat
    return functional.pad(change, (0, 0, 0, 0, 0, 0, 1, 0)).unsqueeze(2)


def point_motions(driving: Tensor, source: Source) -> Tensor:
    """Return for each motion where every voxel came from: the background stays. N×M×D×H×W×3."""
    shifts = functional.pad(source.keypoints - driving, (0, 0, 1, 0))  # N×M×3
    return identity_grid(source.volume.shape[2:], driving) + shifts[:, :, None, None, None]


def blend(weights: Tensor, motions: Tensor) -> Tensor:
    """Return where each voxel came from, by N×M×D×H×W shares of the motions: N×D×H×W×3.

    In float32 whatever the network around runs in: half precision would round places in a volume.
    """
    with torch.autocast(motions.device.type, enabled=False):
        return torch.einsum("nmdhw,nmdhwc->ndhwc", weights.float(), motions.float())


def move_by_each(compressed: Tensor, motions: Tensor) -> Tensor:
    """Return the volume as each motion alone would move it: N×4×D×H×W to N×M×4×D×H×W."""
    copies = compressed.unsqueeze(1).expand(-1, MOTIONS, -1, -1, -1, -1)
    moved = sample_volume(copies.flatten(0, 1), motions.flatten(0, 1))
    return moved.view(copies.shape)


def sample_volume(volume: Tensor, grid: Tensor) -> Tensor:
    """Read the volume at the grid's places, zero outside; ±1 are its outer faces, not corners.

    The published networks are trained with grids whose ±1 are corners: a fraction of a voxel
    off, and part of what they learned.
    """
    return functional.grid_sample(volume, grid, align_corners=False)
