"""Wav2Lip's generator: redraws a face so that its mouth says what is heard.

Facts: 36.3 M parameters; 7.9 GFLOP a face, of which the face encoder is 8 %, the speech encoder 2 %
and the decoder 90 %. The published weights may not be used commercially.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

SIDE_PIXELS: Final = 96
MEL_BANDS: Final = 80
MEL_COLUMNS: Final = 16
"""Mel columns the network hears at once: 200 ms at 80 columns a second."""
DECODER_STEPS: Final = 7

FaceFeatures = Sequence[Tensor]
"""What a face gives to each step of the decoder, coarse to fine; see `Wav2Lip.encode_face`."""


class Convolution(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int | tuple[int, int] = 1,
        padding: int = 0,
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return torch.relu_(self.conv_block(x))


class Residual(Convolution):
    """A convolution that keeps size and width, its input added before the ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels, h, w) of the same."""
        made: Tensor = self.conv_block(x)
        return torch.relu_(made.add_(x))


class Enlargement(nn.Module):
    """Transposed convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, double: bool = True) -> None:
        super().__init__()
        enlarge = (
            nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
            if double
            else nn.ConvTranspose2d(inputs, outputs, 3)
        )
        self.conv_block = nn.Sequential(enlarge, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, 2h, 2w), or (N, outputs, h + 2, w + 2) where it does not double."""
        return torch.relu_(self.conv_block(x))


def residuals(channels: int, count: int) -> list[Residual]:
    """Return so many residual convolutions."""
    return [Residual(channels) for _ in range(count)]


def shrinking(
    inputs: int, outputs: int, stride: int | tuple[int, int], count: int
) -> list[Convolution]:
    """Return a strided convolution and the residual ones after it."""
    return [Convolution(inputs, outputs, stride=stride, padding=1), *residuals(outputs, count)]


def growing(inputs: int, outputs: int, count: int, *, double: bool = True) -> nn.Sequential:
    """Return a step of the decoder: a transposed convolution and the residual ones after it."""
    return nn.Sequential(Enlargement(inputs, outputs, double=double), *residuals(outputs, count))


class Wav2Lip(nn.Module):
    """The generator, with the names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(Convolution(6, 16, 7, padding=3)),  # 16 x 96 x 96
                nn.Sequential(*shrinking(16, 32, 2, 2)),  # 32 x 48 x 48
                nn.Sequential(*shrinking(32, 64, 2, 3)),  # 64 x 24 x 24
                nn.Sequential(*shrinking(64, 128, 2, 2)),  # 128 x 12 x 12
                nn.Sequential(*shrinking(128, 256, 2, 2)),  # 256 x 6 x 6
                nn.Sequential(*shrinking(256, 512, 2, 1)),  # 512 x 3 x 3
                nn.Sequential(Convolution(512, 512), Convolution(512, 512, 1)),  # 512 x 1 x 1
            ]
        )
        self.audio_encoder = nn.Sequential(
            *shrinking(1, 32, 1, 2),  # 32 x 80 x 16
            *shrinking(32, 64, (3, 1), 2),  # 64 x 27 x 16
            *shrinking(64, 128, 3, 2),  # 128 x 9 x 6
            *shrinking(128, 256, (3, 2), 1),  # 256 x 3 x 3
            Convolution(256, 512),  # 512 x 1 x 1
            Convolution(512, 512, 1),
        )
        self.face_decoder_blocks = nn.ModuleList(
            [  # inputs of each but the first: the step before, and the face of the same size
                nn.Sequential(Convolution(512, 512, 1)),  # 512 x 1 x 1
                growing(512 + 512, 512, 1, double=False),  # 512 x 3 x 3
                growing(512 + 512, 512, 2),  # 512 x 6 x 6
                growing(512 + 256, 384, 2),  # 384 x 12 x 12
                growing(384 + 128, 256, 2),  # 256 x 24 x 24
                growing(256 + 64, 128, 2),  # 128 x 48 x 48
                growing(128 + 32, 64, 2),  # 64 x 96 x 96
            ]
        )
        self.output_block = nn.Sequential(
            Convolution(64 + 16, 32, padding=1), nn.Conv2d(32, 3, 1), nn.Sigmoid()
        )

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        """Return the faces that say these sounds.

        mel: (N, 1, 80, 16) in -4..4. face: (N, 6, 96, 96), BGR in 0..1, first the picture with
        rows from 48 on set to 0, then the reference. Returns (N, 3, 96, 96), BGR in 0..1.
        """
        return self.decode(self.encode_speech(mel), self.encode_face(face))

    def encode_speech(self, mel: Tensor) -> Tensor:
        """Return (N, 512, 1, 1) of a mel spectrum (N, 1, 80, 16)."""
        code: Tensor = self.audio_encoder(mel)
        return code

    def encode_face(self, face: Tensor) -> FaceFeatures:
        """Return the face's maps of 1, 3, 6, 12, 24, 48 and 96 pixels a side, in this order.

        They depend on the loop's frame alone: made once, they serve whatever is said over it.
        """
        features: list[Tensor] = []
        for block in self.face_encoder_blocks:
            face = block(face)
            features.insert(0, face)
        return features

    def decode(self, speech: Tensor, features: FaceFeatures, top: int = 0) -> Tensor:
        """Return the faces (N, 3, 96 - top, 96), BGR in 0..1, from row `top` on.

        speech: `encode_speech`'s. features: `encode_face`'s. Rows above `top` are drawn only as far
        as those below depend on them, so that the rows returned are those of the whole face.
        """
        x, above = speech, 0
        for block, face, first in zip(
            self.face_decoder_blocks, features, first_rows(top), strict=True
        ):
            x = block(x)  # its first row is 2 * above
            x = torch.cat((x[:, :, first - 2 * above :], face[:, :, first:]), dim=1)
            above = first
        picture: Tensor = self.output_block(x)
        return picture[:, :, top - above :]


def first_rows(top: int) -> list[int]:
    """Return the first row that is wanted of each of the decoder's maps, coarse to fine."""
    rows = [max(top - 1, 0)]  # the last 3 x 3 convolution reads one row above
    for _ in range(DECODER_STEPS - 1):
        rows.insert(0, max(rows[0] // 2 - 1, 0))  # two residual convolutions, then half the side
    return rows


def fold_block(block: Convolution | Enlargement) -> None:
    """Put a block's batch norm into its convolution."""
    convolution = cast("nn.Conv2d | nn.ConvTranspose2d", block.conv_block[0])
    norm = cast("nn.BatchNorm2d", block.conv_block[1])
    transposed = isinstance(convolution, nn.ConvTranspose2d)
    block.conv_block = nn.Sequential(fuse_conv_bn_eval(convolution, norm, transpose=transposed))
