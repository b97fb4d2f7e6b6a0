"""Objects are written once, read back unaltered or not at all, and named by nothing but digests."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.chassis import shelf as shelf_module
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.shelf import Shelf
from services.chassis.store import Store, digest_of

ROOT = Path(__file__).parents[3]
DATA = b"a picture"
DIGEST = digest_of(DATA)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store.in_folder(tmp_path) if request.param == "folder" else Store.in_memory()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "public"


def shelf_of(store: Store, kind: str) -> Shelf:
    return store.intake if kind == "intake" else store


def test_bytes_come_back_under_their_digest(store: Store) -> None:
    assert not store.has(DIGEST)
    assert store.put(DATA) == DIGEST
    assert store.has(DIGEST)
    assert store.get(DIGEST) == DATA


def test_files_go_in_and_come_out(store: Store, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(DATA)
    assert store.fetch(store.put_file(given), tmp_path / "copy").read_bytes() == DATA


def test_a_second_put_changes_nothing(tmp_path: Path, folder: Path) -> None:
    store = Store.in_folder(tmp_path)
    store.put(DATA)
    path = folder / "objects" / DIGEST
    before = path.stat().st_mtime_ns
    assert store.put(DATA) == DIGEST
    assert path.stat().st_mtime_ns == before


def test_the_first_result_stands(store: Store) -> None:
    assert store.result(DIGEST) is None
    assert store.keep_result(DIGEST, b"first") == b"first"
    assert store.keep_result(DIGEST, b"second") == b"first"
    assert store.result(DIGEST) == b"first"
    store.forget_result(DIGEST)
    assert store.keep_result(DIGEST, b"second") == b"second"


def test_teams_do_not_see_each_other(tmp_path: Path) -> None:
    Store.in_folder(tmp_path, "news").put(DATA)
    assert not Store.in_folder(tmp_path, "sports").has(DIGEST)
    for realm in ("", "..", "News", "a/b", "-news", "n" * 64):
        with pytest.raises(Invalid):
            Store.in_folder(tmp_path, realm)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("../../secret", "OBJECT_KEY_INVALID"),
        ("/etc/passwd", "OBJECT_KEY_INVALID"),
        ("..\\..\\secret", "OBJECT_KEY_INVALID"),
        ("C:\\secret", "OBJECT_KEY_INVALID"),
        ("a" * 1025, "OBJECT_KEY_INVALID"),
        ("", "OBJECT_KEY_INVALID"),
        (DIGEST.upper(), "OBJECT_KEY_INVALID"),
        (DIGEST + "\n", "OBJECT_KEY_INVALID"),
        (f"x/../{DIGEST}", "OBJECT_KEY_INVALID"),
        ("http://169.254.169.254/", "URL_NOT_ALLOWED"),
        ("file:/etc/passwd", "URL_NOT_ALLOWED"),
        ("gopher://x", "URL_NOT_ALLOWED"),
    ],
)
def test_i01_i07_only_digests_are_names(store: Store, key: str, reason: str) -> None:
    for ask in (store.get, store.has, store.result, store.quarantine, store.forget_result):
        with pytest.raises(Invalid) as refusal:
            ask(key)
        assert refusal.value.violations[0].reason == reason


LINKED = [
    ("objects", "public"), ("objects", "public/objects"), ("objects", f"public/objects/{DIGEST}"),
    ("intake", "public/intake"), ("intake", f"public/intake/{DIGEST}"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "linked"), LINKED)
def test_i06_a_link_in_the_store_leads_nowhere(tmp_path: Path, kind: str, linked: str) -> None:
    shelf_of(Store.in_folder(tmp_path / "store"), kind).put(DATA)
    elsewhere = tmp_path / "elsewhere"
    path = tmp_path / "store" / linked
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    shelf = shelf_of(Store.in_folder(tmp_path / "store"), kind)
    for use in (lambda: shelf.get(DIGEST), lambda: shelf.put(DATA), lambda: shelf.has(DIGEST)):
        with pytest.raises(Invalid) as refusal:
            use()
        assert refusal.value.violations[0].reason == "OBJECT_KEY_INVALID"


def test_a_store_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    store = Store.in_folder(tmp_path / "store")
    assert store.get(store.put(DATA)) == DATA


def test_i08_what_is_missing_is_said_to_be_missing(store: Store) -> None:
    with pytest.raises(Corrupt, match="ASSET_NOT_FOUND"):
        store.get(DIGEST)


@pytest.mark.parametrize("altered", [b"a pictuse", b"a pict", b""])
def test_i10_what_was_altered_is_never_handed_out(
    tmp_path: Path, folder: Path, altered: bytes
) -> None:
    store = Store.in_folder(tmp_path)
    store.put(DATA)
    (folder / "objects" / DIGEST).write_bytes(altered)
    with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH") as caught:
        store.get(DIGEST)
    assert caught.value.digest == DIGEST
    store.quarantine(DIGEST)
    assert (folder / "quarantine" / DIGEST).read_bytes() == altered
    assert store.get(store.put(DATA)) == DATA


def test_putting_an_altered_object_again_mends_it(tmp_path: Path, folder: Path) -> None:
    store = Store.in_folder(tmp_path)
    store.put(DATA)
    (folder / "objects" / DIGEST).write_bytes(b"a pictuse")
    store.put(DATA)
    assert store.get(DIGEST) == DATA


@pytest.mark.parametrize("altered", [b"", b"firsT"])
def test_an_altered_result_counts_for_nothing(tmp_path: Path, folder: Path, altered: bytes) -> None:
    store = Store.in_folder(tmp_path)
    store.keep_result(DIGEST, b"first")
    path = folder / "results" / DIGEST
    path.write_bytes(path.read_bytes()[: -len(b"first")] + altered)
    assert store.result(DIGEST) is None
    assert store.keep_result(DIGEST, b"again") == b"again"


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let this process write no larger file, which is told apart from a full disk by nobody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_i15_a_full_store_says_so_and_takes_more_when_there_is_room(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    large = bytes(100_000)
    with room_for(1000), pytest.raises(Transient, match="STORAGE_FULL"):
        store.put(large)
    assert not store.has(digest_of(large))
    assert store.get(store.put(large)) == large


def test_i16_a_store_that_is_away_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    with pytest.raises(Transient, match="STORAGE_UNAVAILABLE"):
        Store.in_folder(file / "store")
    store = Store.in_folder(tmp_path / "store")
    (tmp_path / "store" / "public").write_text("no folder either")
    with pytest.raises(Transient, match="STORAGE_UNAVAILABLE"):
        store.put(DATA)


def test_i13_too_large_an_object_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "LARGEST_BYTES", 8)
    file = tmp_path / "large"
    file.write_bytes(bytes(9))
    for put in (lambda: store.put(bytes(9)), lambda: store.put_file(file)):
        with pytest.raises(Invalid) as refusal:
            put()
        assert refusal.value.violations[0].reason == "ASSET_TOO_LARGE"
    assert store.put(bytes(8))


def writer(folder: Path, code: str) -> subprocess.Popen[bytes]:
    """Start another process that has the store open as `store`."""
    begin = "import sys; from pathlib import Path; from services.chassis.store import Store; "
    begin += "store = Store.in_folder(Path(sys.argv[1]))\n"
    return subprocess.Popen([sys.executable, "-c", begin + code, str(folder)], cwd=ROOT)


def test_processes_may_put_the_same_at_once(tmp_path: Path) -> None:
    code = "for n in range(20): store.put(bytes([n]) * 100_000)"
    writers = [writer(tmp_path, code) for _ in range(2)]
    assert [running.wait() for running in writers] == [0, 0]
    store = Store.in_folder(tmp_path)
    assert all(len(store.get(digest_of(bytes([n]) * 100_000))) == 100_000 for n in range(20))


def test_a_writer_that_is_killed_leaves_nothing_half_done(tmp_path: Path, folder: Path) -> None:
    code = "for n in range(100_000): store.put(n.to_bytes(4, 'big') * 1_000_000)"
    running = writer(tmp_path, code)
    while running.poll() is None and not list(folder.glob("objects/*")):
        time.sleep(0.01)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    store = Store.in_folder(tmp_path)
    whole = [path.name for path in folder.glob("objects/*") if "#" not in path.name]
    assert all(digest_of(store.get(name)) == name for name in whole)


def test_leftovers_of_killed_writers_are_discarded_when_they_are_old(
    tmp_path: Path, folder: Path
) -> None:
    store = Store.in_folder(tmp_path)
    store.put(DATA)
    store.intake.put(DATA)
    (folder / "intake" / f"{DIGEST}#3").write_bytes(b"a pic")
    os.utime(folder / "intake" / f"{DIGEST}#3", (time.time() - 3600,) * 2)
    old, young = (folder / "objects" / f"{DIGEST}#{number}" for number in (1, 2))
    old.write_bytes(b"a pic")
    young.write_bytes(b"a pic")
    os.utime(old, (time.time() - 3600,) * 2)
    assert store.discard_leftovers(older_than_seconds=60) == 2
    assert [path.name for path in (folder / "intake").iterdir()] == [DIGEST]
    assert sorted(path.name for path in (folder / "objects").iterdir()) == [DIGEST, young.name]
    assert Store.in_memory().discard_leftovers(0) == 0
