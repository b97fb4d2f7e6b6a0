"""Programs of other teams against a real line: in Python, and in Go from the protos alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.client import Rostrum, RostrumError
from services.studio.servers.installing import installed, program, run
from tests.e2e.conftest import small_order
from tests.e2e.lines import Line
from tests.servers import GO

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "go_client"
Go = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    running = Line(tmp_path_factory.mktemp("line"))
    try:
        running.wait()
        yield running
        running.stop()
    finally:
        running.end()


@pytest.fixture(scope="module")
def director(line: Line) -> str:
    return json.loads((line.home / "line" / "doors.json").read_bytes())["director"]


@pytest.fixture(scope="module")
def go_client() -> Path:
    files = sorted(path for path in SOURCE.iterdir() if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()

    def build(folder: Path) -> None:
        for path in files:
            shutil.copy(path, folder)
        command = [program("go", GO), "build", "-modcacherw", "-trimpath", "-o", "client", "."]
        run(command, folder, GOPATH=str(folder / "go"))
        shutil.rmtree(folder / "go")

    return installed(f"go-client-{digest[:16]}", build) / "client"


@pytest.fixture
def go(go_client: Path, director: str, tmp_path: Path) -> Go:
    def ask(order: dict[str, Any], *options: str) -> tuple[int, list[dict[str, Any]]]:
        (tmp_path / "request.json").write_text(json.dumps(order))
        command = [go_client, "-to", director, "-protos", ROOT / "protos", "-out", tmp_path]
        done = subprocess.run(
            [*map(str, command), "-order", str(tmp_path / "request.json"), *options],
            capture_output=True,
            text=True,
            timeout=310,
            check=False,
        )
        assert not done.stderr, done.stderr
        return done.returncode, [json.loads(said) for said in done.stdout.splitlines()]

    return ask


def request(name: str, **fields: Any) -> dict[str, Any]:
    return {"requestId": name, "order": small_order(name, **fields)}


def steps(said: list[dict[str, Any]], step: str) -> list[dict[str, Any]]:
    return [each for each in said if each["step"] == step]


def test_a_program_in_go_makes_watches_and_fetches_a_video(go: Go, tmp_path: Path) -> None:
    code, said = go(request("from-go"))
    assert code == 0, said
    assert [each["step"] for each in said[:2]] == ["made", "event"]
    kinds = [each["kind"] for each in steps(said, "event")]
    assert kinds[0] == "created"
    assert kinds[-1] == "finished"
    cursors = [int(each["cursor"]) for each in steps(said, "event")]
    assert cursors == sorted(set(cursors))
    assert {each["name"] for each in steps(said, "downloaded")} >= {"from-go-16x9-360.mp4"}
    for each in steps(said, "downloaded"):
        data = (tmp_path / each["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == each["digest"]
    assert [each["presenter"] for each in steps(said, "made from")] == ["amara"]
    tasks = {each["name"]: each["request"] for each in steps(said, "task")}
    assert tasks["compositing/join"]["frameRate"] == 25
    again = go(request("from-go"))[1]
    assert again[0]["id"] == said[0]["id"], "the same request id made another video"


def test_a_program_in_go_stops_a_video(go: Go) -> None:
    code, said = go(request("unwanted", script="Nobody wants to hear this. " * 20), "-cancel")
    assert code == 0, said
    assert steps(said, "event")[-1]["kind"] == "cancelled"
    assert steps(said, "ended")[0]["state"] == "VIDEO_STATE_CANCELLED"
    assert not steps(said, "downloaded")


def test_a_program_in_go_is_told_what_is_wrong(go: Go) -> None:
    code, (said,) = go(request("wrong", script=" ", language="xx-invalid!"))
    assert code == 1
    assert said["code"] == "InvalidArgument"
    assert said["domain"] == "rostrum"
    assert "order.script" in said["fields"]


def test_a_program_in_python_does_not_notice_that_the_director_dies(
    line: Line, director: str, tmp_path: Path
) -> None:
    with Rostrum(director) as rostrum:
        video = rostrum.make(small_order("from-python", script="The bridge opens again today."))
        seen = []
        for event in rostrum.watch(video.id):
            seen.append(event)
            if len(seen) == 2:
                director_process = line.find("director")
                assert director_process, "it is away already"
                os.kill(director_process, signal.SIGKILL)
        assert seen[-1].kind == "finished"
        assert [each.video.seq for each in seen] == list(range(1, len(seen) + 1))
        paths = rostrum.download(rostrum.wait(video.id), tmp_path)
        assert all(path.stat().st_size for path in paths)
        with pytest.raises(RostrumError, match="VIDEO_ALREADY_TERMINAL"):
            rostrum.cancel(video.id)


def test_a_program_in_python_brings_its_own_presenter(director: str, tmp_path: Path) -> None:
    portrait = ROOT / "services/studio/presenters/jun/portrait.png"
    with Rostrum(director) as rostrum:
        file = rostrum.upload(portrait)
        (jun,) = (each for each in rostrum.presenters() if each.name == "jun")
        assert jun.portrait == file
        jun.name = "anchor"
        rostrum.put_presenter(jun)
        orders = [small_order(name, presenter="anchor") for name in ("early", "late")]
        made = rostrum.make_rundown("morning", orders)
        for _ in rostrum.watch_rundown(made.rundown.id):
            pass
        rundown = rostrum.rundown(made.rundown.id)
        assert (rundown.video_count, rundown.finished_count) == (2, 2)
        listed = {video.id for video in rostrum.videos(rundown_id=rundown.id)}
        assert listed == set(made.video_ids)
