"""LivePortrait: reads faces, fits key points, draws faces. RGB throughout."""

from __future__ import annotations

from typing import Final, cast

import torch
from torch import Tensor

from services.models.networks.warping import Source, WarpingNetwork, heat_maps
from services.models.runners import (
    Features,
    Load,
    Runner,
    Tensors,
    chosen,
    to_numbers,
    to_pictures,
)

KEYPOINTS: Final = 21
DEGREES_A_BIN: Final = 3.0
FIRST_BIN_DEGREES: Final = -97.5
ANGLES: Final = ("pitch", "yaw", "roll")


class Animation(Runner):
    """Draws a portrait's face with its key points moved; the portrait is encoded once."""

    def __init__(self, load: Load) -> None:
        self._extract = load("lp_F")
        self._warp = cast("WarpingNetwork", load("lp_W"))
        self._paint = load("lp_G")

    def features(self, name: str, pictures: Tensor) -> Features:  # noqa: ARG002  # there is one
        """Return the volume and its compressed form: 9.4 MB a portrait."""
        volume = self._extract(to_numbers(pictures))
        return volume, self._warp.dense_motion_network.compress_volume(volume)

    def run(self, inputs: Tensors) -> Tensors:
        """Return "picture" (N, 512, 512, 3), truncated to whole numbers as published."""
        volume, compressed = chosen(inputs, "source")
        keypoints = inputs["source_keypoints"]
        heat = heat_maps(keypoints, volume.shape[2:])
        source = Source(volume, keypoints, compressed, heat)
        warped = self._warp.warp(source, inputs["driving_keypoints"])["out"]
        return {"picture": to_pictures(self._paint(warped), rounded=False)}


class Motion(Runner):
    """Reads where a head looks and what its face does."""

    def __init__(self, load: Load) -> None:
        self._extract = load("lp_M")

    def run(self, inputs: Tensors) -> Tensors:
        """Return canonical points, expression, angles in degrees, translation and scale."""
        motion = {
            key: value.float() for key, value in self._extract(to_numbers(inputs["crop"])).items()
        }
        return {
            "keypoints": motion["kp"].unflatten(1, (KEYPOINTS, 3)),
            "expression": motion["exp"].unflatten(1, (KEYPOINTS, 3)),
            "angles": torch.stack([degrees(motion[each]) for each in ANGLES], dim=1),
            "translation": motion["t"],
            "scale": motion["scale"],
        }


class Retargeting(Runner):
    """Fits key points to the body, and says what opens eyes and lips as far as is wanted."""

    def __init__(self, load: Load) -> None:
        self._stitch, self._eyes, self._lips = map(load, ("lp_S", "lp_Reye", "lp_Rlip"))

    def run(self, inputs: Tensors) -> Tensors:
        """Return driving points "stitched", and offsets for "eyes" and "lips", (N, 21, 3) each."""
        with torch.autocast(inputs["source_keypoints"].device.type, enabled=False):
            return self._fit(inputs)  # places, by 0.0001 GFLOP: nothing to gain by rounding them

    def _fit(self, inputs: Tensors) -> Tensors:
        source, driving = inputs["source_keypoints"], inputs["driving_keypoints"]
        flat = source.flatten(1)
        offsets = self._stitch(torch.cat((flat, driving.flatten(1)), dim=1))
        stitched = driving + offsets[:, :-2].unflatten(1, (KEYPOINTS, 3))
        stitched[..., :2] += offsets[:, None, -2:]
        eyes = self._eyes(torch.cat((flat, inputs["eye_ratios"]), dim=1))
        lips = self._lips(torch.cat((flat, inputs["lip_ratios"]), dim=1))
        return {
            "stitched": stitched,
            "eyes": eyes.unflatten(1, (KEYPOINTS, 3)),
            "lips": lips.unflatten(1, (KEYPOINTS, 3)),
        }


def degrees(logits: Tensor) -> Tensor:
    """Return the mean angle of (N, 66) logits over bins of 3 degrees: (N,)."""
    bins = torch.arange(logits.shape[1], device=logits.device, dtype=logits.dtype)
    return (logits.softmax(dim=1) * bins).sum(dim=1) * DEGREES_A_BIN + FIRST_BIN_DEGREES
