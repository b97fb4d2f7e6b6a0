"""The networks' own state dicts: what each must hold, and loading them from verified tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import safetensors.torch
import torch
from torch import Tensor, nn

from services.models.networks import NETWORKS
from services.models.shelf import Shelf

Layout = Mapping[str, tuple[tuple[int, ...], str]]
"""Shape and dtype of each entry, by name, in the order in which a tensor file has them."""
ENTRY_BYTES: Final = {"float32": 4, "int64": 8}


def layout_of(network: str) -> Layout:
    """Return a network's entries, the widest numbers first: so all of them are aligned.

    The network is built without memory for its weights. Raises KeyError for no such network.
    """
    with torch.device("meta"):
        state = NETWORKS[network]().state_dict()
    entries = {
        name: (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for name, tensor in state.items()
    }
    return dict(sorted(entries.items(), key=lambda item: (-ENTRY_BYTES[item[1][1]], item[0])))


def load(shelf: Shelf, network: str, device: str = "cpu") -> dict[str, Tensor]:
    """Return a network's state dict. Raises Invalid where it is not here or was altered."""
    entries = safetensors.torch.load(shelf.read_tensors(network))
    return {name: tensor.to(device) for name, tensor in entries.items()}


def build(shelf: Shelf, network: str, device: str = "cpu") -> nn.Module:
    """Return a network with its weights, ready to be asked. Raises Invalid as `load` does."""
    module = NETWORKS[network]()
    module.load_state_dict(load(shelf, network), strict=True, assign=True)
    return module.eval().requires_grad_(requires_grad=False).to(device)


def fingerprint(shelf: Shelf, networks: Iterable[str]) -> str:
    """Return what stands for these networks' weights in an engine's fingerprint.

    It is read from receipts, no tensor is. Raises Invalid where one is not here.
    """
    return " ".join(f"{network}/{shelf.require(network).sha256}" for network in networks)
