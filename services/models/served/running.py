"""Runs one served model, the same way in a model server and in this process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from services.chassis.errors import Invalid
from services.chassis.inference import DIGEST, FeaturesMissing, TensorSpec
from services.models.runners import Features, Load, Tensors, runner_class, stacked
from services.models.served.description import MOST_ITEMS, Device, Served
from services.models.served.keeping import Kept

WARM_SIDE_PIXELS: Final = 64
"""Of tiles of any size, while a model gets warm."""


@dataclass(frozen=True)
class Question:
    """One request, looked at: its inputs on the device, and what was kept of its pictures."""

    count: int
    inputs: Tensors
    features: dict[str, list[Features]]


class Running:
    """A model with its weights on a device. For one thread at a time."""

    def __init__(self, served: Served, device: Device, load: Load) -> None:
        self.served = served
        self._device = device
        self._compiled = device.compiled and served.compiled
        self._torch_device = torch.device(device.torch_name)
        self._kept = {each.name: Kept(device.kept_bytes) for each in served.inputs if each.kept}
        self._most_items = min(served.most_items, MOST_ITEMS if device.on_gpu else served.cpu_items)
        with torch.inference_mode():
            self._runner = runner_class(served.runner)(load)

    def look_at(self, arrays: Mapping[str, Tensor]) -> Question:
        """Take one request in. arrays: inputs and digests, on any device.

        Raises FeaturesMissing where pictures are wanted that were not sent; Invalid for numbers
        that are none, and for pictures that are not what their digests say.
        """
        plain = {t.name: _finite(t, arrays[t.name]) for t in self.served.inputs if not t.kept}
        kept = [each for each in self.served.inputs if each.kept]
        with torch.inference_mode(), self._precisely():
            features = {each.name: self._features_of(each, arrays) for each in kept}
        moved = {name: array.to(self._torch_device) for name, array in plain.items()}
        counts = [*map(len, plain.values()), *map(len, features.values())]
        return Question(counts[0], moved, features)

    def answer(self, questions: Sequence[Question]) -> list[Tensors]:
        """Answer requests as one batch; what comes out lies in this machine's own memory."""
        inputs = {
            each.name: torch.cat([question.inputs[each.name] for question in questions])
            for each in self.served.inputs
            if not each.kept
        }
        features = {name: [f for q in questions for f in q.features[name]] for name in self._kept}
        counts = [question.count for question in questions]
        outputs = self._in_parts(Question(sum(counts), inputs, features))
        apart = {name: torch.split(output, counts) for name, output in outputs.items()}
        return [{name: parts[at] for name, parts in apart.items()} for at in range(len(counts))]

    def warm_up(self) -> None:
        """Answer batches of every size that will be filled up to, so that nobody waits for it."""
        sizes = {_filled(size, self.served.most_items) for size in range(1, self._most_items + 1)}
        for size in sorted(sizes) if self._compiled else (1,):
            self.answer([self.look_at(self._synthetic(size))])

    def probe(self) -> None:
        """Have the device do something; raises RuntimeError where it cannot any more."""
        assert torch.ones(8, device=self._torch_device).sum().item() == 8

    def _features_of(self, spec: TensorSpec, arrays: Mapping[str, Tensor]) -> list[Features]:
        kept = self._kept[spec.name]
        digests = [bytes(each.tolist()) for each in arrays[spec.name + DIGEST].cpu()]
        found: dict[bytes, Features] = {}
        for at, digest in enumerate(digests):
            if digest not in found:
                features = kept.find(digest) or self._make_features(spec, arrays, at, digest)
                kept.keep(digest, features)
                found[digest] = features
        return [found[each] for each in digests]

    def _make_features(
        self, spec: TensorSpec, arrays: Mapping[str, Tensor], at: int, digest: bytes
    ) -> Features:
        """Return features of the picture at a place; each alone, so that they are ever the same."""
        if spec.name not in arrays:
            raise FeaturesMissing(f"{FeaturesMissing.reason}: {digest.hex()}")
        picture = arrays[spec.name][at]
        _check(spec, picture, digest)
        made = self._runner.features(spec.name, picture[None].to(self._torch_device))
        return tuple(part[0].clone() for part in made)

    def _in_parts(self, question: Question) -> Tensors:
        """Answer in batches as large as memory allows; a size that was too large is remembered."""
        done: list[Tensors] = []
        at = 0
        while at < question.count:
            part = slice(at, min(at + self._most_items, question.count))
            answer = self._try(question, part)
            if answer is None:
                torch.cuda.empty_cache()
                self._most_items = max((part.stop - part.start) // 2, 1)
                continue
            done.append(answer)
            at = part.stop
        return {name: torch.cat([answer[name] for answer in done]) for name in done[0]}

    def _try(self, question: Question, part: slice) -> Tensors | None:
        """Answer some items; None where they are too many for the device's memory.

        What else was in memory goes with the frame that ends here.
        """
        try:
            return self._run(question, part)
        except torch.OutOfMemoryError:
            if part.stop - part.start == 1:
                raise
            return None

    def _run(self, question: Question, part: slice) -> Tensors:
        count = part.stop - part.start
        size = _filled(count, self.served.most_items) if self._compiled else count
        inputs = {name: _fill(array[part], size) for name, array in question.inputs.items()}
        for name, features in question.features.items():
            chosen = features[part]
            inputs |= stacked(name, [*chosen, *[chosen[-1]] * (size - count)])
        with torch.inference_mode(), self._precisely():
            outputs = self._runner.run(inputs)
        return {each.name: outputs[each.name][:count].cpu() for each in self.served.outputs}

    def _precisely(self) -> AbstractContextManager[None]:
        if self._device.precision == "float32":
            return nullcontext()
        return torch.autocast(self._device.torch_name, getattr(torch, self._device.precision))

    def _synthetic(self, size: int) -> dict[str, Tensor]:
        arrays: dict[str, Tensor] = {}
        for each in self.served.inputs:
            dims = [WARM_SIDE_PIXELS if dim < 0 else dim for dim in each.dims]
            arrays[each.name] = torch.zeros(size, *dims, dtype=getattr(torch, each.kind))
            if each.kept:
                digest = list(hashlib.sha256(arrays[each.name][0].numpy().data).digest())
                arrays[each.name + DIGEST] = torch.tensor([digest] * size, dtype=torch.uint8)
        return arrays


def _finite(spec: TensorSpec, array: Tensor) -> Tensor:
    if array.is_floating_point() and not torch.isfinite(array).all():
        raise Invalid(spec.name, "TENSOR_NOT_FINITE", f"{spec.name} holds no numbers in places")
    return array


def _check(spec: TensorSpec, picture: Tensor, digest: bytes) -> None:
    if hashlib.sha256(picture.cpu().contiguous().numpy().data).digest() != digest:
        raise Invalid(spec.name, "DIGEST_MISMATCH", "a picture is not what its digest says")


def _filled(count: int, most: int) -> int:
    """Return the power of 2 that a batch is filled up to."""
    return min(1 << (count - 1).bit_length(), most)


def _fill(array: Tensor, size: int) -> Tensor:
    missing = size - len(array)
    return torch.cat((array, array[-1:].expand(missing, *array.shape[1:]))) if missing else array
