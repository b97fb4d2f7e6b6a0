"""The code between a served model's tensors and its networks: pictures become numbers and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TypeAlias

import torch
from torch import Tensor, nn

Tensors: TypeAlias = dict[str, Tensor]
Features: TypeAlias = tuple[Tensor, ...]
"""What is kept of one picture, without an axis of items."""
Load: TypeAlias = Callable[[str], nn.Module]
"""Gives a network by name: with its weights, on its device, ready to be asked."""


class Runner(ABC):
    """One served model: a batch on the device in, a batch on the device out; no state but weights.

    Whoever runs it sees to precision, memory, batches and what is kept.
    """

    @abstractmethod
    def __init__(self, load: Load) -> None:
        """Load the networks that it needs."""

    @abstractmethod
    def run(self, inputs: Tensors) -> Tensors:
        """Answer one batch. inputs: by name; of kept ones, features stacked: see `stacked`."""

    def features(self, name: str, pictures: Tensor) -> Features:
        """Return what to keep of pictures given as the input `name`, with their axis of items."""
        raise NotImplementedError(f"{type(self).__name__} keeps nothing of {name}")


def stacked(name: str, features: Sequence[Features]) -> Tensors:
    """Return features of many items as inputs "name.0", "name.1" and so on."""
    parts = zip(*features, strict=True)
    return {f"{name}.{at}": torch.stack(part) for at, part in enumerate(parts)}


def runner_class(place: str) -> type[Runner]:
    """Return the class at "module:Class"."""
    module, _, name = place.partition(":")
    found: type[Runner] = getattr(import_module(module), name)
    return found


def to_numbers(pictures: Tensor) -> Tensor:
    """Return pictures (N, h, w, 3) uint8 as (N, 3, h, w) float32 in 0..1."""
    return pictures.permute(0, 3, 1, 2).float() / 255


def to_pictures(numbers: Tensor, *, rounded: bool = True) -> Tensor:
    """Return (N, 3, h, w) in 0..1 as pictures (N, h, w, 3) uint8, what lies outside clipped.

    rounded: to the nearest number; else down, as Wav2Lip was published.
    """
    scaled = numbers.float().clamp(0, 1) * 255
    whole = scaled.round() if rounded else scaled
    return whole.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def chosen(inputs: Mapping[str, Tensor], name: str) -> list[Tensor]:
    """Return the features of a kept input, as `Runner.features` made them."""
    parts: list[Tensor] = []
    while (part := inputs.get(f"{name}.{len(parts)}")) is not None:
        parts.append(part)
    return parts
