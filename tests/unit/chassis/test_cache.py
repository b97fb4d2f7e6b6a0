"""Copies are right or not there, the folder keeps its size, and a cache is never needed."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.chassis import cache as cache_module
from services.chassis.blobs import BLOCK_BYTES
from services.chassis.cache import Cache
from services.chassis.errors import Corrupt
from services.chassis.store import Store, digest_of
from services.chassis.traffic import Moved

DATA = b"a picture"
DIGEST = digest_of(DATA)
LARGE = bytes(range(256)) * ((BLOCK_BYTES + 100_000) // 256)
MIB = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def reopen(tmp_path: Path, folder: Path) -> Callable[[str], Store]:
    def opened(realm: str = "news") -> Store:
        url = f"file://{tmp_path / 'store'}"
        return Store.open(url, realm, cache_folder=folder, cache_bytes=64 * MIB)

    return opened


def lose(tmp_path: Path, digest: str, realm: str = "news") -> None:
    """Take an object out of the store itself."""
    (tmp_path / "store" / realm / "objects" / digest).unlink()


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*"))


def test_what_was_read_is_not_read_from_afar_again(
    tmp_path: Path, folder: Path, reopen: Callable[[], Store]
) -> None:
    Store.in_folder(tmp_path / "store", "news").put(DATA)
    store = reopen()
    assert store.get(DIGEST) == DATA
    before = store.moved
    lose(tmp_path, DIGEST)
    assert store.in_realm("news").get(DIGEST) == DATA
    assert before == Moved(cache_misses=1, read_bytes=len(DATA))
    assert store.moved.since(before) == Moved(cache_hits=1)


def test_what_was_written_is_at_hand(tmp_path: Path, reopen: Callable[[], Store]) -> None:
    reopen().put(DATA)
    lose(tmp_path, DIGEST)
    assert reopen().get(DIGEST) == DATA
    assert not reopen().has(DIGEST), "others could not read it"


def test_large_objects_are_copied_once_and_come_in_pieces(
    tmp_path: Path, folder: Path, reopen: Callable[[], Store]
) -> None:
    digest = Store.in_folder(tmp_path / "store", "news").put(LARGE)
    assert b"".join(reopen().stream(digest, 1234).pieces) == LARGE[1234:]
    copy = folder / "news" / digest
    number = copy.stat().st_ino
    assert b"".join(reopen().stream(digest).pieces) == LARGE
    assert copy.stat().st_ino == number, "it was copied again"


@pytest.mark.parametrize("data", [DATA, LARGE])
def test_an_altered_copy_is_thrown_out_and_fetched_again(
    folder: Path, reopen: Callable[[], Store], data: bytes
) -> None:
    digest = reopen().put(data)
    copy = folder / "news" / digest
    copy.write_bytes(data[:-1] + b"!")
    assert b"".join(reopen().stream(digest).pieces) == data
    copy.write_bytes(data[:-1] + b"!")
    assert reopen().get(digest) == data
    assert copy.read_bytes() == data


def test_an_altered_object_is_not_copied(
    tmp_path: Path, folder: Path, reopen: Callable[[], Store]
) -> None:
    digest = Store.in_folder(tmp_path / "store", "news").put(LARGE)
    (tmp_path / "store" / "news" / "objects" / digest).write_bytes(LARGE[:-1] + b"!")
    with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH"):
        reopen().stream(digest)
    assert not list(folder.glob("*/*"))


def test_a_team_reads_no_other_teams_copies(tmp_path: Path, reopen: Callable[[str], Store]) -> None:
    reopen("news").put(DATA)
    with pytest.raises(Corrupt, match="ASSET_NOT_FOUND"):
        reopen("sports").get(DIGEST)


@pytest.mark.parametrize("data", [DATA, LARGE])
def test_no_copy_of_a_file_that_was_handed_in_is_taken_for_an_object(
    folder: Path, reopen: Callable[[], Store], data: bytes
) -> None:
    digest = reopen().intake.put(data)
    assert reopen().intake.get(digest) == data
    assert b"".join(reopen().intake.stream(digest).pieces) == data
    for ask in (reopen().get, reopen().stream):
        with pytest.raises(Corrupt, match="ASSET_NOT_FOUND"):
            ask(digest)
    assert not list(folder.glob("*/*"))


def test_what_was_not_used_for_longest_goes_first(folder: Path) -> None:
    cache = Cache(folder, 10 * MIB)
    objects = [bytes([n]) * MIB for n in range(9)]
    for age, data in enumerate(objects):
        cache.keep("news", digest_of(data), data)
        os.utime(folder / "news" / digest_of(data), (age, age))
    assert cache.read("news", digest_of(objects[0])) is not None  # which is a use
    for n in (100, 101):
        cache.keep("news", digest_of(bytes([n]) * MIB), bytes([n]) * MIB)
    assert size_of(folder) <= 10 * MIB
    assert cache.read("news", digest_of(objects[0])) == objects[0]
    assert cache.read("news", digest_of(objects[1])) is None
    assert cache.read("news", digest_of(bytes([101]) * MIB)) is not None


def test_several_at_once_keep_the_folder_to_its_size(folder: Path) -> None:
    caches = [Cache(folder, 10 * MIB) for _ in range(4)]

    def fill(number: int) -> None:
        for n in range(40):
            data = bytes([number, n]) * (MIB // 4)
            caches[number].keep("news", digest_of(data), data)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(fill, range(4)))
    assert size_of(folder) <= 10 * MIB + 4 * 0.1 * 10 * MIB
    assert not list(folder.glob("*/*.part"))


def test_more_than_fits_is_not_kept(tmp_path: Path, folder: Path) -> None:
    Store.in_folder(tmp_path / "store").put(LARGE)
    store = Store.open(f"file://{tmp_path / 'store'}", cache_folder=folder, cache_bytes=MIB)
    assert b"".join(store.stream(digest_of(LARGE)).pieces) == LARGE
    assert store.get(digest_of(LARGE)) == LARGE
    assert size_of(folder) == 0


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, folder: Path, reopen: Callable[[], Store]
) -> None:
    folder.write_text("no folder")
    store = reopen()
    assert store.get(store.put(DATA)) == DATA
    assert b"".join(store.stream(store.put(LARGE)).pieces) == LARGE


def test_what_killed_processes_left_is_removed_when_it_is_old(folder: Path) -> None:
    (folder / "news").mkdir(parents=True)
    old, young = (folder / "news" / f"{name}.part" for name in ("old", "young"))
    old.write_bytes(b"a pic")
    young.write_bytes(b"a pic")
    an_hour_ago = time.time() - cache_module.ABANDONED_SECONDS - 1
    os.utime(old, (an_hour_ago, an_hour_ago))
    Cache(folder, MIB)
    assert [path.name for path in folder.glob("*/*")] == [young.name]
