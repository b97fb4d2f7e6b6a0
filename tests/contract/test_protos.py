"""What other teams have built on our protos goes on working."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROTOS = Path(__file__).parents[2] / "protos"
BUF = Path(sys.executable).parent / "buf"
BREAKS = {
    "a field of another type": ("lipsync", "string engine = 1;", "uint32 engine = 1;"),
    "a field of another name": ("lipsync", "Speech speech = 2;", "Speech words = 2;"),
    "a field taken away": ("lipsync", "string engine = 1;", ""),
    "a call taken away": (
        "restoration",
        "rpc Restore(RestoreRequest) returns (RestoreResponse);",
        "",
    ),
}


def breaks(protos: Path) -> str:
    done = subprocess.run(
        [BUF, "breaking", protos, "--against", PROTOS / "released.binpb"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("gen")
    return Path(shutil.copytree(PROTOS, tmp_path / "protos", ignore=ignored))


def test_todays_protos_break_nobody(copied: Path) -> None:
    assert breaks(copied) == ""


@pytest.mark.parametrize(("word", "before", "after"), BREAKS.values(), ids=BREAKS)
def test_what_would_break_a_caller_is_seen(
    copied: Path, word: str, before: str, after: str
) -> None:
    proto = copied / f"rostrum/{word}/v1/{word}.proto"
    text = proto.read_text()
    assert before in text
    proto.write_text(text.replace(before, after))
    assert f"{word}.proto" in breaks(copied)
