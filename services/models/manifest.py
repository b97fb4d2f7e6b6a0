"""The files of weights that Rostrum knows, as `weights.yaml` pins them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import yaml

from services.chassis.errors import Invalid
from services.chassis.licences import LICENCES, Licence
from services.chassis.names import DIGEST

FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class WeightsFile:
    """One published file, and what of it is used."""

    name: str
    file: str
    """What it was published as."""
    purpose: str
    engines: tuple[str, ...]
    licence: Licence
    size_bytes: int | None
    """None where nobody has documented it."""
    most_bytes: int
    sha256: str
    sources: tuple[str, ...]
    holds: Mapping[str, tuple[str, ...]]
    """Network -> names under which its state dict may lie in the file; none: the file is it."""


Weights = Mapping[str, WeightsFile]
"""Files by name."""


def read_manifest(text: str) -> Weights:
    """Return what a manifest says, in its order. Raises ValueError where it says what cannot be."""
    said = yaml.safe_load(text)["weights"]
    return MappingProxyType({name: _file(name, fields) for name, fields in said.items()})


def pick(weights: Weights, names: Iterable[str]) -> tuple[WeightsFile, ...]:
    """Return the files that names or engines' names stand for, each once. Raises Invalid."""
    chosen: dict[str, WeightsFile] = {}
    for name in names:
        found = {each.name: each for each in weights.values() if name in {each.name, *each.engines}}
        if not found:
            engines = dict.fromkeys(engine for each in weights.values() for engine in each.engines)
            remedy = f"there is no {name[:60]!r}; choose from {', '.join([*engines, *weights])}"
            raise Invalid("weights", "WEIGHTS_UNKNOWN", remedy)
        chosen |= found
    return tuple(chosen.values())


def holder_of(weights: Weights, network: str) -> WeightsFile:
    """Return the file that a network's weights lie in. Raises KeyError for no such network."""
    for each in weights.values():
        if network in each.holds:
            return each
    raise KeyError(network)


def _file(name: str, said: dict[str, Any]) -> WeightsFile:
    file = WeightsFile(
        name=name,
        file=said["file"],
        purpose=said["for"],
        engines=tuple(said["engines"]),
        licence=LICENCES[said["licence"]],
        size_bytes=said.get("bytes"),
        most_bytes=said["bytes"] if "bytes" in said else said["at_most_bytes"],
        sha256=said["sha256"],
        sources=tuple(said["sources"]),
        holds={network: tuple(places) for network, places in said["holds"].items()},
    )
    if not FILE_NAME.fullmatch(file.file) or not DIGEST.fullmatch(file.sha256):
        raise ValueError(f"{name}: file name or digest")
    if not all(source.startswith("https://") for source in file.sources):
        raise ValueError(f"{name}: sources are https alone")
    return file


WEIGHTS: Final = read_manifest(
    resources.files("services.models").joinpath("weights.yaml").read_text("utf-8")
)
