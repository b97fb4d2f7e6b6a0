"""A server is installed once, and whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.studio.servers import installing
from services.studio.servers.installing import installed, program, run
from services.studio.servers.trouble import Unavailable


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(installing, "cache_folder", lambda: tmp_path / "servers")
    return tmp_path / "servers"


def test_what_is_installed_is_not_built_again() -> None:
    first = installed("tool-1", lambda folder: (folder / "tool").touch())
    again = installed("tool-1", lambda folder: pytest.fail("built twice"))
    assert first == again
    assert (first / "tool").is_file()


def test_what_was_left_half_done_is_thrown_away(cache: Path) -> None:
    def breaks(folder: Path) -> None:
        (folder / "half").touch()
        raise Unavailable("the network is away")

    with pytest.raises(Unavailable):
        installed("tool-1", breaks)
    whole = installed("tool-1", lambda folder: (folder / "tool").touch())
    assert [path.name for path in whole.iterdir()] == ["tool"]


def test_who_asks_together_gets_one_installation() -> None:
    built: list[Path] = []
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: installed("tool-1", built.append), range(8)))
    assert len(built) == 1
    assert len(set(folders)) == 1


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(Unavailable, match=r"no-such-program \(Debian: apt install it\)"):
        program("no-such-program", "Debian: apt install it")


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such artifact"):
        run(["sh", "-c", "echo no such artifact; exit 3"], tmp_path)
