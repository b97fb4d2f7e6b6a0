"""One order becomes a finished video that plays anywhere, and says what it was made from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from tests.e2e.conftest import Rostrum, Run, contents, ran, small_order

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def made(shared: Rostrum, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("made")
    formats = [{"aspect": a, "height": 360} for a in ("16:9", "9:16", "1:1")]
    order = small_order("fog", formats=formats, title="Fog & sun", language="en-US")
    (folder / "fog.json").write_text(json.dumps(order))
    return shared("produce", folder / "fog.json", "-o", folder / "out", "--json"), folder


def test_the_summary_is_the_last_line_and_says_all(made: tuple[Run, Path]) -> None:
    run, folder = made
    assert run.code == 0, run.err
    video = run.videos["fog"]
    assert set(video) == {
        "name",
        "status",
        "dir",
        "outputs",
        "seconds",
        "video_seconds",
        "tasks",
        "error",
    }
    assert (video["status"], video["error"]) == ("finished", None)
    assert video["dir"] == str(folder / "out" / "fog")
    assert all(Path(path).is_file() for path in video["outputs"])
    assert video["seconds"] > 0
    assert set(video["tasks"]) == {"speech", "motion", "lipsync", "restoration", "compositing"}
    assert all(set(counts) == {"ran", "reused"} for counts in video["tasks"].values())


@pytest.mark.parametrize(
    ("ending", "size"),
    [("16x9-360", (640, 360)), ("9x16-360", (360, 640)), ("1x1-360", (360, 360))],
)
def test_every_format_is_a_video_that_plays(
    made: tuple[Run, Path], ending: str, size: tuple[int, int]
) -> None:
    run, folder = made
    path = folder / "out" / "fog" / f"fog-{ending}.mp4"
    with av.open(path) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        assert (picture.width, picture.height) == size
        assert (picture.codec_context.name, picture.profile) == ("h264", "High")
        assert picture.codec_context.pix_fmt == "yuv420p"
        context = picture.codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (1, 1, 1, 1), "Rec.709, limited range"
        assert picture.average_rate == 25
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", 48000, 2)
        assert video.metadata["title"] == "Fog & sun"
        stamps = [frame.pts * picture.time_base for frame in video.decode(picture)]
    assert {b - a for a, b in pairwise(stamps)} == {Fraction(1, 25)}
    assert len(stamps) / 25 == pytest.approx(run.videos["fog"]["video_seconds"])
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat"), "fast start"


def test_what_goes_with_a_video_is_there(made: tuple[Run, Path]) -> None:
    _, folder = made
    files = contents(folder / "out" / "fog")
    assert sum(name.endswith(".mp4") for name in files) == 3
    assert sum(name.endswith(".jpg") for name in files) == 6, "thumbnail and contact sheet of each"
    srt = next(data for name, data in files.items() if name.endswith(".srt")).decode()
    vtt = next(data for name, data in files.items() if name.endswith(".vtt")).decode()
    assert "Fog will lift by noon" in srt.replace("\n", " ")
    assert vtt.startswith("WEBVTT")


def test_the_record_names_every_task_with_its_engine(made: tuple[Run, Path]) -> None:
    _, folder = made
    record = json.loads((folder / "out" / "fog" / "production.json").read_text())
    assert record["order"]["script"].startswith("Fog will lift")
    assert record["presenter"]["consent"]["kind"] == "synthetic"
    for task in record["tasks"]:
        assert len(task["key"]) == 64
        assert task["fingerprint"]
        assert task["digests"] or task["name"] in {"speech/plan", "compositing/scene"}
    assert {task["stage"] for task in record["tasks"]} >= {"speech", "motion", "compositing"}


def test_the_same_order_again_runs_nothing_and_touches_nothing(
    made: tuple[Run, Path], shared: Rostrum
) -> None:
    _, folder = made
    before = {p: p.stat().st_mtime_ns for p in (folder / "out" / "fog").iterdir()}
    again = shared("produce", folder / "fog.json", "-o", folder / "out", "--json")
    assert again.code == 0
    assert ran(again.videos["fog"]) == {}
    assert {p: p.stat().st_mtime_ns for p in (folder / "out" / "fog").iterdir()} == before


def test_another_machine_home_makes_the_same_bytes(
    made: tuple[Run, Path], rostrum: Rostrum, tmp_path: Path
) -> None:
    _, folder = made
    again = rostrum("produce", folder / "fog.json", "-o", tmp_path / "out", "--json")
    assert again.code == 0
    assert contents(tmp_path / "out" / "fog") == contents(folder / "out" / "fog")


def test_a_changed_logo_makes_pictures_anew_and_nothing_else(
    shared: Rostrum, order: Write, tmp_path: Path
) -> None:
    channel = tmp_path / "channels" / "own"
    channel.mkdir(parents=True)
    (channel / "channel.yaml").write_text("brand: {logo_text: Before}")
    file = order("skin", channel="own")
    first = shared("produce", file, "-o", tmp_path / "out", "--json")
    assert first.code == 0, first.out
    (channel / "channel.yaml").write_text("brand: {logo_text: After}")
    second = shared("produce", file, "-o", tmp_path / "out", "--json")
    assert set(ran(second.videos["skin"])) == {"compositing"}


def test_what_rots_in_the_store_is_found_and_made_anew(
    rostrum: Rostrum, order: Write, tmp_path: Path
) -> None:
    file, out = order("rot"), tmp_path / "out"
    assert rostrum("produce", file, "-o", out, "--json").code == 0
    before = contents(out / "rot")
    record = json.loads((out / "rot" / "production.json").read_text())
    objects = rostrum.home / "store" / "public" / "objects"
    for rotten in (record["outputs"][0]["digest"], digest_of(record, "speech/1")):
        data = bytearray((objects / rotten).read_bytes())
        data[len(data) // 2] ^= 1
        (objects / rotten).write_bytes(data)
    shutil.rmtree(out)
    again = rostrum("produce", file, "-o", out, "--json")
    assert again.code == 0, again.out
    assert contents(out / "rot") == before
    mended = {e["task"] for e in again.events if e["event"] == "task_ended"}
    assert {"speech/1", "compositing/join"} <= mended


def digest_of(record: dict[str, Any], task: str) -> str:
    return next(str(each["digests"][0]) for each in record["tasks"] if each["name"] == task)


def test_show_tells_what_was_made_and_what_has_changed_since(
    made: tuple[Run, Path], shared: Rostrum
) -> None:
    _, folder = made
    shown = shared("show", folder / "out")
    assert shown.code == 0
    assert "fog: Fog & sun" in shown.out
    assert "visemes" in shown.out
    assert "whole" in shown.out
    assert shared("show", folder / "nothing").code == 2
