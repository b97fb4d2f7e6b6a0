"""What a model's process answers when its device has no memory left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from services.models.served import backend
from services.models.served.backend import TritonPythonModel
from services.models.served.description import CPU
from services.models.served.running import Question


class Error(Exception):
    """Triton's, with its statuses as words."""

    UNAVAILABLE, INVALID_ARG, NOT_FOUND, CANCELLED = "unavailable", "invalid", "missing", "gone"

    def __init__(self, text: str, status: str) -> None:
        super().__init__(text)
        self.status = status


class Short:
    """A model on a device with room for some numbers alone."""

    def __init__(self, encoded: int, answered: int) -> None:
        self.encoded, self.answered = encoded, answered

    def look_at(self, arrays: dict[str, torch.Tensor]) -> Question:
        if arrays["number"] > self.encoded:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Question(1, arrays, {})

    def answer(self, questions: Sequence[Question]) -> list[dict[str, torch.Tensor]]:
        if sum(int(each.inputs["number"]) for each in questions) > self.answered:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [dict(each.inputs) for each in questions]


@pytest.fixture(autouse=True)
def triton(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a server's Python has."""
    module: Any = ModuleType("triton_python_backend_utils")
    module.TritonError = Error
    module.Tensor = SimpleNamespace(from_dlpack=lambda _name, tensor: tensor)
    module.InferenceResponse = lambda output_tensors=(), error=None: (output_tensors, error)
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", module)
    monkeypatch.setattr(backend, "from_dlpack", lambda tensor: tensor)


def request(number: int) -> Any:
    tensor = torch.tensor([number])
    array = SimpleNamespace(name=lambda: "number", to_dlpack=lambda: tensor)
    return SimpleNamespace(
        is_cancelled=lambda: False, inputs=lambda: [array], parameters=lambda: ""
    )


@pytest.mark.parametrize("short", [Short(5, 99), Short(99, 5)], ids=["features", "answer"])
def test_a_request_without_memory_may_come_again_and_those_beside_it_are_answered(
    short: Short,
) -> None:
    model = TritonPythonModel()
    model._device, model._running = replace(CPU, merged=True), short  # type: ignore[assignment]
    answers = model.execute([request(1), request(7), request(2)])
    assert [error and error.status for _, error in answers] == [None, "unavailable", None]
    assert [int(tensors[0]) for tensors, error in answers if error is None] == [1, 2]


def test_a_process_with_other_weights_than_were_told_does_not_answer(tmp_path: Any) -> None:
    from services.models.served.catalogue import CATALOGUE  # noqa: PLC0415
    from services.models.shelf import Shelf  # noqa: PLC0415

    served = replace(CATALOGUE["syncnet"], networks=())
    with pytest.raises(RuntimeError, match="begin it anew"):
        backend._check_same(served, CPU, Shelf(tmp_path), "syncnet/1 of before")
