"""A stage's service whose engines are synthetic, and one that is broken on purpose.

Doors, crew, worker, store and settings are the product's; only what answers a request is not.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from services.chassis import service, worker
from services.chassis.intake import Fetched
from services.chassis.reports import STARTED, Event
from tests.chaos import synthetic


class HastyWorker(worker.Worker):
    """Broken: commits the offset of a task before anybody was told that work on it has begun."""

    def _close(self, held: Fetched, event: Event) -> bool:
        if event is not STARTED:
            return super()._close(held, event)
        self._reader.commit(held.record)
        return True  # the report of its end will say that it began


def serve(stage: str, *how: str) -> int:
    """Serve a stage, "hasty" or not; return the exit status."""
    service.offer_of = synthetic.offer_of
    if "hasty" in how:
        service.Worker = HastyWorker
    settings: Any = import_module(f"services.{stage}.settings")
    door = import_module(f"services.{stage}.rpc").open_door
    return service.run_stage(stage, getattr(settings, f"{stage.capitalize()}Settings"), door)
