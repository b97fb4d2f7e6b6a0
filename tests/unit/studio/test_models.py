"""A model server that is busy is left alone, one that is stuck is begun anew."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from services.models.served.description import CPU
from services.models.served.repository import Plan
from services.studio import models
from services.studio.servers import triton
from services.studio.servers.processes import processor_seconds
from services.studio.servers.triton import TritonServer, Work
from services.studio.servers.trouble import Unavailable


class Looked:
    """A server, its supervisor and its stop: so many looks, and what each of them finds."""

    running = True

    def __init__(self, *found: list[str]) -> None:
        self.found = list(found)
        self.kills = 0

    def wait(self, _seconds: float) -> bool:
        return not self.found

    def stuck(self) -> list[str]:
        return self.found.pop(0)

    def look(self) -> None: ...

    def tell(self, _text: str) -> None: ...

    def kill(self) -> None:
        self.kills += 1


@pytest.mark.parametrize(
    ("found", "kills"),
    [([["x"]] * 3, 1), ([["x"], ["x"], [], ["x"], ["x"]], 0), ([["x"]] * 6, 2)],
)
def test_a_server_is_killed_when_a_model_is_stuck_look_after_look(
    found: list[list[str]], kills: int
) -> None:
    looked: Any = Looked(*found)
    models.keep(looked, looked, looked)
    assert looked.kills == kills


def served(folder: Path, monkeypatch: pytest.MonkeyPatch, *work: Work) -> TritonServer:
    """A server with one model that gives no answer, but works."""
    server, found = TritonServer(folder, Plan(folder, CPU)), iter(work)
    server.models = ["x"]
    monkeypatch.setattr(server, "_answers_of", lambda model, seconds: False)
    monkeypatch.setattr(server, "_work_of", lambda model: next(found))
    return server


@pytest.mark.parametrize("later", [Work(4, 9.0), Work(3, 29.0)], ids=["answers", "computes"])
def test_a_model_that_works_is_not_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: Work
) -> None:
    server = served(tmp_path, monkeypatch, Work(3, 9.0), later, later)
    server.stuck()
    assert server.stuck() == []
    assert server.stuck() == ["x"]


def test_a_child_s_work_shows() -> None:
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], '/x/'])"
    code = "while True: pass"
    with subprocess.Popen([sys.executable, "-c", parent, code], start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 60
            while processor_seconds(process.pid, "/x/") < 0.2 and time.monotonic() < deadline:
                time.sleep(0.1)
            assert processor_seconds(process.pid, "/x/") >= 0.2
            assert not processor_seconds(process.pid, "/y/")
        finally:
            subprocess.run(["kill", "-9", "--", f"-{process.pid}"], check=True)


def test_a_second_server_on_a_port_leaves_the_first_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.touch()
    monkeypatch.setattr(triton, "shared_memory", lambda port: [memory])
    with socket.create_server(("127.0.0.1", 0)) as first:
        second = TritonServer(tmp_path, Plan(tmp_path, CPU), first.getsockname()[1])
        mark = second.folder / "repository/mark"
        mark.parent.mkdir(parents=True)
        mark.touch()
        with pytest.raises(Unavailable, match="somebody else listens"):
            second.start()
        second.stop()
    assert mark.exists()
    assert memory.exists()


def test_a_second_server_leaves_one_alone_that_does_not_listen_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (TritonServer(tmp_path, Plan(tmp_path, CPU), 8003) for _ in range(2))
    written: list[Path] = []
    monkeypatch.setattr(triton, "write_repository", lambda folder, plan: written.append(folder))
    first.folder.mkdir()
    first._prepare()
    with pytest.raises(Unavailable, match="somebody else serves"):
        second.start()
    assert len(written) == 1
    first.stop()
    second._prepare()
    second.stop()


def test_servers_on_two_ports_have_folders_of_their_own(tmp_path: Path) -> None:
    one, two = (TritonServer(tmp_path, Plan(tmp_path, CPU), port) for port in (8001, 8002))
    assert one.folder != two.folder
