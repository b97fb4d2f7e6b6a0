"""Weights arrive whole and as published, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.errors import Invalid, Transient
from services.models.fetching import copy, fetch
from services.models.manifest import WeightsFile
from services.models.shelf import Shelf
from tests.unit.models.mirror import Mirror
from tests.unit.models.small import files_in, pin, shelf_of

DATA = os.urandom(3_000_001)
OTHER = os.urandom(len(DATA))


def silent(file: WeightsFile, count: int) -> None:
    pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with Mirror(tmp_path) as running:
        yield running


def pinned(mirror: Mirror, *paths: str) -> WeightsFile:
    return pin(DATA, *map(mirror.address, paths))


def bring(mirror: Mirror, shelf: Shelf) -> None:
    (file,) = shelf.weights.values()
    fetch(file, shelf, mirror.opener, silent)


def refusals(error: Invalid) -> list[str]:
    assert all(len(violation.remedy) > 20 for violation in error.violations)
    return [violation.reason for violation in error.violations]


def test_a_file_is_fetched_once(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/a"] = DATA
    heard: list[int] = []
    file = pinned(mirror, "/a")
    shelf = shelf_of(tmp_path, file)
    fetch(file, shelf, mirror.opener, lambda _, count: heard.append(count))
    assert shelf.original(file).read_bytes() == DATA
    assert heard == sorted(heard)
    assert heard[-1] == len(DATA)
    fetch(file, shelf, mirror.opener, silent)
    assert mirror.asked == [("/a", "")], "what is here is not asked for again"
    assert files_in(shelf.folder) == ["originals/small.pth"]


def test_a_broken_download_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/a"] = DATA
    mirror.breaks["/a"] = 2_000_000
    shelf = shelf_of(tmp_path, file := pinned(mirror, "/a"))
    bring(mirror, shelf)
    assert mirror.asked == [("/a", ""), ("/a", "bytes=2000000-")]
    assert shelf.original(file).read_bytes() == DATA


def test_a_later_call_goes_on_where_an_earlier_one_stopped(mirror: Mirror, tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, file := pinned(mirror, "/a"))
    shelf.partial(file).parent.mkdir(parents=True)
    shelf.partial(file).write_bytes(DATA[:1_234_567])
    mirror.files["/a"] = DATA
    bring(mirror, shelf)
    assert mirror.asked == [("/a", "bytes=1234567-")]
    assert shelf.original(file).read_bytes() == DATA


@pytest.mark.parametrize("begun", [OTHER[:1000], OTHER + b"more", OTHER])
def test_what_an_earlier_call_left_wrong_is_replaced(
    mirror: Mirror, tmp_path: Path, begun: bytes
) -> None:
    shelf = shelf_of(tmp_path, file := pinned(mirror, "/a"))
    shelf.partial(file).parent.mkdir(parents=True)
    shelf.partial(file).write_bytes(begun)
    mirror.files["/a"] = DATA
    bring(mirror, shelf)
    assert shelf.original(file).read_bytes() == DATA


def test_a_source_that_gives_no_parts_is_taken_from_the_start(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.files["/a"], mirror.deaf, mirror.breaks["/a"] = DATA, True, 2_000_000
    shelf = shelf_of(tmp_path, file := pinned(mirror, "/a"))
    bring(mirror, shelf)
    assert shelf.original(file).read_bytes() == DATA


def test_where_a_source_is_gone_the_next_one_is_asked(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/b"] = DATA
    shelf = shelf_of(tmp_path, file := pinned(mirror, "/gone", "/b"))
    bring(mirror, shelf)
    assert shelf.original(file).read_bytes() == DATA


def test_where_every_source_is_gone_the_answer_says_so(mirror: Mirror, tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, pinned(mirror, "/gone", "/gone-too"))
    with pytest.raises(Invalid) as gone:
        bring(mirror, shelf)
    assert refusals(gone.value) == ["WEIGHTS_SOURCE_GONE"] * 2
    assert "--from FOLDER" in gone.value.violations[0].remedy, "the way out"
    assert files_in(shelf.folder) == []


def test_a_source_that_does_not_answer_may_be_asked_again_later(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        file = pinned(mirror, "/a")
    shelf = shelf_of(tmp_path, file)
    with pytest.raises(Transient, match="refused"):
        fetch(file, shelf, mirror.opener, silent)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(OTHER, "WEIGHTS_DIGEST"), (DATA[:-1], "WEIGHTS_SIZE"), (DATA + b"x", "WEIGHTS_SIZE")],
)
def test_other_bytes_are_refused_and_not_kept(
    mirror: Mirror, tmp_path: Path, sent: bytes, reason: str
) -> None:
    mirror.files["/a"] = sent
    shelf = shelf_of(tmp_path, pinned(mirror, "/a"))
    with pytest.raises(Invalid) as refusal:
        bring(mirror, shelf)
    assert refusals(refusal.value) == [reason]
    assert files_in(shelf.folder) == []


def test_after_other_bytes_the_next_source_is_asked(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files |= {"/a": OTHER, "/b": DATA}
    shelf = shelf_of(tmp_path, file := pinned(mirror, "/a", "/b"))
    bring(mirror, shelf)
    assert shelf.original(file).read_bytes() == DATA


def test_where_the_size_is_not_documented_no_more_than_the_limit_is_read(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.files["/a"] = DATA
    whole = replace(pinned(mirror, "/a"), size_bytes=None, most_bytes=len(DATA) + 5)
    bring(mirror, shelf := shelf_of(tmp_path / "whole", whole))
    assert shelf.original(whole).read_bytes() == DATA
    with pytest.raises(Invalid) as refusal:
        bring(mirror, shelf_of(tmp_path / "little", replace(whole, most_bytes=1_000_000)))
    assert refusals(refusal.value) == ["WEIGHTS_SIZE"]


def test_redirects_stay_on_https(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/a"] = DATA
    mirror.moved |= {"/fine": mirror.address("/a"), "/plain": "http://localhost:9/a"}
    mirror.moved["/file"] = "file:///etc/passwd"
    bring(mirror, shelf_of(tmp_path / "fine", pinned(mirror, "/fine")))
    for path in ("/plain", "/file"):
        with pytest.raises(Invalid, match="WEIGHTS_SOURCE_GONE"):
            bring(mirror, shelf_of(tmp_path / path[1:], pinned(mirror, path)))


@pytest.mark.parametrize("address", ["http://localhost:9/a", "file:///etc/passwd", "ftp://h/a"])
def test_no_other_scheme_is_opened(mirror: Mirror, tmp_path: Path, address: str) -> None:
    with pytest.raises(Transient, match="unknown url type"):
        bring(mirror, shelf_of(tmp_path, pin(DATA, address)))


def test_a_certificate_of_a_stranger_is_not_believed(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    with Mirror(tmp_path / "stranger") as stranger:
        stranger.files["/a"] = DATA
        shelf = shelf_of(tmp_path, pinned(stranger, "/a"))
        with pytest.raises(Transient, match="CERTIFICATE_VERIFY_FAILED"):
            bring(mirror, shelf)


def test_a_file_is_taken_from_a_folder_where_there_is_no_internet(tmp_path: Path) -> None:
    (tmp_path / "small.pth").write_bytes(DATA)
    shelf = shelf_of(tmp_path, file := pin(DATA))
    copy(file, tmp_path, shelf, silent)
    assert shelf.original(file).read_bytes() == DATA
    assert files_in(shelf.folder) == ["originals/small.pth"]


@pytest.mark.parametrize(("there", "reason"), [(OTHER, "WEIGHTS_DIGEST"), (b"", "WEIGHTS_SIZE")])
def test_a_folder_is_believed_no_more_than_a_source(
    tmp_path: Path, there: bytes, reason: str
) -> None:
    (tmp_path / "small.pth").write_bytes(there)
    shelf = shelf_of(tmp_path, file := pin(DATA))
    with pytest.raises(Invalid) as refusal:
        copy(file, tmp_path, shelf, silent)
    assert refusals(refusal.value) == [reason]
    assert files_in(shelf.folder) == []


def test_what_is_not_in_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    os.mkfifo(tmp_path / "odd" / "small.pth")
    for folder in (tmp_path, tmp_path / "odd"):
        with pytest.raises(Invalid) as refusal:
            copy(pin(DATA), folder, shelf_of(tmp_path, pin(DATA)), silent)
        assert refusals(refusal.value) == ["WEIGHTS_NOT_THERE"]
