"""Pins hold names and versions and nothing that leads to a host."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z]+\])?==[0-9][0-9a-z.]*")
MEDIAPIPE_SAYS = 7


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_line_is_an_exact_version_without_an_address(path: Path) -> None:
    loose = [line for line in lines(path) if not PIN.fullmatch(line)]
    assert not loose, "a line that is not name==version can name a host or move by itself"


def test_no_package_is_pinned_twice() -> None:
    names = [line.split("==")[0] for path in FILES for line in lines(path)]
    assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})


def test_pip_finds_no_broken_pin_but_those_of_mediapipe() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    complaints = [line for line in check.stdout.splitlines() if "broken" not in line]
    assert all(line.startswith("mediapipe ") for line in complaints), complaints
    assert len(complaints) == MEDIAPIPE_SAYS, complaints
