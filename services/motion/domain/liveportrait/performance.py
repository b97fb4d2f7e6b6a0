"""Performances that drive LivePortrait: what a file of our own layout holds, and loops of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.timeline import Floats
from services.motion.domain.liveportrait.pose import POINTS
from services.motion.domain.liveportrait.relative import Drive

VERSION: Final = 1
"""Goes up when an array changes its meaning."""
MOST_FRAMES: Final = 9000
SLOWEST, FASTEST = 1, 120
LARGEST: Final = {"expression": 1.0, "scale": 10.0, "shift": 10.0, "eyes": 20.0, "lips": 20.0}
SKEW: Final = 1e-3
"""How far a rotation may be from one."""
LEAST_SCALE: Final = 0.05


@dataclass(frozen=True)
class Performance:
    """What an actor's face did, n frames."""

    drive: Drive
    eyes: Floats | None
    """Eye ratios (n, 2); None where nobody measured them."""
    lips: Floats | None
    """Lip ratios (n, 1), or None."""
    rate: float
    """Frames per second."""

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the performance as named arrays, for npz."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "version": np.asarray(VERSION),
            "rate": np.asarray(self.rate),
            **vars(self.drive),
        }
        measured = {"eyes": self.eyes, "lips": self.lips}
        return arrays | {name: array for name, array in measured.items() if array is not None}


def check_performance(arrays: Mapping[str, npt.NDArray[Any]]) -> Performance:
    """Return the performance that arrays are: those of `Performance.to_arrays`.

    Raises Invalid where they are none: TEMPLATE_SHAPE_INVALID, _VERSION_UNKNOWN, _RATE_INVALID,
    _LENGTH_INVALID, _NOT_FINITE, _OUT_OF_RANGE.
    """
    if (version := arrays.get("version")) is None or version.shape or version != VERSION:
        raise _invalid("VERSION_UNKNOWN", f"write version {VERSION}")
    rate = _number(arrays, "rate")
    if not SLOWEST <= rate <= FASTEST:
        raise _invalid("RATE_INVALID", f"{rate} frames/s; write {SLOWEST} to {FASTEST}")
    count = len(arrays["scale"]) if np.ndim(arrays.get("scale", 0)) else 0
    if not 2 <= count <= MOST_FRAMES:
        raise _invalid("LENGTH_INVALID", f"{count} frames; write 2 to {MOST_FRAMES}")
    rotation = _array(arrays, "rotation", (count, 3, 3))
    expression = _array(arrays, "expression", (count, POINTS, 3))
    scale = _array(arrays, "scale", (count,))
    shift = _array(arrays, "shift", (count, 3))
    _check_rotations(rotation)
    if scale.min() < LEAST_SCALE:
        raise _invalid("OUT_OF_RANGE", f"scale is {LEAST_SCALE} at least")
    eyes = _array(arrays, "eyes", (count, 2)) if "eyes" in arrays else None
    lips = _array(arrays, "lips", (count, 1)) if "lips" in arrays else None
    return Performance(Drive(rotation, expression, scale, shift), eyes, lips, rate)


def seamless(drive: Drive, frames: int) -> Drive:
    """Return n - `frames` frames of which the last leads into the first.

    The end is faded into the beginning over so many frames, as numbers: no picture is blended and
    time never runs backwards. Raises Invalid where the performance is too short for that.
    """
    count = len(drive.scale) - frames
    if frames < 1 or count < frames:
        raise _invalid("LENGTH_INVALID", f"{len(drive.scale)} frames; {2 * frames} are needed")
    share = 0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / frames)
    mixed = {name: _faded(array, share) for name, array in vars(drive).items()}
    mixed["rotation"] = _nearest_rotations(mixed["rotation"])
    return Drive(**mixed)


def _faded(array: Floats, share: npt.NDArray[np.float64]) -> Floats:
    frames = len(share)
    count = len(array) - frames
    weight = share.reshape(-1, *(1,) * (array.ndim - 1))
    looped = array[:count].astype(np.float64)
    looped[:frames] = weight * array[:frames] + (1 - weight) * array[count:]
    return looped.astype(np.float32)


def _nearest_rotations(matrices: Floats) -> Floats:
    """Return the rotations nearest to matrices (n, 3, 3). Source: Kabsch 1976."""
    u, _, vt = np.linalg.svd(matrices.astype(np.float64))
    u[:, :, 2] *= np.linalg.det(u @ vt)[:, None]
    return np.asarray(u @ vt, np.float32)


def _check_rotations(rotation: Floats) -> None:
    skew = np.abs(rotation @ rotation.transpose(0, 2, 1) - np.eye(3, dtype=np.float32)).max()
    if skew > SKEW or np.linalg.det(rotation).min() < 0:
        raise _invalid("OUT_OF_RANGE", "rotation holds matrices that are no rotations")


def _number(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> float:
    array = arrays.get(name)
    if array is None or array.size != 1 or array.dtype.kind not in "fiu":
        raise _invalid("SHAPE_INVALID", f"{name} is one number")
    return float(array.item())


def _array(arrays: Mapping[str, npt.NDArray[Any]], name: str, shape: tuple[int, ...]) -> Floats:
    array = arrays.get(name)
    if array is None or array.shape != shape or array.dtype.kind not in "fiu":
        found = "missing" if array is None else f"{array.dtype} {array.shape}"
        raise _invalid("SHAPE_INVALID", f"{name} holds numbers {shape}; it is {found}")
    if not np.isfinite(array).all():
        raise _invalid("NOT_FINITE", f"{name} holds NaN or infinity")
    if np.abs(array).max() > LARGEST.get(name, 2.0):
        raise _invalid("OUT_OF_RANGE", f"{name} goes beyond {LARGEST.get(name, 2.0)}")
    return array.astype(np.float32)


def _invalid(reason: str, remedy: str) -> Invalid:
    return Invalid("template", f"TEMPLATE_{reason}", remedy)
