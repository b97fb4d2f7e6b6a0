"""Small served models for tests: arithmetic instead of a network, and the smallest real one."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from services.chassis.inference import TensorSpec
from services.models.manifest import WEIGHTS, holder_of
from services.models.networks import NETWORKS
from services.models.runners import Features, Load, Runner, Tensors, chosen
from services.models.served.catalogue import CATALOGUE as REAL
from services.models.served.description import CPU, Served
from services.models.shelf import CONVERTER, Receipt, Shelf

PLACE = f"{__name__}:CATALOGUE"
DEVICE = replace(CPU, name="tiny", threads=1, waiting_requests=1)
WARM = Path("warm")
"""Appears in a server's folder when its first batch has been answered."""
WARMING_SECONDS = 1.0


class Sum(Runner):
    """Adds numbers to pictures, of which it keeps the mean; takes as long as it is told."""

    def __init__(self, load: Load) -> None:
        self._warm = False

    def features(self, name: str, pictures: torch.Tensor) -> Features:
        return (pictures.float().mean(dim=(1, 2, 3)),)

    def run(self, inputs: Tensors) -> Tensors:
        if inputs["number"].max() > 1000:
            raise ValueError("a bug in a model")
        self._get_warm()
        time.sleep(float(inputs["seconds"].max()))
        (mean,) = chosen(inputs, "picture")
        return {"sum": inputs["number"] + mean[:, None]}

    def _get_warm(self) -> None:
        if not self._warm:
            time.sleep(WARMING_SECONDS)
            WARM.touch()
            self._warm = True


def _number(name: str) -> TensorSpec:
    return TensorSpec(name, "float32", (1,))


SUM = Served(
    name="sum",
    networks=(),
    runner=f"{__name__}:Sum",
    inputs=(
        TensorSpec("picture", "uint8", (4, 4, 3), kept=True),
        _number("number"),
        _number("seconds"),
    ),
    outputs=(_number("sum"),),
)
CATALOGUE = {each.name: each for each in (SUM, REAL["syncnet"], REAL["gfpgan"])}
"""The last one's weights are not there."""


def write_weights(folder: Path, network: str) -> None:
    """Put a network with random weights on a shelf, as if they had been fetched and converted."""
    torch.manual_seed(5)
    tensors = folder / f"{network}.new"
    folder.mkdir(parents=True, exist_ok=True)
    save_file(NETWORKS[network]().state_dict(), tensors)
    digest = hashlib.sha256(tensors.read_bytes()).hexdigest()
    source = holder_of(WEIGHTS, network).sha256
    Shelf(folder).keep(Receipt(network, digest, source, CONVERTER), tensors)
