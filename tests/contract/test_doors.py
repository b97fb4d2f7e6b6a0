"""Every stage answers at its gRPC door what its proto promises, with the bytes of its function."""

from __future__ import annotations

import importlib
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from rostrum.speech.v1 import speech_pb2

from services.chassis.calls import Call
from services.chassis.server import Server
from services.chassis.settings import DoorSettings
from services.chassis.status import Refused, read_status
from services.chassis.store import Store
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Passing
from tests.contract.running import Service, refused, running

STAGES = ("speech", "motion", "lipsync", "restoration", "compositing")
SERVING = health_pb2.HealthCheckResponse.SERVING


def methods(word: str) -> list[MethodDescriptor]:
    module = importlib.import_module(f"rostrum.{word}.v1.{word}_pb2")
    return list(module.DESCRIPTOR.services_by_name[f"{word.capitalize()}Service"].methods)


def path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


EVERY = {path(method): method for word in STAGES for method in methods(word)}


class Scribe:
    """Stands in for a crew: writes down what it is asked, and answers with the empty response."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer(self, request: Message, call: Call) -> bytes:
        self.asked.append(request.DESCRIPTOR.full_name)
        return b""


@pytest.fixture(scope="module")
def scribe() -> Scribe:
    return Scribe()


@pytest.fixture(scope="module")
def channel(scribe: Scribe) -> Iterator[grpc.Channel]:
    rooms = [importlib.import_module(f"services.{word}.rpc") for word in STAGES]
    doors = [room.open_door(scribe) for room in rooms]
    server = Server(doors, DoorSettings(reflection=True), Metrics("test"), Passing())
    server.start()
    with grpc.insecure_channel(server.address) as channel:
        yield channel
    server.stop(0, 0)


@pytest.mark.parametrize("name", EVERY)
def test_every_method_of_every_proto_is_reached(name: str, channel, scribe: Scribe) -> None:
    channel.unary_unary(name)(b"", timeout=5)
    assert scribe.asked[-1] == EVERY[name].input_type.full_name


def test_a_client_without_our_protos_finds_out_what_to_send(channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="rostrum.lipsync.v1.LipsyncService"
        ),
    ]
    listed, described = stub.ServerReflectionInfo(iter(asked), timeout=5)
    names = {each.name for each in listed.list_services_response.service}
    assert {method.containing_service.full_name for method in EVERY.values()} < names
    files = b"".join(described.file_descriptor_response.file_descriptor_proto)
    assert b"SyncRequest" in files
    assert b"rostrum/media/v1/media.proto" in files, "what it imports must come along"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module", params=["speech", "lipsync"])
def service(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[str, Service]]:
    with running(request.param, folder) as service:
        yield request.param, service


def direct(word: str, store: Store) -> tuple[Message, Message]:
    """Return the stage's probe, and what its own function answers."""
    stage = importlib.import_module(f"services.{word}.stage")
    engines = importlib.import_module(f"services.{word}.engines").load()
    request = stage.probe(store)
    return request, stage.methods(engines)[type(request)](request, store)


def call(address: str, request: Message, seconds: float = 20) -> Message:
    name, method = next((n, m) for n, m in EVERY.items() if m.input_type == request.DESCRIPTOR)
    response = GetMessageClass(method.output_type)
    with grpc.insecure_channel(address) as channel:
        data = channel.unary_unary(name)(request.SerializeToString(), timeout=seconds)
    return response.FromString(data)


def patiently(address: str, request: Message, seconds: float = 30) -> Message:
    """Call again as long as the service says that it is busy."""
    end = time.monotonic() + seconds
    while True:
        try:
            return call(address, request)
        except grpc.RpcError as error:
            said = read_status(error)
            if not isinstance(said, Refused) or time.monotonic() > end:
                raise
            time.sleep(said.retry_seconds)


def test_the_door_gives_what_the_stage_gives(service, folder: Path) -> None:
    word, process = service
    request, expected = direct(word, Store.in_folder(folder, "house"))
    assert call(process.address, request) == expected
    assert call(process.address, request) == expected, "what was done is not done again"


def test_a_running_service_is_healthy_alive_and_ready(service) -> None:
    word, process = service
    with grpc.insecure_channel(process.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", f"rostrum.{word}.v1.{word.capitalize()}Service"):
            asked = health_pb2.HealthCheckRequest(service=name)
            assert stub.Check(asked, timeout=5).status == SERVING
    assert process.probe("/livez") == process.probe("/readyz") == 200


def test_sigterm_ends_it_with_the_call_in_hand_answered(folder: Path) -> None:
    with running("speech", folder) as process:
        request, _ = direct("speech", Store.in_folder(folder, "house"))
        request.chunk.text = "This sentence is long enough to be in hand when the end comes."
        answers: list[object] = []

        def ask() -> None:
            try:
                answers.append(call(process.address, request))
            except grpc.RpcError as error:
                answers.append(read_status(error))

        asking = threading.Thread(target=ask)
        asking.start()
        while b"rostrum_rpcs_active 1.0" not in metrics(process):
            assert asking.is_alive() or answers
            if answers:
                break
        assert process.stop() == 0
        asking.join(5)
        assert isinstance(answers[0], Message), answers


def metrics(process: Service) -> bytes:
    with urllib.request.urlopen(f"http://{process.ops}/metrics", timeout=5) as answer:
        return answer.read()


def test_a_second_caller_is_told_to_come_back_while_the_slot_is_taken(folder: Path) -> None:
    request, _ = direct("speech", Store.in_folder(folder, "house"))
    outcomes: list[object] = []

    def ask(number: int) -> None:
        request_of_its_own = type(request).FromString(request.SerializeToString())
        request_of_its_own.chunk.text = f"Number {number} of several sentences at a time."
        try:
            outcomes.append(call(process.address, request_of_its_own))
        except grpc.RpcError as error:
            outcomes.append(read_status(error))

    with running("speech", folder) as process:
        asking = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for each in asking:
            each.start()
        for each in asking:
            each.join(20)
        busy = [each for each in outcomes if isinstance(each, Refused)]
        assert busy, "six at a time had one slot"
        assert all(str(each).startswith("BUSY") and each.retry_seconds > 0 for each in busy)
        assert any(isinstance(each, Message) for each in outcomes)
        ask(7)
        assert isinstance(outcomes[-1], Message)


def test_work_that_nobody_waits_for_any_more_frees_its_slot(folder: Path) -> None:
    long = speech_pb2.PlanChunksRequest(language="en-GB")
    long.script = " ".join(f"Sentence number {n} of a long script is here." for n in range(400))
    short = speech_pb2.PlanChunksRequest(script="One sentence.", language="en-GB")
    with running("speech", folder) as process:
        with pytest.raises(grpc.RpcError) as caught:
            call(process.address, long, seconds=0.2)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert patiently(process.address, short).chunks, "the process that did it is replaced"
        assert b'cause="cancelled"' in metrics(process)


@pytest.mark.parametrize("word", STAGES)
def test_wrong_settings_are_all_said_and_nothing_starts(word: str) -> None:
    status, said = refused(word, listen="0.0.0.0:0", store_url="ftp://x", slots="0")
    assert status == 78
    wrong = {json.loads(line)["setting"] for line in said.splitlines()}
    needed = {"ROSTRUM_LISTEN", "ROSTRUM_STORE_URL", "ROSTRUM_SLOTS"}
    assert wrong == needed, "one mistake at a time costs an operator an afternoon"


@pytest.mark.parametrize("word", ["director", *STAGES])
def test_what_cannot_even_be_imported_is_a_line_of_the_log(word: str, tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ImportError('no such symbol')\n")
    status, said = refused(word, PYTHONPATH=str(tmp_path))
    assert status == 1
    (line,) = map(json.loads, said.splitlines())
    assert line["level"] == "critical"
    assert line["service"] == word
    assert line["error"] == "ImportError: no such symbol"
