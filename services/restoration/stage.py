"""The one function of this stage: a rig's texture, made sharper once."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from rostrum.restoration.v1.restoration_pb2 import RestoreRequest, RestoreResponse

from services.chassis import pictures
from services.chassis.engines import Engines, Methods
from services.chassis.rig import RIG_VERSION, Rig, shape_of
from services.chassis.store import Store
from services.restoration.engines import Engine

PROBE_PIXELS: Final = 64


def restore(request: RestoreRequest, store: Store, engines: Engines[Engine]) -> RestoreResponse:
    """Restore a rig's texture; its geometry stays as it is.

    Same request, same bytes. Raises Invalid where the rig or its texture is not one of ours.
    """
    engine = engines.pick(request.engine)
    rig, texture = pictures.read_rig(store, request.rig)
    response = RestoreResponse(rig=request.rig)
    response.rig.texture_digest = pictures.write_picture(store, engine.restore(rig, texture))
    return response


def probe(store: Store) -> RestoreRequest:
    """Return the smallest real request, with what it reads put into the store: a grey square."""
    known = {"version": RIG_VERSION, "canvas_pixels": PROBE_PIXELS}
    rig = Rig.from_arrays(_Flat({name: np.array(number) for name, number in known.items()}))
    texture = np.full((PROBE_PIXELS, PROBE_PIXELS, 4), 128, np.uint8)
    return RestoreRequest(rig=pictures.write_rig(store, rig, texture))


class _Flat(dict[str, npt.NDArray[np.generic]]):
    """Arrays of a rig whose every measure is one pixel."""

    def __missing__(self, name: str) -> npt.NDArray[np.generic]:
        return np.ones(shape_of(name))


def methods(engines: Engines[Engine]) -> Methods:
    """Return what this stage answers."""
    return {RestoreRequest: partial(restore, engines=engines)}
