"""`rostrum weights` shows, brings, checks and converts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.chassis.errors import Invalid
from services.models.manifest import WEIGHTS
from services.models.shelf import Shelf
from services.studio import weights
from tests.unit.models.small import PARTS, files_in, pin, saved, stitching

DATA = saved(stitching())


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A home whose manifest knows a small file, and one that is nowhere."""
    small = pin(DATA)
    gone = replace(small, name="gone", file="gone.pth", sha256="0" * 64, holds={"gfpgan": ()})
    shelf = Shelf(tmp_path / "weights", {"gone": gone, "small": small})
    monkeypatch.setattr(weights, "_shelf", lambda: shelf)
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "small.pth").write_bytes(DATA)
    return shelf


def rostrum_weights(*arguments: str) -> Result:
    return CliRunner().invoke(weights.app, list(arguments))


def test_the_list_is_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path))
    told = rostrum_weights("list").output
    for file in WEIGHTS.values():
        assert file.sha256 in told
        assert file.licence.reference in told
        assert all(source in told for source in file.sources)
    assert "wav2lip-gan: not here" in told
    assert "Wav2Lip, research only: research only" in told
    assert "GFPGAN, Apache-2.0: commercial and research use" in told
    assert not list(tmp_path.iterdir()), "looking changes nothing"


def test_programs_read_the_list_as_json(shelf: Shelf) -> None:
    lines = [json.loads(line) for line in rostrum_weights("list", "--json").output.splitlines()]
    small = lines[1]
    assert (small["name"], small["bytes"], small["state"]) == ("small", len(DATA), "missing")
    assert small["licence"]["uses"] == ["commercial", "research"]
    assert small["networks"] == list(PARTS)


def test_weights_are_brought_from_a_folder_verified_and_converted(
    shelf: Shelf, tmp_path: Path
) -> None:
    brought = rostrum_weights("fetch", "small", "--from", str(tmp_path / "usb"))
    assert brought.exit_code == 0, brought.output
    assert "small: ready: lp_S, lp_Reye, lp_Rlip" in brought.output
    assert "LivePortrait, MIT" in brought.output, "one sees under which licence"
    assert rostrum_weights("verify").exit_code == 0
    again = rostrum_weights("fetch", "small", "--from", str(tmp_path / "nowhere"))
    assert again.output == "small: ready\n", "what is here is not asked for"
    with shelf.tensors("lp_S").open("r+b") as tensors:
        tensors.seek(-1, 2)
        tensors.write(b"\x55")
    altered = rostrum_weights("verify")
    assert altered.exit_code == 2
    assert "WEIGHTS_DIGEST" in altered.output
    assert "rostrum weights convert small" in altered.output, "what to do"


def test_what_is_not_there_does_not_keep_the_rest(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_converted", lambda file, shelf: "ready")
    told = rostrum_weights("fetch", "--all", "--from", str(tmp_path / "usb"))
    assert told.exit_code == 2
    assert "gone: WEIGHTS_NOT_THERE" in told.output
    assert "small: ready" in told.output


def test_without_torch_a_file_is_kept_as_published(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    told = rostrum_weights("fetch", "small", "--from", str(tmp_path / "usb"))
    assert told.exit_code == 2
    assert "MODELS_NOT_INSTALLED" in told.output
    assert files_in(shelf.folder) == ["originals/small.pth"]
    assert rostrum_weights("verify", "small").output == (
        "small: every byte is right; here, not converted\n"
    )


def test_an_altered_original_is_found(shelf: Shelf, tmp_path: Path) -> None:
    original = shelf.original(shelf.weights["small"])
    original.parent.mkdir(parents=True)
    original.write_bytes(DATA[:-1] + b"\x55")
    told = rostrum_weights("verify")
    assert told.exit_code == 2
    assert "small: WEIGHTS_DIGEST" in told.output


def test_where_nothing_is_here_verify_says_so(shelf: Shelf) -> None:
    told = rostrum_weights("verify")
    assert told.exit_code == 0
    assert "nothing is here" in told.output
    assert rostrum_weights("verify", "small").exit_code == 2, "it was asked for by name"


@pytest.mark.parametrize("arguments", [["fetch"], ["fetch", "unheard-of"], ["verify", "no"]])
def test_what_cannot_be_meant_is_refused(shelf: Shelf, arguments: list[str]) -> None:
    assert isinstance(rostrum_weights(*arguments).exception, Invalid)
