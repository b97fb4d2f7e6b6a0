"""Small checkpoints with seeded weights, laid out as the published ones are."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from services.chassis.licences import LICENCES
from services.models.manifest import WeightsFile
from services.models.shelf import Shelf
from tests.golden.vectors import make_weights, read_specs

PARTS = {"lp_S": "retarget_shoulder", "lp_Reye": "retarget_eye", "lp_Rlip": "retarget_mouth"}
HOLDS = {network: (place,) for network, place in PARTS.items()}


@cache
def state(network: str, seed: int = 0) -> Mapping[str, Tensor]:
    """The seeded state dict of a network."""
    arrays = make_weights(read_specs()[network], seed)
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def stitching(seed: int = 0) -> dict[str, object]:
    """LivePortrait's file of three networks, trained in parallel, its optimizer still in it."""
    networks = {
        place: {f"module.{name}": value for name, value in state(network, seed).items()}
        for network, place in PARTS.items()
    }
    moments = {0: {"step": 7, "exp_avg": torch.zeros(3)}}
    return {**networks, "optimizer": {"state": moments, "param_groups": [{"lr": 1e-4}]}}


def saved(checkpoint: object, *, legacy: bool = False) -> bytes:
    """The bytes of a checkpoint as torch saves it, or as torch before 1.6 did."""
    file = io.BytesIO()
    torch.save(checkpoint, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def pin(
    data: bytes,
    *sources: str,
    file: str = "small.pth",
    holds: Mapping[str, tuple[str, ...]] = HOLDS,
) -> WeightsFile:
    """A manifest's entry for these bytes."""
    return WeightsFile(
        name="small",
        file="small.pth",
        purpose="tests",
        engines=("liveportrait",),
        licence=LICENCES["liveportrait"],
        size_bytes=len(data),
        most_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sources=sources,
        holds=holds,
    )


def shelf_of(folder: Path, file: WeightsFile, data: bytes | None = None) -> Shelf:
    """A shelf that knows this file alone, with these bytes as its original."""
    shelf = Shelf(folder / "weights", {file.name: file})
    if data is not None:
        path = shelf.original(file)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    return shelf


def files_in(folder: Path) -> Sequence[str]:
    """Every file in a folder but locks."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "locks"
    )
