"""What Triton's Python backend runs: turns its requests into questions, and answers back.

Tensors cross by DLPack alone: with numpy 2 Triton 2.51 hands out zeros as arrays.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch.utils.dlpack import from_dlpack

from services.chassis.errors import Invalid
from services.chassis.inference import FeaturesMissing
from services.models.checkpoints import fingerprint
from services.models.served.description import Device, Served
from services.models.served.identity import fingerprint_of
from services.models.served.loading import load, open_shelf
from services.models.served.places import catalogue_at
from services.models.served.running import Question, Running
from services.models.shelf import Shelf

POISONED: Final = "CUDA error"
"""Begins what torch says once a device's context is broken for good."""
POISONED_STATUS: Final = 70


class TritonPythonModel:
    """One process of one model. Triton makes it and calls it."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights and get warm; until then the server is not ready."""
        said = json.loads(args["model_config"])["parameters"]
        told = {key: value["string_value"] for key, value in said.items()}
        sys.path.extend(filter(None, [told["code"]]))  # Triton's Python takes no PYTHONPATH
        served: Served = catalogue_at(told["catalogue"])[told["model"]]
        self._device = Device(**json.loads(told["device"]))
        if self._device.threads:
            torch.set_num_threads(self._device.threads)
        if self._device.on_gpu:
            torch.cuda.set_device(int(args["model_instance_device_id"]))
        manifest = Path(told["manifest"]) if told["manifest"] else None
        shelf = open_shelf(Path(told["weights"]), manifest)
        loading = partial(load, shelf=shelf, device=self._device)
        self._running = Running(served, self._device, loading)
        _check_same(served, self._device, shelf, told["fingerprint"])
        self._running.warm_up()

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer every request, in order; one that fails fails alone."""
        try:
            answers: list[Any] = [self._look_at(request) for request in requests]
            for places in self._groups(answers):
                for at, answer in zip(places, self._answer(answers, places), strict=True):
                    answers[at] = answer
        except RuntimeError as error:
            if POISONED in str(error):
                os._exit(POISONED_STATUS)  # only a new process can use the device again
            raise
        return answers

    def _answer(self, questions: Sequence[Any], places: Sequence[int]) -> list[Any]:
        answers = self._try([questions[at] for at in places])
        if answers is not None:
            return answers
        torch.cuda.empty_cache()
        if len(places) == 1:
            return [_no_memory()]
        return [answer for at in places for answer in self._answer(questions, [at])]

    def _try(self, questions: Sequence[Question]) -> list[Any] | None:
        """Answer questions as one batch; None where the device has no memory for it.

        What else was in memory goes with the frame that ends here.
        """
        try:
            outputs = self._running.answer(questions)
        except Invalid as error:  # of tensors of any size: Triton merges none but equal ones
            return [_invalid(error)] * len(questions)
        except torch.OutOfMemoryError:
            return None
        return [_response(output) for output in outputs]

    def _look_at(self, request: Any) -> Any:  # noqa: ANN401  # Triton's types, or a Question
        import triton_python_backend_utils as triton  # noqa: PLC0415  # only a server has it

        if request.is_cancelled():
            return _refusal("nobody waits any more", triton.TritonError.CANCELLED)
        arrays = {each.name(): from_dlpack(each.to_dlpack()) for each in request.inputs()}
        try:
            if json.loads(request.parameters() or "{}").get("probe"):
                return self._probe()
            return self._running.look_at(arrays)
        except torch.OutOfMemoryError:
            pass  # its frames hold memory until it is done with
        except FeaturesMissing as error:
            return _refusal(str(error), triton.TritonError.NOT_FOUND)
        except Invalid as error:
            return _invalid(error)
        torch.cuda.empty_cache()
        return _no_memory()

    def _groups(self, answers: Sequence[Any]) -> list[list[int]]:
        """Return which requests are answered as one batch."""
        open_ones = [at for at, answer in enumerate(answers) if isinstance(answer, Question)]
        if self._device.merged and open_ones:
            return [open_ones]
        return [[at] for at in open_ones]

    def _probe(self) -> Any:  # noqa: ANN401
        self._running.probe()
        return _response(
            {
                each.name: torch.zeros(
                    1, *(max(dim, 1) for dim in each.dims), dtype=getattr(torch, each.kind)
                )
                for each in self._running.served.outputs
            }
        )


def _check_same(served: Served, device: Device, shelf: Shelf, told: str) -> None:
    """Raise RuntimeError where clients were told of another model than the one that was loaded."""
    loaded = fingerprint_of(served, device, fingerprint(shelf, served.networks))
    if loaded != told:
        raise RuntimeError(f"this is {loaded}, but the server says {told}; begin it anew")


def _response(outputs: dict[str, torch.Tensor]) -> Any:  # noqa: ANN401
    import triton_python_backend_utils as triton  # noqa: PLC0415

    tensors = [
        triton.Tensor.from_dlpack(name, output.contiguous()) for name, output in outputs.items()
    ]
    return triton.InferenceResponse(output_tensors=tensors)


def _refusal(text: str, code: int) -> Any:  # noqa: ANN401
    import triton_python_backend_utils as triton  # noqa: PLC0415

    return triton.InferenceResponse(error=triton.TritonError(text, code))


def _no_memory() -> Any:  # noqa: ANN401
    import triton_python_backend_utils as triton  # noqa: PLC0415

    return _refusal("the device has no memory left just now", triton.TritonError.UNAVAILABLE)


def _invalid(error: Invalid) -> Any:  # noqa: ANN401
    import triton_python_backend_utils as triton  # noqa: PLC0415

    said = " ".join(f"{each.reason}: {each.field}: {each.remedy}" for each in error.violations)
    return _refusal(said, triton.TritonError.INVALID_ARG)
