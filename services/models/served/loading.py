"""Networks with their weights, on a device, ready to be asked."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Final

import torch
from torch import nn

from services.models.checkpoints import build
from services.models.manifest import WEIGHTS, read_manifest
from services.models.networks.folding import fold
from services.models.served.description import Device
from services.models.shelf import Shelf

PICTURE_AXES: Final = 4
"""Of tensors that channels-last is for: items or outputs, channels, rows, columns."""


def open_shelf(folder: Path, manifest: Path | None = None) -> Shelf:
    """Return the weights in a folder. manifest: of other weights than those that we know."""
    if manifest is None:
        return Shelf(folder, WEIGHTS)
    return Shelf(folder, read_manifest(manifest.read_text(encoding="utf-8")))


def load(name: str, shelf: Shelf, device: Device) -> nn.Module:
    """Return a network in its form with fewer operations. Raises Invalid for altered weights."""
    return prepared(fold(build(shelf, name, device.torch_name)), device)


def prepared(network: nn.Module, device: Device) -> nn.Module:
    """Return a network as it runs fastest on a device."""
    if not device.on_gpu:
        return network
    for tensor in chain(network.parameters(), network.buffers()):
        if tensor.dim() == PICTURE_AXES:  # Module.to would also take volumes, and fail
            tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    if device.compiled:  # methods besides forward are used as they are
        network.compile(mode="reduce-overhead", dynamic=False)
    return network
