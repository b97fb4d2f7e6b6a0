"""Wav2Lip and its SyncNet: RGB pictures outside, BGR numbers inside."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from services.models.networks.syncnet import SyncNet
from services.models.networks.wav2lip import SIDE_PIXELS, Wav2Lip
from services.models.runners import (
    Features,
    Load,
    Runner,
    Tensors,
    chosen,
    to_numbers,
    to_pictures,
)

HALF: int = SIDE_PIXELS // 2


class Mouths(Runner):
    """Redraws faces so that they say what is heard; what a face gives is encoded once."""

    def __init__(self, load: Load) -> None:
        self._network = cast("Wav2Lip", load("wav2lip"))

    def features(self, name: str, pictures: Tensor) -> Features:  # noqa: ARG002  # there is one
        """Return the face's maps, coarse to fine: 1.2 MB a face."""
        reference = to_numbers(pictures).flip(1)  # BGR
        masked = reference.clone()
        masked[:, :, HALF:] = 0
        return tuple(self._network.encode_face(torch.cat((masked, reference), dim=1)))

    def run(self, inputs: Tensors) -> Tensors:
        """Return "picture" (N, 96, 96, 3), truncated to whole numbers as published."""
        speech = self._network.encode_speech(inputs["mel"][:, None])
        faces = self._network.decode(speech, chosen(inputs, "face"))
        return {"picture": to_pictures(faces.flip(1), rounded=False)}


class Sync(Runner):
    """Embeds five faces and their sound."""

    def __init__(self, load: Load) -> None:
        self._network = cast("SyncNet", load("syncnet_color"))

    def run(self, inputs: Tensors) -> Tensors:
        """Return unit vectors "sound" and "sight" (N, 512)."""
        faces = inputs["faces"][:, :, HALF:].float() / 255  # N×5×48×96×3
        mouths = faces.flip(-1).permute(0, 1, 4, 2, 3).flatten(1, 2)  # N×15×48×96, BGR
        sound, sight = self._network(inputs["mel"][:, None], mouths)
        return {"sound": sound.float(), "sight": sight.float()}
