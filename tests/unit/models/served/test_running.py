"""A model answers the same, however its items are cut, merged, filled up or kept."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch

from services.chassis.errors import Invalid
from services.chassis.inference import FeaturesMissing, TensorSpec
from services.models.runners import Features, Load, Runner, Tensors, chosen
from services.models.served.description import CPU, Device, Served
from services.models.served.running import Running

NUMBER = TensorSpec("number", "float32", (1,))
ROOM = 6
"""Items that fit into the pretended memory."""


class Mean(Runner):
    """Adds numbers to the mean of pictures; more than ROOM items do not fit into memory."""

    def __init__(self, load: Load) -> None:
        self.sizes: list[int] = []
        self.encoded = 0

    def features(self, name: str, pictures: torch.Tensor) -> Features:
        self.encoded += len(pictures)
        return (pictures.float().mean(dim=(1, 2, 3)),)

    def run(self, inputs: Tensors) -> Tensors:
        self.sizes.append(len(inputs["number"]))
        if self.sizes[-1] > ROOM:
            raise torch.OutOfMemoryError
        return {"sum": inputs["number"] + chosen(inputs, "picture")[0][:, None]}


SERVED = Served(
    name="mean",
    networks=(),
    runner=f"{__name__}:Mean",
    inputs=(TensorSpec("picture", "uint8", (2, 2, 3), kept=True), NUMBER),
    outputs=(replace(NUMBER, name="sum"),),
)


class Bench:
    """A model and what its runner has seen."""

    def __init__(self, device: Device = CPU, served: Served = SERVED) -> None:
        self.running = Running(served, device, lambda name: torch.nn.Identity())
        runner = self.running._runner
        assert isinstance(runner, Mean)
        self.runner = runner

    def ask(self, *requests: dict[str, torch.Tensor]) -> list[list[float]]:
        answers = self.running.answer([self.running.look_at(each) for each in requests])
        return [each["sum"].flatten().tolist() for each in answers]


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner of these tests, wherever pytest has imported it from."""
    monkeypatch.setattr("services.models.served.running.runner_class", lambda place: Mean)


def request(*levels: int, sent: bool = True) -> dict[str, torch.Tensor]:
    """One item for each level of grey."""
    pictures = torch.tensor(levels, dtype=torch.uint8)[:, None, None, None].expand(-1, 2, 2, 3)
    digests = [list(hashlib.sha256(bytes([level] * 12)).digest()) for level in levels]
    known = {
        "picture_digest": torch.tensor(digests, dtype=torch.uint8),
        "number": torch.arange(len(levels), dtype=torch.float32)[:, None],
    }
    return known | {"picture": pictures} if sent else known


def answers(*levels: int) -> list[float]:
    return [float(at + level) for at, level in enumerate(levels)]


def test_a_batch_that_memory_does_not_hold_is_halved_and_the_size_remembered() -> None:
    bench = Bench()
    levels = tuple(range(16))
    assert bench.ask(request(*levels)) == [answers(*levels)]
    assert bench.runner.sizes == [16, 8, 4, 4, 4, 4]
    bench.ask(request(*levels))
    assert bench.runner.sizes[6:] == [4, 4, 4, 4]


def test_a_cpu_computes_a_few_items_at_once_whatever_the_size_of_batches() -> None:
    bench = Bench(served=replace(SERVED, cpu_items=2))
    assert bench.ask(request(*range(5))) == [answers(*range(5))]
    assert bench.runner.sizes == [2, 2, 1]


def test_requests_that_are_merged_get_their_own_answers() -> None:
    bench = Bench()
    assert bench.ask(request(9), request(7, 8), request(5)) == [answers(9), answers(7, 8), [5.0]]
    assert bench.runner.sizes == [4]


def test_a_compiled_model_sees_few_sizes_of_batches() -> None:
    bench = Bench(replace(CPU, compiled=True))
    for count in range(1, 6):
        assert bench.ask(request(*range(count))) == [answers(*range(count))]
    assert set(bench.runner.sizes) <= {1, 2, 4, 8}


def test_each_picture_is_encoded_once_and_wanted_only_once() -> None:
    bench = Bench()
    bench.ask(request(3, 3, 3, 4))
    assert bench.runner.encoded == 2
    assert bench.ask(request(4, 3, sent=False)) == [answers(4, 3)]
    with pytest.raises(FeaturesMissing, match="FEATURES_MISSING"):
        bench.ask(request(3, 5, sent=False))


def test_what_made_room_is_wanted_again() -> None:
    bench = Bench(replace(CPU, kept_bytes=8))  # two means
    assert bench.ask(request(1, 2, 3)) == [answers(1, 2, 3)], "one request may hold more"
    assert bench.ask(request(3, sent=False)) == [answers(3)]
    with pytest.raises(FeaturesMissing):
        bench.ask(request(1, 2, sent=False))


def test_a_model_that_has_nothing_compiled_computes_no_more_than_was_asked() -> None:
    bench = Bench(replace(CPU, compiled=True), replace(SERVED, compiled=False))
    bench.ask(request(1, 2, 3))
    assert bench.runner.sizes == [3]


def test_a_picture_under_another_s_digest_is_refused() -> None:
    forged = request(1) | {"picture_digest": request(2)["picture_digest"]}
    with pytest.raises(Invalid, match="DIGEST_MISMATCH"):
        Bench().ask(forged)


def test_getting_warm_answers_every_size_that_will_be_asked() -> None:
    bench = Bench(replace(CPU, compiled=True))
    bench.running._most_items = ROOM
    bench.running.warm_up()
    assert {1, 2, 4} <= set(bench.runner.sizes)
