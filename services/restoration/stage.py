"""The one function of this stage: a rig's texture, made sharper once."""

from __future__ import annotations

from functools import partial

from rostrum.restoration.v1.restoration_pb2 import RestoreRequest, RestoreResponse

from services.chassis import pictures
from services.chassis.engines import Engines, Methods
from services.chassis.store import Store
from services.restoration.engines import Engine


def restore(request: RestoreRequest, store: Store, engines: Engines[Engine]) -> RestoreResponse:
    """Restore a rig's texture; its geometry stays as it is.

    Same request, same bytes. Raises Invalid where the rig or its texture is not one of ours.
    """
    engine = engines.pick(request.engine)
    rig, texture = pictures.read_rig(store, request.rig)
    response = RestoreResponse(rig=request.rig)
    response.rig.texture_digest = pictures.write_picture(store, engine.restore(rig, texture))
    return response


def methods(engines: Engines[Engine]) -> Methods:
    """Return what this stage answers."""
    return {RestoreRequest: partial(restore, engines=engines)}
