"""GFPGAN and Real-ESRGAN: sharper faces, larger pictures. RGB throughout."""

from __future__ import annotations

from typing import ClassVar, Final, cast

from torch import Tensor

from services.chassis.errors import Invalid
from services.models.networks.gfpgan import GFPGAN, MOUTH, Kept, reading_regions
from services.models.runners import (
    Features,
    Load,
    Runner,
    Tensors,
    chosen,
    to_numbers,
    to_pictures,
)

SIDES: Final = tuple(sorted(reading_regions(MOUTH)))
"""Of the maps that are kept of a face."""


class Faces(Runner):
    """Restores aligned faces."""

    def __init__(self, load: Load) -> None:
        self._network = load("gfpgan")

    def run(self, inputs: Tensors) -> Tensors:
        """Return "picture" (N, 512, 512, 3)."""
        restored = self._network(to_numbers(inputs["face"]) * 2 - 1)
        return {"picture": to_pictures((restored.float() + 1) / 2)}


class Mouths(Runner):
    """Restores the mouth's window of faces; of the loop's face around it the maps are kept."""

    def __init__(self, load: Load) -> None:
        self._network = cast("GFPGAN", load("gfpgan"))

    def features(self, name: str, pictures: Tensor) -> Features:  # noqa: ARG002  # there is one
        """Return the face's maps around the mouth, small to large: 11 MB a face."""
        kept = self._network.keep(self._network.encode(to_numbers(pictures) * 2 - 1))
        return tuple(kept.maps[side] for side in SIDES)

    def run(self, inputs: Tensors) -> Tensors:
        """Return "picture", the restored window."""
        kept = Kept(MOUTH, dict(zip(SIDES, chosen(inputs, "face"), strict=True)))
        restored = self._network.redraw(to_numbers(inputs["mouth"]) * 2 - 1, kept)
        return {"picture": to_pictures((restored.float() + 1) / 2)}


class Enlargement(Runner):
    """Enlarges tiles by the network that its class names."""

    network: ClassVar[str]

    def __init__(self, load: Load) -> None:
        self._network = load(self.network)

    def run(self, inputs: Tensors) -> Tensors:
        """Return "picture", as many times as large as the network makes it."""
        return {"picture": to_pictures(self._network(to_numbers(inputs["tile"])))}


class TwiceAsLarge(Enlargement):
    """Real-ESRGAN's large network."""

    network = "realesrgan_x2plus"

    def run(self, inputs: Tensors) -> Tensors:
        """Return "picture". Raises Invalid for tiles with odd sides."""
        if any(side % 2 for side in inputs["tile"].shape[1:3]):
            raise Invalid("tile", "TILE_SIDES_ODD", "give tiles of even width and height")
        return super().run(inputs)


class FourTimesAsLarge(Enlargement):
    """Real-ESRGAN's small network."""

    network = "realesr_general_x4v3"
