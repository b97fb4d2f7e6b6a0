"""Networks in this process: the same code that a model server runs, without one."""

from __future__ import annotations

import threading
from functools import partial

import torch

from services.chassis.errors import Invalid
from services.chassis.inference import Deadline, Models, Signature, Tensors
from services.models.served.loading import load
from services.models.served.places import catalogue_at
from services.models.served.repository import Plan, signature
from services.models.served.running import Running


class LocalModels(Models):
    """The models of a plan whose weights are here; each is loaded when it is first asked."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._load = partial(load, shelf=plan.shelf, device=plan.device)
        self._catalogue = catalogue_at(plan.catalogue)
        self._running: dict[str, Running] = {}
        self._lock = threading.Lock()  # a network uses all cores: two at a time gain nothing

    def probe(self, model: str, seconds: float = 30.0) -> None:
        """Load a model where it is not yet, and have it touch its device."""
        self._signature(model, Deadline(seconds))
        with self._lock:
            self._loaded(model).probe()

    def _signature(self, model: str, deadline: Deadline) -> Signature:  # noqa: ARG002  # at once
        served = self._catalogue.get(model)
        found = signature(served, self._plan) if served else None
        if found is None:
            remedy = f"{model} has no weights here; `rostrum weights list` says where they are from"
            raise Invalid("engine", "MODEL_NOT_SERVED", remedy)
        return found

    def _run(
        self,
        signature: Signature,
        inputs: Tensors,
        deadline: Deadline,  # noqa: ARG002  # what has begun here is finished
    ) -> Tensors:
        arrays = {name: torch.tensor(array) for name, array in inputs.items()}
        with self._lock:
            running = self._loaded(signature.model)
            (outputs,) = running.answer([running.look_at(arrays)])
        return {name: output.numpy() for name, output in outputs.items()}

    def _loaded(self, model: str) -> Running:
        if model not in self._running:
            if threads := self._plan.device.threads:
                torch.set_num_threads(threads)
            self._running[model] = Running(self._catalogue[model], self._plan.device, self._load)
        return self._running[model]
