import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from services.chassis.errors import Invalid, Transient
from services.chassis.ops import Ops, announce
from services.chassis.telemetry.metrics import Metrics


class Parts:
    def __init__(self) -> None:
        self.up = {"bus": True, "store": True}

    def bus(self) -> bool:
        return self.up["bus"]

    def store(self) -> bool:
        if not self.up["store"]:
            raise Transient("s3://secret-bucket is away")
        return True


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def ops(parts: Parts) -> Iterator[Ops]:
    checks = {"bus": parts.bus, "store": parts.store}
    with Ops("127.0.0.1:0", Metrics("speech"), ready=checks, live={}) as served:
        yield served


def ask(ops: Ops, path: str, method: str = "GET") -> tuple[int, str]:
    connection = HTTPConnection(ops.address, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    told = answer.status, answer.read().decode()
    connection.close()
    return told


def test_a_service_whose_parts_work_is_ready(ops: Ops) -> None:
    assert ask(ops, "/readyz") == (200, "ok\n")
    assert ask(ops, "/livez") == (200, "ok\n")


def test_what_it_waits_for_is_named_by_our_word_and_no_more(ops: Ops, parts: Parts) -> None:
    parts.up = {"bus": False, "store": False}
    assert ask(ops, "/readyz") == (503, "waits for bus, store\n")
    assert ask(ops, "/livez")[0] == 200


def test_metrics_are_there_for_prometheus(ops: Ops) -> None:
    status, text = ask(ops, "/metrics")
    assert status == 200
    assert "rostrum_build_info" in text


@pytest.mark.parametrize("path", ["/", "/metrics/../etc/passwd", "/readyz/x", "/<script>"])
def test_there_is_nothing_else(ops: Ops, path: str) -> None:
    status, text = ask(ops, path)
    assert status == 404
    assert "script" not in text


def test_nothing_can_be_sent_to_it(ops: Ops) -> None:
    assert ask(ops, "/metrics", "POST")[0] == 501


def test_broken_callers_do_not_disturb_the_next(ops: Ops) -> None:
    host, port = ops.address.split(":")
    for data in (b"", b"\x16\x03\x01", b"GET " + b"a" * 70_000):
        with socket.create_connection((host, int(port)), timeout=5) as caller:
            caller.sendall(data)
    assert ask(ops, "/livez")[0] == 200


def test_a_taken_address_is_a_wrong_setting(ops: Ops) -> None:
    with pytest.raises(Invalid, match="ROSTRUM_OPS_LISTEN: ADDRESS_UNUSABLE"):
        Ops(ops.address, Metrics("speech"), {}, {})


def test_a_service_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    announce("speech", listen="127.0.0.1:1", ops="127.0.0.1:2")
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["event"], said["service"], said["listen"]) == ("ready", "speech", "127.0.0.1:1")
