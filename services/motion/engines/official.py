"""Turns a published LivePortrait template into a performance of our own layout, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.motion.domain.liveportrait.performance import (
    MOST_FRAMES,
    VERSION,
    Performance,
    check_performance,
)
from services.motion.engines.pickled import read_values
from services.motion.engines.pickled_arrays import Value

FRAME_ARRAYS: Final[Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]] = {
    "rotation": (("R", "R_d"), (3, 3)),
    "expression": (("exp",), (21, 3)),
    "scale": (("scale",), ()),
    "shift": (("t",), (3,)),
}
"""Ours: the published names, new and old, and the shape in one frame."""
RATIOS: Final[Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]] = {
    "eyes": (("c_eyes_lst", "c_d_eyes_lst"), (2,)),
    "lips": (("c_lip_lst", "c_d_lip_lst"), (1,)),
}


def read_official(data: bytes) -> Performance:
    """Return the performance of a published template file (`.pkl`).

    Templates without eye and lip ratios (those made for animals) give a performance without them.
    Raises Invalid as `read_values` and `check_performance` do.
    """
    content = read_values(data)
    if not isinstance(content, dict) or not isinstance(content.get("motion"), list):
        raise _invalid("there is no list `motion`")
    frames = content["motion"]
    if not 2 <= len(frames) <= MOST_FRAMES or not all(isinstance(part, dict) for part in frames):
        raise _invalid(f"{len(frames)} frames; write 2 to {MOST_FRAMES}")
    arrays: dict[str, npt.NDArray[Any]] = {
        name: np.stack([_shaped(_one_of(frame, names), shape) for frame in frames])
        for name, (names, shape) in FRAME_ARRAYS.items()
    }
    arrays |= _ratios(content, len(frames))
    rate = _shaped(content.get("output_fps", 25), ())
    return check_performance(arrays | {"rate": rate, "version": np.asarray(VERSION)})


def _ratios(content: Mapping[str, Value], count: int) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, npt.NDArray[Any]] = {}
    for name, (names, shape) in RATIOS.items():
        ratios = next((content[key] for key in names if key in content), None)
        if isinstance(ratios, Sequence) and len(ratios) == count:
            found[name] = np.stack([_shaped(ratio, shape) for ratio in ratios])
    return found


def _one_of(frame: Mapping[str, Value], names: tuple[str, ...]) -> Value:
    for name in names:
        if name in frame:
            return frame[name]
    raise _invalid(f"a frame has no {names[0]!r}")


def _shaped(value: Value, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    array = np.asarray(value if isinstance(value, np.ndarray | int | float) else "")
    if array.dtype.kind not in "fiu" or array.size != int(np.prod(shape, dtype=int)):
        raise _invalid(f"an array of {array.shape} where {shape} is meant")
    return array.reshape(shape)


def _invalid(remedy: str) -> Invalid:
    return Invalid("template", "TEMPLATE_SHAPE_INVALID", remedy)
