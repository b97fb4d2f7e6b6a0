"""SyncNet, as Wav2Lip trained it: tells whether five frames of a mouth and 200 ms of speech agree.

Facts: 16.4 M parameters; 2.4 GFLOP a window. Its last layers end in ReLU, so that the cosine of two
embeddings lies in 0..1.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import normalize

from services.models.networks.wav2lip import Convolution, residuals, shrinking


class SyncNet(nn.Module):
    """Two encoders into one space, with the names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = nn.Sequential(
            Convolution(15, 32, 7, padding=3),  # 32 x 48 x 96
            Convolution(32, 64, 5, stride=(1, 2), padding=1),  # 64 x 46 x 47
            *residuals(64, 2),
            *shrinking(64, 128, 2, 3),  # 128 x 23 x 24
            *shrinking(128, 256, 2, 2),  # 256 x 12 x 12
            *shrinking(256, 512, 2, 2),  # 512 x 6 x 6
            Convolution(512, 512, stride=2, padding=1),  # 512 x 3 x 3
            Convolution(512, 512),  # 512 x 1 x 1
            Convolution(512, 512, 1),
        )
        self.audio_encoder = nn.Sequential(
            *shrinking(1, 32, 1, 2),  # 32 x 80 x 16
            *shrinking(32, 64, (3, 1), 2),  # 64 x 27 x 16
            *shrinking(64, 128, 3, 2),  # 128 x 9 x 6
            *shrinking(128, 256, (3, 2), 2),  # 256 x 3 x 3
            Convolution(256, 512),  # 512 x 1 x 1
            Convolution(512, 512, 1),
        )

    def forward(self, mel: Tensor, mouths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the unit embeddings of sound and picture, (N, 512) each.

        mel: (N, 1, 80, 16) in -4..4, from the first frame on. mouths: (N, 15, 48, 96), the lower
        halves of five face crops in order of time, BGR in 0..1.
        """
        return self.embed_speech(mel), self.embed_mouths(mouths)

    def embed_speech(self, mel: Tensor) -> Tensor:
        """Return (N, 512), of length 1."""
        return normalize(self.audio_encoder(mel).flatten(1))

    def embed_mouths(self, mouths: Tensor) -> Tensor:
        """Return (N, 512), of length 1."""
        return normalize(self.face_encoder(mouths).flatten(1))
