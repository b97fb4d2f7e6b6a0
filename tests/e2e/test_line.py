"""The production line: the same bytes as one command makes, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Order
from rostrum.director.v1.production_pb2_grpc import ProductionStub

from tests.e2e.conftest import SHORT, Rostrum, contents, made_from, small_order
from tests.e2e.killing import KINDS, Killing
from tests.e2e.lines import Line, until
from tests.e2e.seeing import Collector, Metrics, ask, collecting, log_lines

ORDERS = {
    "fog": small_order("fog", channel="harbour-light", language="en-GB"),
    "bridge": small_order("bridge", script=f"{SHORT} {SHORT}"),
    "tall": small_order("tall", formats=[{"aspect": "9:16", "height": 360}]),
}
HASTY = {
    "ROSTRUM_LEASE_SECONDS": "5",
    "ROSTRUM_PROGRESS_SECONDS": "1",
    "ROSTRUM_SESSION_TIMEOUT_MS": "6000",
}
"""A process's silence is noticed soon: a test waits for it."""
AT_REST = (
    *("videos", "queue_tasks", "queue_oldest_seconds", "inbox_lag_messages"),
    *("outbox_messages", "outbox_oldest_seconds", "rundowns", "rundown_late_videos"),
    *("rundown_lateness_seconds", "rundown_left_seconds"),
)
"""Gauges of a director that are 0 where there is nothing to do."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Line]:
    settings = {**HASTY, "ROSTRUM_TRACES": collector.address}
    running = Line(tmp_path_factory.mktemp("line"), settings, "--compositors", "2")
    try:
        running.wait()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def rundown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rundown whose orders are files."""
    folder = tmp_path_factory.mktemp("rundown")
    for name, order in ORDERS.items():
        (folder / f"{name}.json").write_text(json.dumps(order), encoding="utf-8")
    orders = [f"{name}.json" for name in ORDERS]
    plan = {"rundown": "evening", "sections": [{"name": "all", "orders": orders}]}
    (folder / "rundown.json").write_text(json.dumps(plan), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made_here(tmp_path_factory: pytest.TempPathFactory, shared: Rostrum, rundown: Path) -> Path:
    """The same videos as one machine makes them."""
    out = tmp_path_factory.mktemp("produced")
    run = shared("produce", *(rundown / f"{name}.json" for name in ORDERS), "-o", out, "--json")
    assert run.code == 0, run.out
    return out


@pytest.fixture(scope="module")
def produced(made_here: Path) -> dict[str, dict[str, bytes]]:
    return {name: contents(made_here / name) for name in ORDERS}


def test_killing_each_kind_of_process_once_changes_no_byte(
    line: Line, rundown: Path, produced: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    killing = Killing(line)
    submitted = line("submit", rundown, "--json").events[0]
    assert list(submitted["videos"]) == list(ORDERS)
    assert sorted(kill.name for kill in killing.kill_each()) == sorted(KINDS)
    assert line("watch", submitted["id"]).code == 0, "not all videos are finished"
    run = line("get", submitted["id"], "-o", tmp_path)
    assert run.code == 0, run.out
    assert {name: contents(tmp_path / name) for name in ORDERS} == produced


def test_a_fetched_record_says_what_one_made_here_says(
    line: Line, rundown: Path, made_here: Path, tmp_path: Path
) -> None:
    submitted = line("submit", rundown, "--json").events[0]
    assert line("watch", submitted["id"]).code == 0
    assert line("get", submitted["id"], "-o", tmp_path).code == 0
    for name in ORDERS:
        assert made_from(tmp_path / name) == made_from(made_here / name)
    shown = line("show", tmp_path)
    assert shown.code == 0, shown.out
    assert f"from a line, as {submitted['videos'][next(iter(ORDERS))]}" in shown.out


def test_what_was_submitted_today_is_not_made_again(line: Line, rundown: Path) -> None:
    first, second = (line("submit", rundown, "--json").events[0] for _ in range(2))
    assert first == second


def test_the_lines_of_the_readme_make_a_video(line: Line, tmp_path: Path) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", Path("README.md").read_text(), re.DOTALL)
    program = lines.replace("127.0.0.1:7070", line.doors["director"])
    assert program != lines
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=120)
    assert run.returncode == 0
    assert (tmp_path / "out" / "hello-16x9-1080.mp4").exists()


def test_a_wrong_order_is_answered_with_its_line(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("name: wrong\nchannel: nordhaven\npresenter: amara\nscript: '  '\n")
    run = line("submit", file)
    assert run.code == 2
    assert f"{file}:4: script: SCRIPT_EMPTY" in run.out


@dataclass(frozen=True)
class Followed:
    """A video that a caller with a trace of its own has asked for, and that is made."""

    id: str
    trace: str
    order: dict[str, Any]


@pytest.fixture(scope="module")
def followed(line: Line) -> Followed:
    trace = secrets.token_hex(16)
    order = small_order("followed", script="Nobody has said this before. It is followed.")
    request = pb.CreateVideoRequest(
        request_id=secrets.token_hex(8), order=ParseDict(order, Order())
    )
    parent = ("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")
    with grpc.insecure_channel(line.doors["director"]) as channel:
        video = ProductionStub(channel).CreateVideo(request, metadata=[parent]).video
        assert line("watch", video.id).code == 0
    return Followed(video.id, trace, order)


def test_a_callers_trace_is_on_the_lines_of_all_who_worked_for_it(
    line: Line, followed: Followed
) -> None:
    said = log_lines(line.home / "line" / "logs")
    lines = [
        one for of_one in said.values() for one in of_one if one.get("trace") == followed.trace
    ]
    sent = {one["task"]: one for one in lines if one["event"] == "task sent"}
    finished = {one["task"]: one for one in lines if one["event"] == "task finished"}
    assert {"speech", "lipsync", "compositing"} <= {one["stage"] for one in sent.values()}
    assert sent.keys() == finished.keys()
    assert all(one["service"] == sent[task]["stage"] for task, one in finished.items())
    assert {one["video"] for one in (*sent.values(), *finished.values())} == {followed.id}
    (ended,) = (one for one in lines if one["event"] == "video ended")
    assert (ended["service"], ended["video"]) == ("director", followed.id)


def test_spans_of_all_services_hang_together(
    line: Line, followed: Followed, collector: Collector
) -> None:
    worked = {"director", "speech", "lipsync", "compositing"}
    assert until(lambda: worked <= collector.services(followed.trace))
    assert collector.traces_of(followed.id) == {followed.trace}


def test_metrics_tell_what_the_line_has_done(line: Line, followed: Followed) -> None:
    said = {name: Metrics(ask(at, "/metrics")[1]) for name, at in line.doors["ops"].items()}
    for stage in ("speech", "lipsync"):
        tell = said[stage].total
        done = tell("rostrum_tasks_total", stage=stage, outcome="finished", cause="")
        assert done == tell("rostrum_task_seconds_count", outcome="finished") > 0
        assert tell("rostrum_tasks_total", engine="other") == 0
        assert tell("rostrum_task_seconds_sum") > 0
        assert tell("rostrum_task_cpu_seconds_total") > 0
        assert tell("rostrum_store_bytes_total", direction="written") > 0
        assert tell("rostrum_cache_reads_total") >= 0
        assert tell("rostrum_slots", state="free") == 1
    for each in said.values():
        assert each.total("process_resident_memory_bytes") > 1_000_000
        assert each.total("process_cpu_seconds_total") > 0
    tell = said["director"].total
    assert tell("rostrum_store_bytes_total", direction="read") > 0
    assert tell("rostrum_videos_ended_total", state="finished") >= 1
    assert tell("rostrum_video_seconds_total") > 1
    assert tell("rostrum_video_end_seconds_count") >= 1
    director = line.doors["ops"]["director"]
    assert until(lambda: not busy(Metrics(ask(director, "/metrics")[1]))), "it looks in a while"


def busy(said: Metrics) -> dict[str, float]:
    """Return the gauges of the line that are not at rest."""
    told = {name: said.total(f"rostrum_{name}") for name in AT_REST}
    return {name: value for name, value in told.items() if value}


def test_the_ops_port_shows_no_names_and_no_texts(line: Line, followed: Followed) -> None:
    order = followed.order
    private = {followed.id, followed.trace, order["name"], order["presenter"], order["channel"]}
    private |= {"house", "Nobody", str(line.home)}
    for name, at in line.doors["ops"].items():
        for path in ("/metrics", "/livez", "/readyz"):
            status, text = ask(at, path)
            assert status == 200
            assert not [word for word in private if word in text], (name, path)
        values = Metrics(ask(at, "/metrics")[1]).label_values()
        assert not {value for value in values if len(value) > 80}


def test_who_cannot_work_says_so_to_the_balancer(line: Line, followed: Followed) -> None:
    ports = line.doors["ops"].values()
    store, away = line.home / "line" / "store", line.home / "line" / "away"
    store.rename(away)
    try:
        assert {ask(at, "/readyz") for at in ports} == {(503, "waits for store\n")}
    finally:
        away.rename(store)
    broker = line.find("Kafka")
    assert broker is not None
    os.kill(broker, signal.SIGSTOP)
    try:
        assert {ask(at, "/readyz") for at in list(ports)[:2]} == {(503, "waits for bus\n")}
        assert {ask(at, "/livez") for at in ports} == {(200, "ok\n")}
    finally:
        os.kill(broker, signal.SIGCONT)
    assert until(lambda: {ask(at, "/readyz") for at in ports} == {(200, "ok\n")})


def test_told_to_stop_it_leaves_nothing_behind(line: Line) -> None:
    said = line.stop()
    assert "compositing" in said
    assert "was ended by SIGKILL; it is started again at once" in said
    assert not line.processes()
    assert not (line.home / "line" / "doors.json").exists()
