"""GFPGAN (clean, version 1.4): restores an aligned face, whole or its mouth alone.

A U-Net reads the damaged face. The 4 x 4 map at its bottom gives the styles of a StyleGAN2 decoder;
its maps on the way up scale and shift one half of that decoder's channels at every size.

Facts: 86.4 M parameters; 396 GFLOP a face, about a quarter each at 128, 256 and 512 pixels a side.

**Only the mouth.** A speaking frame differs from its loop's frame in a window. `redraw` reads that
window alone and takes the U-Net's maps around it from the loop's frame (`keep`). Maps up to 32
pixels a side and all styles are made anew and whole; larger ones only where the window depends on
them. So the window's pixels are those of a whole evaluation of the speaking frame, up to rounding.
Around the window a whole evaluation would change a little too, as styles are global; whoever keeps
the loop's restored frame there makes the one approximation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, leaky_relu

from services.models.networks.region import Region, Regions, cut, paste

SIDE_PIXELS: Final = 512
SIDES: Final = (8, 16, 32, 64, 128, 256, 512)
"""Of the maps on the way up, in pixels."""
SIDES_DOWN: Final = (256, 128, 64, 32, 16, 8, 4)
LARGEST_WHOLE: Final = 32
"""Maps of this side and less are always made whole: 7 % of the work."""
CHANNELS: Final = {4: 256, 8: 256, 16: 256, 32: 256, 64: 256, 128: 128, 256: 64, 512: 32}
"""Of the U-Net by side; the decoder has twice as many."""
STYLE: Final = 512
STYLES: Final = 2 * len(SIDES) + 2
SLOPE: Final = 0.2
EPSILON: Final = 1e-8
MOUTH: Final = Region(top=280, left=128, bottom=472, right=384)
"""Of an aligned face: both corners of the mouth lie in row 371, in columns 201 and 313."""

Maps = Mapping[int, Tensor]
"""The U-Net's maps on the way down, (N, CHANNELS[side], side, side); at 512 the face itself."""
Conditions = Sequence[tuple[Tensor, Tensor]]
"""Factors and summands of the decoder's second half of channels, for each of SIDES."""


@dataclass(frozen=True)
class Kept:
    """What `GFPGAN.redraw` needs of a loop's frame: 11 MB around a mouth, in float32."""

    window: Region
    maps: Maps
    """Each on `reading_regions(window)[side]`."""


class GFPGAN(nn.Module):
    """The network, with the names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_body_first = nn.Conv2d(3, CHANNELS[512], 1)
        self.conv_body_down = nn.ModuleList(
            [HalvingBlock(CHANNELS[2 * side], CHANNELS[side]) for side in SIDES_DOWN]
        )
        self.final_conv = nn.Conv2d(CHANNELS[4], CHANNELS[4], 3, padding=1)
        self.conv_body_up = nn.ModuleList(
            [DoublingBlock(CHANNELS[side // 2], CHANNELS[side]) for side in SIDES]
        )
        self.toRGB = nn.ModuleList([nn.Conv2d(CHANNELS[side], 3, 1) for side in SIDES])
        self.final_linear = nn.Linear(CHANNELS[4] * 4 * 4, STYLES * STYLE)
        self.stylegan_decoder = StyleDecoder()
        self.condition_scale = nn.ModuleList([condition(CHANNELS[side]) for side in SIDES])
        self.condition_shift = nn.ModuleList([condition(CHANNELS[side]) for side in SIDES])

    def forward(self, face: Tensor, fresh_noise: torch.Generator | None = None) -> Tensor:
        """Return the restored face (N, 3, 512, 512), RGB in and about -1..1.

        face: (N, 3, 512, 512), RGB in -1..1. fresh_noise: draws the decoder's noise; without it
        the checkpoint's own is used, so that frames of one video do not flicker.
        """
        return self.decode(self.encode(face), fresh_noise=fresh_noise)

    def encode(self, face: Tensor) -> Maps:
        """Return the U-Net's maps of a face (N, 3, 512, 512) on the way down."""
        maps = {SIDE_PIXELS: face}
        x = rectify(self.conv_body_first(face))  # (N, 32, 512, 512)
        for side, down in zip(SIDES_DOWN, self.conv_body_down, strict=True):
            maps[side] = x = down(x)
        return maps

    def decode(
        self,
        maps: Maps,
        regions: Regions | None = None,
        fresh_noise: torch.Generator | None = None,
    ) -> Tensor:
        """Return the restored face, or of it regions[512]; each map covers its region."""
        regions = regions or {side: Region.whole(side) for side in (4, *SIDES)}
        bottom = rectify(self.final_conv(maps[4]))  # (N, 256, 4, 4)
        styles: Tensor = self.final_linear(bottom.flatten(1)).unflatten(1, (STYLES, STYLE))
        conditions = self._climb(bottom, maps, regions)
        restored: Tensor = self.stylegan_decoder(styles, conditions, regions, fresh_noise)
        return restored

    def _climb(self, x: Tensor, maps: Maps, regions: Regions) -> Conditions:
        conditions = []
        ways = (self.conv_body_up, self.condition_scale, self.condition_shift)
        for side, up, scale, shift in zip(SIDES, *ways, strict=True):
            x = up(x + maps[side // 2], regions[side], regions[side // 2])
            conditions.append((scale(x), shift(x)))  # (N, CHANNELS[side], h, w) of the region
        return conditions

    def keep(self, maps: Maps, window: Region = MOUTH) -> Kept:
        """Return what `redraw` needs of a loop's frame, or of several, with these maps."""
        parts = {
            side: cut(maps[side], region, Region.whole(side)).clone()
            for side, region in reading_regions(window).items()
        }
        return Kept(window, parts)

    def redraw(self, mouth: Tensor, kept: Kept) -> Tensor:
        """Return the restored window, (N, 3, h, w), of frames that differ from their loop's there.

        mouth: (N, 3, h, w), what the frames show in the window, RGB in -1..1.
        """
        regions = drawing_regions(kept.window)
        restored = self.decode(self._encode_window(mouth, kept), regions)
        return cut(restored, kept.window, regions[SIDE_PIXELS])

    def _encode_window(self, mouth: Tensor, kept: Kept) -> Maps:
        reading, drawing = reading_regions(kept.window), drawing_regions(kept.window)
        changed, maps = changed_regions(kept.window), {}
        here = reading[SIDE_PIXELS]
        face = paste(kept.maps[SIDE_PIXELS], mouth, kept.window, here)
        x = rectify(self.conv_body_first(face))
        for side, down in zip(SIDES_DOWN, self.conv_body_down, strict=True):
            if side < LARGEST_WHOLE:
                maps[side] = x = down(x)
                continue
            made = spoilt(changed[side], side)
            x = cut(down(cut(x, made.doubled(), here)), changed[side], made)
            here = reading[side]
            x = paste(kept.maps[side], x, changed[side], here)
            maps[side] = cut(x, drawing[side], here)
        return maps


def changed_regions(window: Region) -> Regions:
    """Return where the U-Net's maps on the way down depend on the window, from 512 to 32."""
    regions = {SIDE_PIXELS: window}
    for side in SIDES_DOWN[: SIDES_DOWN.index(LARGEST_WHOLE) + 1]:
        # one pixel for the convolution before halving, one for that after it
        regions[side] = regions[2 * side].grown(1, 2 * side).halved().grown(1, side)
    return regions


def spoilt(region: Region, side: int) -> Region:
    """Return what a halving block has to make so that, two spoilt pixels off, the region is right.

    Where a crop ends inside the map, its convolutions see zeros instead of the neighbours.
    """
    return region.grown(2, side)


def drawing_regions(window: Region) -> Regions:
    """Return where maps on the way up are made, by side from 4 to 512, for the window to be right.

    Four pixels around the window and all maps are spoilt by the zeros around the crop: one in the
    U-Net, three in its conditions, four after the decoder's second convolution. At half the side
    these four, doubled, one for enlarging and one for the first convolution make ten; three may
    remain, so that seven are added.
    """
    regions = {SIDE_PIXELS: window.grown(4, SIDE_PIXELS)}
    for side in reversed(SIDES[:-1]):
        larger = regions[2 * side].grown(7, 2 * side)
        regions[side] = larger.halved() if side > LARGEST_WHOLE else Region.whole(side)
    return regions | {4: Region.whole(4)}


def reading_regions(window: Region) -> Regions:
    """Return where maps of a loop's frame are wanted beside the window, by side from 512 to 32."""
    changed, drawing = changed_regions(window), drawing_regions(window)
    regions = {LARGEST_WHOLE: Region.whole(LARGEST_WHOLE)}
    for side in SIDES[SIDES.index(LARGEST_WHOLE) + 1 :]:
        read = spoilt(changed[side // 2], side // 2).doubled()
        regions[side] = read if side == SIDE_PIXELS else read.joined(drawing[side])
    return regions


class ResBlock(nn.Module):
    """Two convolutions beside a short cut; the halving and the doubling block share its names."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)


class HalvingBlock(ResBlock):
    """A step down the U-Net."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h/2, w/2) of (N, inputs, h, w), both even."""
        made = rectify(self.conv2(halve(rectify(self.conv1(x)))))
        shortcut: Tensor = self.skip(halve(x))
        return made.add_(shortcut)


class DoublingBlock(ResBlock):
    """A step up the U-Net."""

    def forward(self, x: Tensor, here: Region, before: Region) -> Tensor:
        """Return (N, outputs, *here) of a map (N, inputs, *before) of half the side."""
        made = rectify(self.conv2(enlarge(rectify(self.conv1(x)), here, before)))
        # a 1 x 1 convolution without bias and a weighted mean of neighbours commute
        return made.add_(enlarge(self.skip(x), here, before))


def condition(channels: int) -> nn.Sequential:
    """Return the layers that make factors or summands of the U-Net's map."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(channels, channels, 3, padding=1),
    )


class StyleDecoder(nn.Module):
    """StyleGAN2 without its blurs: draws a face from styles, half of each map as conditioned."""

    def __init__(self) -> None:
        super().__init__()
        self.style_mlp = nn.Sequential(nn.Identity())  # for training alone, as GFPGAN.toRGB
        for _ in range(8):
            self.style_mlp.extend([nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE)])
        self.constant_input = Constant(2 * CHANNELS[4])
        self.style_conv1 = StyledConvolution(2 * CHANNELS[4], 2 * CHANNELS[4])
        self.to_rgb1 = ToPicture(2 * CHANNELS[4])
        self.style_convs = nn.ModuleList()
        for side in SIDES:
            outputs = 2 * CHANNELS[side]
            self.style_convs.append(StyledConvolution(2 * CHANNELS[side // 2], outputs))
            self.style_convs.append(StyledConvolution(outputs, outputs))
        self.to_rgbs = nn.ModuleList([ToPicture(2 * CHANNELS[side]) for side in SIDES])
        self.noises = Noises()

    def forward(
        self,
        styles: Tensor,
        conditions: Conditions,
        regions: Regions,
        fresh_noise: torch.Generator | None = None,
    ) -> Tensor:
        """Return (N, 3, *regions[512]) of styles (N, 16, 512)."""
        noises = self.noises(regions, fresh_noise)
        style = styles.unbind(1)
        x = self.constant_input.weight.expand(len(styles), -1, -1, -1)  # (N, 512, 4, 4)
        x = self.style_conv1(x, style[0], noises[0])
        picture: Tensor = self.to_rgb1(x, style[1])  # (N, 3, 4, 4)
        for level, side in enumerate(SIDES):
            here, before, first = regions[side], regions[side // 2], 2 * level + 1
            x = enlarge(x, here, before)
            x = self.style_convs[2 * level](x, style[first], noises[first])
            x = steer(x, *conditions[level])
            x = self.style_convs[2 * level + 1](x, style[first + 1], noises[first + 1])
            detail = self.to_rgbs[level](x, style[first + 2])
            picture = enlarge(picture, here, before).add_(detail)
        return picture


class Constant(nn.Module):
    """The map that every drawing begins with."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, channels, 4, 4))


class Noises(nn.Module):
    """What each styled convolution adds: stored in the checkpoint, or fresh."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = (4, *(side for side in SIDES for _ in range(2)))
        for index, side in enumerate(self.sides):
            self.register_buffer(f"noise{index}", torch.empty(1, 1, side, side))

    def forward(self, regions: Regions, fresh: torch.Generator | None) -> list[Tensor]:
        """Return (1, 1, *region) for each convolution."""
        noises = [self.get_buffer(f"noise{index}") for index in range(len(self.sides))]
        if fresh is not None:
            noises = [noise.clone().normal_(generator=fresh) for noise in noises]
        return [
            cut(noise, regions[side], Region.whole(side))
            for side, noise in zip(self.sides, noises, strict=True)
        ]


class ModulatedConvolution(nn.Module):
    """A convolution whose input channels a style scales, its output then brought to variance 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, demodulate: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, outputs, inputs, kernel, kernel))
        self.modulation = nn.Linear(STYLE, inputs)
        self.demodulate = demodulate

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return (N, outputs, h, w) of (N, inputs, h, w) and a style (N, 512)."""
        batch, _, height, width = x.shape
        factors = self.modulation(style).view(batch, 1, -1, 1, 1)
        weight = self.weight * factors  # (N, outputs, inputs, k, k)
        if self.demodulate:
            weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + EPSILON).rsqrt()
        grouped = x.reshape(1, -1, height, width)  # one group of channels for each of the batch
        made: Tensor = conv2d(grouped, weight.flatten(0, 1), padding="same", groups=batch)
        return made.view(batch, -1, height, width)


class StyledConvolution(nn.Module):
    """A modulated 3 x 3 convolution, noise, bias, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.modulated_conv = ModulatedConvolution(inputs, outputs, 3, demodulate=True)
        self.weight = nn.Parameter(torch.empty(1))
        self.bias = nn.Parameter(torch.empty(1, outputs, 1, 1))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """Return (N, outputs, h, w) of (N, inputs, h, w), a style (N, 512), noise (1, 1, h, w)."""
        made: Tensor = self.modulated_conv(x, style) * math.sqrt(2)
        return rectify(made.add_(noise * self.weight).add_(self.bias))


class ToPicture(nn.Module):
    """A modulated 1 x 1 convolution to red, green and blue."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.modulated_conv = ModulatedConvolution(inputs, 3, 1, demodulate=False)
        self.bias = nn.Parameter(torch.empty(1, 3, 1, 1))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return (N, 3, h, w) of (N, inputs, h, w) and a style (N, 512)."""
        made: Tensor = self.modulated_conv(x, style)
        return made.add_(self.bias)


def steer(x: Tensor, factors: Tensor, summands: Tensor) -> Tensor:
    """Return x (N, C, h, w), the second half of its channels scaled and shifted."""
    free, steered = x.chunk(2, dim=1)
    return torch.cat((free, torch.addcmul(summands, steered, factors)), dim=1)


def rectify(x: Tensor) -> Tensor:
    """Apply the leaky ReLU in place."""
    return leaky_relu(x, SLOPE, inplace=True)


def halve(x: Tensor) -> Tensor:
    """Return (N, C, h/2, w/2): the means of 2 x 2 pixels."""
    return interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)


def enlarge(x: Tensor, here: Region, before: Region) -> Tensor:
    """Return the region `here` of the map of twice the side of x, which covers `before`."""
    doubled = interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    return cut(doubled, here, before.doubled())
