"""What a process writes for itself alone is there for nobody else, and not for long."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis.errors import Invalid
from services.chassis.scratch import Scratch, remove_if_dead

WORK_AND_WAIT = """
import sys
from services.chassis.scratch import Scratch
with Scratch() as scratch:
    (scratch.folder / "half").touch()
    print(scratch.folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def system_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def other_process(tmp_path: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORK_AND_WAIT],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_process_has_a_private_folder_as_long_as_it_works() -> None:
    with Scratch() as scratch:
        assert stat.S_IMODE(scratch.folder.stat().st_mode) == 0o700
        (scratch.folder / "deep").mkdir()
    assert not scratch.folder.exists()


def test_what_the_dead_left_is_removed_and_what_the_living_have_is_not(tmp_path: Path) -> None:
    killed, left = other_process(tmp_path)
    living, kept = other_process(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert (left / "half").exists()
    with Scratch():
        assert not left.exists()
        assert (kept / "half").exists()
    living.communicate("")
    assert living.returncode == 0


def test_a_process_that_ends_while_its_folder_is_looked_at_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, opening = tmp_path / "left", os.open
    left.mkdir()

    def open_too_late(path: Path, *how: int, **where: int) -> int:
        if path == left / ".lock":
            shutil.rmtree(left)
        return opening(path, *how, **where)

    monkeypatch.setattr("os.open", open_too_late)
    remove_if_dead(left)
    assert not left.exists()


def test_a_folder_of_ones_own_is_emptied_at_start(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    first = Scratch(folder)
    first.__enter__()
    (folder / "half").touch()
    os.close(first._lock)  # as SIGKILL does
    with Scratch(folder):
        assert [path.name for path in folder.iterdir()] == [".lock"]


def test_two_processes_never_share_a_folder(tmp_path: Path) -> None:
    with Scratch(tmp_path / "own"), pytest.raises(Invalid, match="SCRATCH_TAKEN"):
        Scratch(tmp_path / "own").__enter__()


def test_a_folder_with_files_of_somebody_else_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis").touch()
    with pytest.raises(Invalid, match="SCRATCH_NOT_EMPTY"):
        Scratch(tmp_path).__enter__()
    assert (tmp_path / "thesis").exists()


def test_a_common_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"rostrum-{os.getuid()}").mkdir(mode=0o777)
    (tmp_path / f"rostrum-{os.getuid()}").chmod(0o777)
    with pytest.raises(Invalid, match="SCRATCH_UNUSABLE"):
        Scratch().__enter__()


def test_a_folder_that_cannot_be_made_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match=r"SCRATCH_UNUSABLE.*file"):
        Scratch(tmp_path / "file" / "own").__enter__()
