"""Networks answer alike from a real Triton and in process, and whatever happens to the server."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tritonclient.grpc import InferenceServerClient, model_config_pb2

from services.chassis.errors import Invalid, Transient
from services.chassis.inference import Array, Deadline, Models, Signature, Tensors
from services.chassis.triton import TritonModels
from services.models.local import LocalModels
from services.models.networks import gfpgan
from services.models.served.catalogue import CATALOGUE
from services.models.served.config import config
from services.models.served.description import DEVICES, MOST_ITEMS
from services.models.served.repository import Plan
from services.models.serving import shared_memory
from services.restoration.domain import masks
from services.studio.servers.triton import TritonServer
from tests.contract import tiny_models

ROOT = Path(__file__).parents[2]
LONG = 300.0
"""Seconds: a busy machine takes long to start a server."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Two models with weights, and one without."""
    weights = tmp_path_factory.mktemp("weights")
    tiny_models.write_weights(weights, "syncnet_color")
    return Plan(weights, tiny_models.DEVICE, tiny_models.PLACE, code=ROOT)


@pytest.fixture(scope="module")
def server(server_folder: Path, plan: Plan) -> Iterator[TritonServer]:
    """A Triton with the tiny models."""
    with TritonServer(server_folder / "triton", plan) as server:
        yield server


@pytest.fixture
def triton(server: TritonServer) -> Iterator[TritonModels]:
    """A client of a server that runs."""
    server.start()
    models = TritonModels(server.address)
    yield models
    models.close()


@pytest.fixture(scope="module")
def local(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalModels]:
    """The same models in this process; what they write lies in a folder of its own, too."""
    with chdir(tmp_path_factory.mktemp("local")):
        yield LocalModels(plan)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Somebody who asks meanwhile."""
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture(params=["triton", "local"])
def models(request: pytest.FixtureRequest) -> Models:
    """Both ways to ask."""
    found: Models = request.getfixturevalue(request.param)
    return found


def picture(seed: int, count: int = 1) -> Array:
    return np.random.default_rng(seed).integers(0, 255, (count, 4, 4, 3), np.uint8)


def question(count: int, seed: int = 1, seconds: float = 0.0) -> dict[str, Array]:
    numbers = np.arange(count, dtype=np.float32)[:, None]
    pause = np.full((1, 1), seconds, np.float32)
    return {"picture": picture(seed), "number": numbers, "seconds": pause}


def expected(asked: Tensors) -> Array:
    return asked["number"] + asked["picture"].mean(axis=(1, 2, 3), dtype=np.float32)[:, None]


def speech(count: int) -> dict[str, Array]:
    random = np.random.default_rng(3)
    faces = random.integers(0, 255, (count, 5, 96, 96, 3), np.uint8)
    return {"faces": faces, "mel": random.uniform(-4, 4, (count, 80, 16)).astype(np.float32)}


class Watched(TritonModels):
    """Remembers what was sent."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.sent: list[set[str]] = []

    def _infer(
        self, signature: Signature, inputs: Tensors, deadline: Deadline, *, probe: bool = False
    ) -> Tensors:
        self.sent.append(set(inputs))
        return super()._infer(signature, inputs, deadline, probe=probe)


def process_of(server: TritonServer, model: str) -> int:
    """Return the process in which a model runs."""
    found = subprocess.run(
        ["pgrep", "-P", str(server.process_id), "-f", f"/{model}/"], capture_output=True, check=True
    )
    return int(found.stdout)


def test_any_number_of_items_is_answered_in_order(models: Models) -> None:
    asked = question(2 * MOST_ITEMS + 5)
    np.testing.assert_allclose(models.infer("sum", asked, LONG)["sum"], expected(asked), rtol=1e-6)


def test_every_item_may_have_a_picture_of_its_own(models: Models) -> None:
    asked = question(20) | {"picture": picture(2, 20)}
    np.testing.assert_allclose(models.infer("sum", asked, LONG)["sum"], expected(asked), rtol=1e-6)


def test_a_server_answers_the_same_bytes_as_this_process(
    triton: TritonModels, local: LocalModels
) -> None:
    asked = speech(MOST_ITEMS + 2)
    ours, theirs = local.infer("syncnet", asked, LONG), triton.infer("syncnet", asked, LONG)
    for name in ("sound", "sight"):
        assert ours[name].any()
        np.testing.assert_array_equal(theirs[name], ours[name])


def test_both_say_exactly_which_model_answers(triton: TritonModels, local: LocalModels) -> None:
    said = triton.signature("syncnet", LONG)
    assert said == local.signature("syncnet")
    assert "syncnet_color/" in said.fingerprint
    assert "torch/" in said.fingerprint


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"number": np.zeros((3, 2), np.float32)}, "TENSOR_SHAPE_INVALID"),
        ({"number": np.zeros((3, 1), np.float64)}, "TENSOR_SHAPE_INVALID"),
        ({"number": np.zeros((0, 1), np.float32)}, "TENSOR_COUNTS_DIFFER"),
        ({"seconds": np.zeros((2, 1), np.float32)}, "TENSOR_COUNTS_DIFFER"),
        ({"other": np.zeros((3, 1), np.float32)}, "TENSOR_UNKNOWN"),
        ({"number": np.full((3, 1), np.nan, np.float32)}, "TENSOR_NOT_FINITE"),
    ],
)
def test_what_a_model_does_not_take_is_refused_with_the_reason(
    models: Models, change: dict[str, Array], reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        models.infer("sum", question(3) | change, LONG)
    assert [each.reason for each in refused.value.violations] == [reason]


def test_an_input_left_out_is_named(models: Models) -> None:
    with pytest.raises(Invalid, match="number: TENSOR_REQUIRED"):
        models.infer("sum", {"picture": picture(1), "seconds": np.zeros((1, 1), np.float32)}, LONG)


@pytest.mark.parametrize("model", ["gfpgan", "no-such-model"])
def test_a_model_without_weights_is_not_served(models: Models, model: str) -> None:
    with pytest.raises(Invalid, match="MODEL_NOT_SERVED"):
        models.signature(model, LONG)


def test_a_bug_in_a_model_is_no_passing_fault_and_the_next_call_is_answered(
    models: Models,
) -> None:
    with pytest.raises((ValueError, RuntimeError), match="a bug in a model"):
        models.infer("sum", question(3) | {"number": np.full((1, 1), 2e3, np.float32)}, LONG)
    assert models.ready(["sum", "syncnet"], LONG)


def test_a_picture_is_sent_once(server: TritonServer, triton: TritonModels) -> None:
    watched = Watched(server.address)
    for _ in range(2):
        watched.infer("sum", question(3, seed=77), LONG)
    watched.close()
    assert ["picture" in each for each in watched.sent] == [False, True, False]


def test_a_picture_that_is_not_what_its_digest_says_is_not_kept(triton: TritonModels) -> None:
    signature = triton.signature("sum", LONG)
    forged = question(1, seed=78) | {"picture_digest": np.zeros((1, 32), np.uint8)}
    with pytest.raises(Invalid, match="DIGEST_MISMATCH"):
        triton._run(signature, forged, Deadline(LONG))


def test_a_server_killed_in_the_middle_only_delays(
    server: TritonServer, triton: TritonModels, threads: ThreadPoolExecutor
) -> None:
    asked = question(6, seed=79, seconds=1.0)
    done = threads.submit(triton.infer, "sum", asked, LONG)
    time.sleep(0.5)
    server.kill()
    assert not shared_memory(server.port), "a killed server's memory is left behind"
    assert not done.done()
    server.start()
    np.testing.assert_allclose(done.result(LONG)["sum"], expected(asked), rtol=1e-6)


def test_a_server_is_ready_only_when_its_models_are_warm(
    server: TritonServer, triton: TritonModels, threads: ThreadPoolExecutor
) -> None:
    warm = server.folder / tiny_models.WARM
    server.stop()
    warm.unlink()

    def cold_but_ready() -> bool:
        while not warm.exists():
            if triton.ready(["sum"], 1.0) and not warm.exists():
                return True
        return False

    watching = threads.submit(cold_but_ready)
    server.start()
    assert not watching.result(LONG), "whoever comes first would wait for the warm-up"


def test_a_full_queue_is_waited_for(
    server: TritonServer, triton: TritonModels, threads: ThreadPoolExecutor
) -> None:
    clients = [TritonModels(server.address) for _ in range(6)]
    asked = [question(1, seed=80 + at, seconds=0.3) for at in range(len(clients))]
    waiting = [
        threads.submit(client.infer, "sum", each, LONG)
        for client, each in zip(clients, asked, strict=True)
    ]
    for each, done in zip(asked, waiting, strict=True):
        np.testing.assert_allclose(done.result(LONG)["sum"], expected(each), rtol=1e-6)
    for client in clients:
        client.close()


def test_a_full_server_lives_and_a_call_that_ends_in_its_queue_may_be_made_again(
    server: TritonServer, triton: TritonModels, threads: ThreadPoolExecutor
) -> None:
    others = TritonModels(server.address)
    slow = question(1, seconds=3.0)
    busy = [threads.submit(others.infer, "sum", slow, LONG) for _ in range(4)]
    time.sleep(0.5)
    with pytest.raises(Transient, match="MODELS_"):
        triton.infer("sum", question(1), 0.8)
    assert triton.ready(["sum"], LONG)
    for each in busy:
        each.result(LONG)
    others.close()


def test_a_server_that_is_away_is_a_passing_fault_at_the_deadline(server: TritonServer) -> None:
    away = TritonModels("127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(Transient, match="MODELS_UNAVAILABLE"):
        away.signature("sum", 1.5)
    assert 1.4 < time.monotonic() - began < 30
    assert not away.ready(["sum"], 1.0)
    away.close()


def test_a_model_whose_process_is_gone_does_not_answer_though_its_server_says_it_is_ready(
    server: TritonServer, triton: TritonModels
) -> None:
    assert triton.ready(["sum"], LONG)
    os.kill(process_of(server, "sum"), signal.SIGKILL)
    raw = InferenceServerClient(server.address)
    assert raw.is_model_ready("sum"), "then readiness may be left to Triton"
    raw.close()
    assert not triton.ready(["sum"], 20.0)
    server.kill()
    server.start()
    assert triton.ready(["sum"], LONG)


def test_a_model_whose_process_hangs_is_stuck_and_those_beside_it_are_not(
    server: TritonServer, triton: TritonModels
) -> None:
    assert not server.stuck()
    os.kill(process_of(server, "sum"), signal.SIGSTOP)
    try:
        server.stuck(5.0)
        assert server.stuck(5.0) == ["sum"]
    finally:
        server.kill()
    server.start()
    assert triton.ready(["sum"], LONG)
    assert triton.answered("syncnet") > 0


def test_what_the_mouth_s_model_restores_is_what_is_laid_on_the_face() -> None:
    window = masks.MOUTH
    assert (gfpgan.MOUTH.left, gfpgan.MOUTH.top) == (window.left, window.top)
    assert CATALOGUE["gfpgan_mouth"].outputs[0].dims == (window.height, window.width, 3)


def test_models_elsewhere_are_asked_over_tls_alone() -> None:
    with pytest.raises(Invalid, match="ROSTRUM_TRITON_CA"):
        TritonModels("models.example:8001")


@pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.name)
@pytest.mark.parametrize("served", CATALOGUE.values(), ids=lambda served: served.name)
def test_triton_reads_every_model_s_config_for_every_device(served, device) -> None:
    said = text_format.Parse(
        config(served, device, {"fingerprint": 'say "ü"'}), model_config_pb2.ModelConfig()
    )
    assert said.name == served.name
    assert 1 <= said.max_batch_size <= MOST_ITEMS
    assert said.dynamic_batching.default_queue_policy.max_queue_size == device.waiting_requests
    assert said.parameters["fingerprint"].string_value == 'say "ü"'
    kind = model_config_pb2.ModelInstanceGroup.KIND_GPU
    assert (said.instance_group[0].kind == kind) == device.on_gpu
