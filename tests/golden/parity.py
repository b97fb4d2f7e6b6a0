"""Holds our networks to the published ones: strict load, then the error of every golden batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.models.networks import NETWORKS
from tests.golden.vectors import (
    Array,
    Batch,
    Spec,
    in_order,
    largest_error,
    make_inputs,
    make_weights,
    read_specs,
    stored_batches,
)

TOLERANCE = 1e-4
"""Of an output's largest absolute value, float32 on a CPU."""


@dataclass(frozen=True)
class Parity:
    """How one of our networks compares with the published one."""

    batch: Batch
    error: float
    missing: int
    """Entries of the published state dict that ours lacks."""
    unexpected: int


def seeded(spec: Spec, seed: int = 0) -> nn.Module:
    """Return our network with golden weights, strictly loaded, ready for inference."""
    network = NETWORKS[spec.network]()
    network.load_state_dict(as_tensors(make_weights(spec, seed)), strict=True)
    return network.eval().requires_grad_(False)


def as_tensors(state: dict[str, Array]) -> dict[str, Tensor]:
    """Return arrays as tensors, sharing memory."""
    return {name: torch.from_numpy(value) for name, value in state.items()}


def run(network: Callable[..., object], inputs: Sequence[Array]) -> list[Array]:
    """Return a network's outputs in stored order."""
    with torch.inference_mode():
        outputs = network(*(torch.from_numpy(value) for value in inputs))
    return [output.numpy() for output in in_order(outputs)]


def compare(batch: Batch) -> Parity:
    """Return the parity of one golden batch."""
    spec = read_specs()[batch.network]
    network = seeded(spec, batch.seed)
    ours, theirs = set(network.state_dict()), set(spec.entries)
    outputs = run(network, make_inputs(spec, batch.seed, batch.size))
    error = largest_error(batch, outputs)
    return Parity(batch, error, missing=len(theirs - ours), unexpected=len(ours - theirs))


def batches_of(*networks: str) -> list[Batch]:
    """Return the golden batches of these networks, or of all that are written."""
    chosen = networks or tuple(NETWORKS)
    return [batch for batch in stored_batches() if batch.network in chosen]
