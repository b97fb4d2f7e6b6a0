"""The command helps, answers quickly, and never shows a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import SAMPLES, Rostrum, small_order


@pytest.mark.parametrize("command", ["produce", "check", "show", "doctor"])
def test_every_command_has_help_with_an_example(command: str, shared: Rostrum) -> None:
    run = shared(command, "--help")
    assert run.code == 0
    assert f"Example: rostrum {command}" in run.out


def test_help_loads_nothing_heavy() -> None:
    heavy = ("numpy", "cv2", "sqlalchemy", "google.protobuf", "pydantic")
    code = f"import sys, services.studio.__main__; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_doctor_finds_everything_that_videos_need(shared: Rostrum) -> None:
    run = shared("doctor", "--json")
    findings = {event["subject"]: event for event in run.events}
    assert run.code == 0, [f for f in findings.values() if not f["works"]]
    assert {"ffmpeg", "voices", "fonts", "sandbox", "presenters", "lipsync engines"} <= set(
        findings
    )
    assert "amara" in findings["presenters"]["text"]


def test_all_samples_pass_the_check(shared: Rostrum) -> None:
    folders = [SAMPLES / "demo", SAMPLES / "job-ads"]
    files = [SAMPLES / "bulletin.yaml", SAMPLES / "vertical-clip.yaml", SAMPLES / "batch.jsonl"]
    run = shared("check", *folders, *files, "--json")
    assert run.code == 0, [video["error"] for video in run.videos.values() if video["error"]]
    assert len(run.videos) == 21


def test_data_of_a_job_board_becomes_orders_by_itself(shared: Rostrum) -> None:
    data = sorted((SAMPLES / "job-data").glob("*.json"))
    run = shared("check", *data, "--storyline", "job-ad", "--presenter", "amara", "--json")
    assert run.code == 0, [video["error"] for video in run.videos.values() if video["error"]]
    assert "senior-welder-offshore-wind" in run.videos


def test_piped_output_is_plain_lines(shared: Rostrum, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nscrpt: x\n")
    run = shared("check", bad)
    assert run.code == 2
    assert "\x1b" not in run.out
    assert f"{bad}:2: scrpt: FIELD_UNKNOWN" in run.out


def test_text_from_an_order_cannot_steer_the_terminal(shared: Rostrum, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"name": "x\x1b[2Jy", "presenter": "\x1b]0;owned\x07"}))
    run = shared("check", bad)
    assert run.code == 2
    assert "\x1b" not in run.out + run.err


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    shared: Rostrum, tmp_path: Path
) -> None:
    order = tmp_path / "o.json"
    order.write_text(json.dumps(small_order("short")))
    (tmp_path / "out").write_text("a file")
    run = shared("produce", order, "-o", tmp_path / "out", "--json")
    assert run.code == 1
    assert run.videos["short"]["status"] == "failed"
    assert "cannot be written" in run.videos["short"]["error"]["message"]


def test_a_home_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    run = Rostrum(tmp_path / "home")("check", SAMPLES / "demo")
    assert run.code == 1
    assert run.err.startswith("rostrum: ")


def test_a_setting_that_cannot_be_read_is_named(
    shared: Rostrum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROSTRUM_WORKERS", "many")
    run = shared("doctor")
    assert run.code == 2
    assert "ROSTRUM_WORKERS: SETTING_INVALID" in run.err


def test_letters_that_a_terminal_lacks_stop_nothing(
    shared: Rostrum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"name": "x", "presenter": "Łukasz"}))
    run = shared("check", bad)
    assert run.code == 2
    assert "PRESENTER_UNKNOWN" in run.out


def test_an_answer_that_nobody_foresaw_is_in_the_log(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "state.sqlite").mkdir(parents=True)
    run = Rostrum(home)("check", SAMPLES / "demo")
    assert run.code == 1
    log = Path(run.err.split()[-1])
    assert "Traceback" in log.read_text()
