"""Exactly which model answers: its fingerprint, and the version that a server counts by."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from services.chassis.inference import Signature
from services.models.served.description import Device, Served


def signature_of(served: Served, device: Device, weights: str) -> Signature:
    """Return what a model takes and gives. weights: what stands for them in fingerprints."""
    fingerprint = fingerprint_of(served, device, weights)
    return Signature(
        model=served.name,
        version=str(int(hashlib.sha256(fingerprint.encode()).hexdigest()[:12], 16) or 1),
        fingerprint=fingerprint,
        most_items=served.most_items,
        inputs=served.inputs,
        outputs=served.outputs,
    )


def fingerprint_of(served: Served, device: Device, weights: str) -> str:
    """Return what shapes a model's numbers: code, weights, torch, precision, kind of device.

    How many cores there are is left out: results of one machine class are meant.
    """
    torch = version("torch").partition("+")[0]
    how = f"{device.precision}{'-compiled' if device.compiled else ''}"
    where = device.name if device.on_gpu else "cpu"
    parts = (f"{served.name}/{served.revision}", weights, f"torch/{torch}", how, where)
    return " ".join(filter(None, parts))
