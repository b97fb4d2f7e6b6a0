"""Golden vectors: what each published network computes from seeded weights and inputs.

Weights depend on (seed, parameter name, shape) alone, inputs on (seed, network, position) alone, so
none are stored: `networks.json` lists what to make, `<network>-seed<S>-batch<B>.npz` holds the
outputs of the published implementation, float32 on a CPU, at evenly spaced positions.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
SAMPLES = 4096
"""Values kept of each output."""
POWER_STEPS = 30
"""Power iterations that bring a spectral norm's vectors near the first singular pair."""
FILE = re.compile(r"(?P<network>\w+)-seed(?P<seed>\d+)-batch(?P<batch>\d+)\.npz")

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Spec:
    """What a published network is called with, and every entry of its state dict."""

    network: str
    source: str
    call: str
    inputs: Sequence[Mapping[str, Any]]
    """For each input its shape without the batch, and how its values are distributed."""
    entries: Mapping[str, tuple[Shape, str]]
    """Shape and dtype by name, in the published order."""
    gain: float = 2.0
    """Variance of a layer's outputs over that of its inputs: keeps deep networks in range."""
    scale: Mapping[str, float] | None = None
    """Factors on single parameters, so that a last layer does not saturate."""


@dataclass(frozen=True, order=True)
class Batch:
    """One stored set of outputs."""

    network: str
    seed: int
    size: int

    @property
    def path(self) -> Path:
        """Where its outputs lie."""
        return FOLDER / f"{self.network}-seed{self.seed}-batch{self.size}.npz"


def read_specs() -> dict[str, Spec]:
    """Return every network's description by name."""
    described = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))
    return {name: _spec(name, fields) for name, fields in described.items()}


def _spec(name: str, fields: dict[str, Any]) -> Spec:
    entries = {key: (tuple(shape), dtype) for key, shape, dtype in fields.pop("parameters")}
    return Spec(network=name, entries=entries, **fields)


def stored_batches() -> list[Batch]:
    """Return every set of outputs that lies here."""
    matches = (FILE.fullmatch(path.name) for path in FOLDER.glob("*.npz"))
    return sorted(Batch(m["network"], int(m["seed"]), int(m["batch"])) for m in matches if m)


def make_weights(spec: Spec, seed: int = 0) -> dict[str, Array]:
    """Return a whole state dict, float32 and int64 arrays of the listed shapes."""
    state = {
        name: _draw_entry(spec, seed, name, shape, dtype)
        for name, (shape, dtype) in spec.entries.items()
    }
    for name in spec.entries:
        if name.endswith("weight_orig"):
            state[f"{name.removesuffix('orig')}u"], state[f"{name.removesuffix('orig')}v"] = (
                _singular_pair(state[name], _generator(seed, f"{name}_u"))
            )
    return state


def _generator(seed: int, text: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(text.encode())])


def _draw_entry(spec: Spec, seed: int, name: str, shape: Shape, dtype: str) -> Array:
    if dtype.startswith("int"):
        return np.zeros(shape, dtype)
    value = _draw(_generator(seed, name), name, shape, spec.gain)
    factor = (spec.scale or {}).get(name, 1.0)
    return np.asarray(value * factor, np.float32)


def _draw(random: np.random.Generator, name: str, shape: Shape, gain: float) -> Array | float:
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "running_var":
        return random.uniform(0.7, 1.3, shape)
    if leaf in ("running_mean", "bias"):
        return random.normal(0, 0.05, shape)
    if "noises.noise" in name:
        return random.normal(0, 1, shape)
    if leaf in ("gamma", "beta"):
        return random.normal(0, 0.1, shape)
    if len(shape) <= 1:
        low, high = (0.05, 0.1) if shape in ((), (1,)) else (0.8, 1.2)
        return random.uniform(low, high, shape)
    fan_in = shape[2:] if len(shape) == 5 and shape[0] == 1 else shape[1:]
    return random.normal(0, np.sqrt(gain / np.prod(fan_in)), shape)


def _singular_pair(weight: Array, random: np.random.Generator) -> tuple[Array, Array]:
    matrix = weight.reshape(weight.shape[0], -1).astype(np.float64)
    left = random.normal(size=matrix.shape[0])
    for _ in range(POWER_STEPS):
        right = matrix.T @ left
        right /= np.linalg.norm(right)
        left = matrix @ right
        left /= np.linalg.norm(left)
    return left.astype(np.float32), right.astype(np.float32)


def make_inputs(spec: Spec, seed: int = 0, batch: int = 1) -> list[Array]:
    """Return the network's inputs, float32, each (batch, *listed shape)."""
    return [
        _draw_input(_generator(seed, f"{spec.network}:{index}"), item, batch)
        for index, item in enumerate(spec.inputs)
    ]


def _draw_input(random: np.random.Generator, item: Mapping[str, Any], batch: int) -> Array:
    shape = (batch, *item["shape"])
    if item["kind"] == "uniform":
        values = random.uniform(item["low"], item["high"], shape)
    else:
        values = random.normal(0, item["std"], shape)
    if "zero_rows_from" in item:  # the masked half of the face
        values[:, : item["zero_channels"], item["zero_rows_from"] :] = 0
    return values.astype(np.float32)


def in_order(outputs: Any) -> Iterator[Any]:
    """Yield a network's outputs as they were stored: mappings by sorted key, the rest in order."""
    if isinstance(outputs, Mapping):
        outputs = [outputs[key] for key in sorted(outputs)]
    if isinstance(outputs, (list, tuple)):
        for item in outputs:
            yield from in_order(item)
    else:
        yield outputs


def sample(output: Array) -> Array:
    """Return SAMPLES values at evenly spaced flat positions, or all where there are fewer."""
    values = np.ascontiguousarray(output, np.float32).ravel()
    if values.size <= SAMPLES:
        return values
    return values[np.linspace(0, values.size - 1, SAMPLES).astype(np.int64)]


def largest_error(batch: Batch, outputs: Iterable[Array]) -> float:
    """Return the largest error of all outputs, each relative to its largest expected value.

    Raises AssertionError where an output is missing or has another shape.
    """
    outputs = list(outputs)
    with np.load(batch.path) as stored:
        names = sorted(key for key in stored.files if key.startswith("output"))
        assert len(names) == len(outputs), f"{len(outputs)} outputs, expected {len(names)}"
        errors = [
            _error(stored[name], stored[f"shape{name[6:]}"], output)
            for name, output in zip(names, outputs, strict=True)
        ]
    return max(errors)


def _error(wanted: Array, shape: Array, output: Array) -> float:
    assert list(output.shape) == shape.tolist(), f"shape {output.shape}, expected {shape}"
    return float(np.abs(sample(output) - wanted).max() / np.abs(wanted).max())
