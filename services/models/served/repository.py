"""Writes the folder that Triton serves: for each model its config, and a program of a few lines."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from services.chassis.inference import Signature
from services.models.checkpoints import fingerprint
from services.models.served.config import config
from services.models.served.description import Device, Served
from services.models.served.identity import signature_of
from services.models.served.loading import open_shelf
from services.models.served.places import OURS, catalogue_at
from services.models.shelf import Shelf

PROGRAM: Final = '''\
"""Generated. What it runs is services/models/served/backend.py."""

from services.models.served.backend import TritonPythonModel

__all__ = ["TritonPythonModel"]
'''


@dataclass(frozen=True)
class Plan:
    """What a server shall serve: a catalogue's models that have weights, on one kind of device."""

    weights: Path
    """The folder of the shelf."""
    device: Device
    catalogue: str = OURS
    manifest: Path | None = None
    """Of other weights than those that we know."""
    code: Path | None = None
    """Folder of the catalogue's code, where that is not installed."""

    @property
    def shelf(self) -> Shelf:
        """The weights."""
        return open_shelf(self.weights, self.manifest)


def write_repository(folder: Path, plan: Plan) -> list[str]:
    """Write a model repository in place of whatever is at `folder`; return the models' names."""
    signed = [(each, signature(each, plan)) for each in catalogue_at(plan.catalogue).values()]
    served = [(each, found) for each, found in signed if found is not None]
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for each, found in served:
        _write_model(partial / each.name, each, found, plan)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return [each.name for each, _ in served]


def signature(served: Served, plan: Plan) -> Signature | None:
    """Return what a plan's server says of a model; None where its weights are not here."""
    shelf = plan.shelf
    if not all(shelf.receipt(name) for name in served.networks):
        return None
    return signature_of(served, plan.device, fingerprint(shelf, served.networks))


def _write_model(folder: Path, served: Served, signature: Signature, plan: Plan) -> None:
    parameters = {
        "catalogue": plan.catalogue,
        "code": str(plan.code.resolve()) if plan.code else "",
        "device": json.dumps(asdict(plan.device)),
        "fingerprint": signature.fingerprint,
        "manifest": str(plan.manifest.resolve()) if plan.manifest else "",
        "model": served.name,
        "version": signature.version,
        "weights": str(plan.weights.resolve()),
    }
    program = folder / signature.version / "model.py"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM, encoding="utf-8")
    text = config(served, plan.device, parameters)
    (folder / "config.pbtxt").write_text(text, encoding="utf-8")
