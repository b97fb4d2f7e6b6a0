"""The rig: everything a portrait's puppet is moved by, measured once; values only, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.timeline import Floats

RIG_VERSION: Final = 1
"""Goes up when a field changes its meaning; older rigs are refused."""

GRID: Final = 72
"""Nodes along a side of the depth and weight grids, spread from pixel 0 to the last."""


LEAST_CANVAS: Final = 32
MOST_CANVAS: Final = 4096
FARTHEST: Final = 16
"""No measure is larger, in canvases."""
LINES: Final = frozenset(
    {
        *("x", "upper", "lower", "crease", "cheek"),
        *("seam_upper", "seam_lower", "lip_top", "lip_bottom"),
    }
)
SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "landmarks": (478, 3),
    "pivot": (3,),
    "depth": (GRID, GRID),
    "head_weight": (GRID, GRID),
    **dict.fromkeys(("lid_colour", "sclera", "lip", "skin"), (3,)),
}
LENGTHS: Final = (
    *("face_height", "pupil_distance", "focal", "mouth.half_width"),
    *("eye_right.width", "eye_left.width", "eye_right.iris_radius", "eye_left.iris_radius"),
)
"""What is divided by somewhere."""


@dataclass(frozen=True)
class Head:
    """Where the head lies, for laying out a picture; canvas pixels."""

    centre_x: float
    """Halfway between the cheeks."""
    eyes_y: float
    """Mean of the pupils."""
    crown_y: float
    """Top of hair, hat or bun: where the matte begins above the face."""
    chin_y: float
    left: float
    """Widest reach of head and hair above the chin."""
    right: float


@dataclass(frozen=True)
class Person:
    """Bounding box of the matte, and the sides of the canvas that it runs into."""

    left: float
    top: float
    right: float
    """Exclusive."""
    bottom: float
    """Exclusive."""
    cut_left: bool
    """True where the matte touches the canvas: there a straight edge would show."""
    cut_top: bool
    cut_right: bool
    cut_bottom: bool


@dataclass(frozen=True)
class Eye:
    """One eye; lines are y per column, in canvas pixels."""

    x: Floats
    """Columns (C,), one pixel apart, reaching half an eye width beyond both corners."""
    upper: Floats
    """Edge of the upper lid (C,); equal to `lower` outside the corners."""
    lower: Floats
    """Edge of the lower lid (C,)."""
    crease: Floats
    """Where the skin that a blink pulls down begins (C,)."""
    cheek: Floats
    """Where the skin that a blink pushes up ends (C,)."""
    width: float
    """From corner to corner."""
    iris_x: float
    iris_y: float
    iris_radius: float
    brow_x: float
    """Mean of the brow's points."""
    brow_y: float
    brow_top: float
    """Upper edge of the brow."""
    lid_colour: Floats
    """Skin that a closed lid shows, RGB (3,), 0 to 255."""


@dataclass(frozen=True)
class Mouth:
    """The mouth; lines are y per column, in canvas pixels."""

    x: Floats
    """Columns (C,), one pixel apart, reaching well into the cheeks."""
    seam_upper: Floats
    """Lower edge of the upper lip (C,)."""
    seam_lower: Floats
    """Upper edge of the lower lip (C,); equal to `seam_upper` on a closed mouth."""
    lip_top: Floats
    """Where the upper lip meets the skin (C,)."""
    lip_bottom: Floats
    """Where the lower lip meets the skin (C,)."""
    centre_x: float
    half_width: float
    """Half the distance between the corners: the unit of every mouth parameter."""
    nose_y: float
    """Under the nose: moves with the skull."""
    chin_y: float
    neck_y: float
    """Where the jaw's pull has died away."""
    smile: float
    """Lift of the corners in the portrait, half mouth widths, 0 to .4."""


@dataclass(frozen=True)
class Colours:
    """Medians measured in the portrait, RGB (3,), 0 to 255."""

    sclera: Floats
    lip: Floats
    skin: Floats


@dataclass(frozen=True)
class Rig:
    """A portrait made ready to move, on its square canvas.

    Distances are canvas pixels; x to the right, y down, pixel centres at whole numbers. A texture
    of side t is sampled at (x + .5) t / canvas_pixels - .5.
    """

    canvas_pixels: int
    landmarks: Floats
    """Face mesh (478, 3); z away from the viewer, in the unit of x."""
    face_height: float
    """Hairline to chin."""
    pupil_distance: float
    pivot: Floats
    """Neck point the head turns about (3,); z towards the viewer."""
    focal: float
    """Distance of the camera, for its perspective."""
    depth: Floats
    """Height of the relief towards the viewer (GRID, GRID)."""
    head_weight: Floats
    """How much of the head's motion each node follows (GRID, GRID), 0 to 1."""
    head: Head
    person: Person
    eye_right: Eye
    """The eye at image left."""
    eye_left: Eye
    mouth: Mouth
    colours: Colours
    noise: float
    """Standard deviation of the portrait's grain, 0 to 255."""
    jaw_gain: float
    """How far this mouth opens, 1 being usual."""
    teeth_gain: float
    """How bright its teeth are, 1 being usual."""

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the rig as named arrays, for npz; parts are joined to fields by a dot."""
        return {"version": np.asarray(RIG_VERSION), **_flatten("", self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Rig:
        """Return the rig that `to_arrays` wrote.

        Raises Invalid where an array is missing, of another version, or nothing that could have
        been measured in a portrait.
        """
        version = arrays.get("version")
        if version is None or version.shape or version != RIG_VERSION:
            raise Invalid("rig", "RIG_VERSION_UNKNOWN", f"build it anew: version {RIG_VERSION}")
        try:
            rig = _restore(cls, "", arrays)
        except KeyError as missing:
            raise Invalid("rig", "RIG_INCOMPLETE", f"there is no {missing.args[0]}") from None
        except (TypeError, ValueError) as error:
            raise Invalid("rig", "RIG_INVALID", str(error)) from None
        check_measures(rig)
        return rig

    def with_gains(self, jaw: float, teeth: float) -> Rig:
        """Return the rig with other gains."""
        return replace(self, jaw_gain=jaw, teeth_gain=teeth)


def check_measures(rig: Rig) -> None:
    """Raise Invalid unless every part of a rig has its shape, and lies about its canvas."""
    side = rig.canvas_pixels
    if not LEAST_CANVAS <= side <= MOST_CANVAS:
        raise Invalid("rig", "RIG_INVALID", f"a canvas of {side} pixels")
    for name, array in _flatten("", rig).items():
        if array.shape != shape_of(name) and not (is_line(name) and _fits_a_line(array, side)):
            raise Invalid("rig", "RIG_INVALID", f"{name} has the shape {array.shape}")
        if not (np.abs(array) <= FARTHEST * side).all():
            raise Invalid("rig", "RIG_INVALID", f"{name} lies far away, or nowhere")
    for part in (rig.eye_right, rig.eye_left, rig.mouth):
        if len({len(line) for name, line in vars(part).items() if is_line(name)}) > 1:
            raise Invalid("rig", "RIG_INVALID", "lines of unlike length about one eye or mouth")
    for name in LENGTHS:
        if not attrgetter(name)(rig) >= 1:
            raise Invalid("rig", "RIG_INVALID", f"{name} is less than a pixel")


def shape_of(name: str) -> tuple[int, ...]:
    """Return the shape of an array of `Rig.to_arrays`; of a line, the shortest there may be."""
    last = name.rpartition(".")[2]
    return (2,) if is_line(name) else SHAPES.get(last, ())


def is_line(name: str) -> bool:
    """Return whether an array of `Rig.to_arrays` says one number for each column."""
    return name.rpartition(".")[2] in LINES


def _fits_a_line(array: npt.NDArray[np.generic], canvas_pixels: int) -> bool:
    return array.ndim == 1 and 2 <= len(array) <= 2 * canvas_pixels


Part = TypeVar("Part", Head, Person, Eye, Mouth, Colours, Rig)
PARTS: Final = (Head, Person, Eye, Mouth, Colours)


def _flatten(prefix: str, part: object) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name, value in vars(part).items():
        if isinstance(value, PARTS):
            arrays |= _flatten(f"{prefix}{name}.", value)
        else:
            arrays[prefix + name] = np.asarray(value)
    return arrays


def _restore(kind: type[Part], prefix: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Part:
    values: dict[str, Any] = {}
    for name, of in get_type_hints(kind).items():
        if of in PARTS:
            values[name] = _restore(of, f"{prefix}{name}.", arrays)
        elif of in (int, float, bool):
            values[name] = of(arrays[prefix + name])
        else:
            values[name] = np.asarray(arrays[prefix + name], np.float32)
    return kind(**values)
