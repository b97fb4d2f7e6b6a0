"""One suite for every place a store can lie in: memory, a folder, a bucket of a real S3 server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis import shelf as shelf_module
from services.chassis.blobs import BLOCK_BYTES
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.shelf import PIECE_BYTES
from services.chassis.store import Store, digest_of
from tests import servers

DATA = b"a picture"
DIGEST = digest_of(DATA)
KEY = digest_of(b"a task")
LARGE = bytes(range(256)) * ((2 * BLOCK_BYTES + 100_000) // 256)


@dataclass
class Place:
    """Somewhere a store can lie."""

    url: str
    options: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    """Where its files can be altered behind its back."""
    kept: Store | None = None

    def open(self, realm: str = "news", cache: Path | None = None, cache_bytes: int = 0) -> Store:
        if self.kept is not None:  # memory is only shared within one store
            return self.kept.in_realm(realm)
        return Store.open(
            self.url, realm, cache_folder=cache, cache_bytes=cache_bytes, options=self.options
        )

    def path(self, realm: str, kind: str, name: str) -> Path:
        assert self.folder is not None
        return self.folder / realm / kind / name


def options_of(server: servers.VersityServer) -> dict[str, str]:
    keys = {"access_key_id": servers.ACCESS_KEY, "secret_access_key": servers.SECRET_KEY}
    return {"endpoint": server.url, "region": "us-east-1", **keys}


def bucket(server: servers.VersityServer) -> Place:
    """A part of the bucket that no other test uses."""
    prefix = uuid4().hex
    url = f"s3://{servers.BUCKET}/{prefix}"
    return Place(url, options_of(server), server.objects / prefix)


@pytest.fixture(params=["memory", "folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "memory":
        return Place("memory://", kept=Store.open("memory://"))
    if request.param == "folder":
        return Place(f"file://{tmp_path / 'store'}", folder=tmp_path / "store")
    return bucket(request.getfixturevalue("versity"))


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place whose files can be altered behind its back."""
    if request.param == "folder":
        return Place(f"file://{tmp_path / 'store'}", folder=tmp_path / "store")
    return bucket(request.getfixturevalue("versity"))


def test_bytes_come_back_under_their_digest(place: Place) -> None:
    store = place.open()
    assert not store.has(DIGEST)
    assert store.put(DATA) == store.put(DATA) == DIGEST
    assert store.has(DIGEST)
    assert store.get(DIGEST) == DATA
    assert store.get(store.put(b"")) == b""


def test_what_one_opens_another_sees(place: Place) -> None:
    place.open().put(DATA)
    assert place.open().get(DIGEST) == DATA


def test_teams_see_their_own_and_what_is_published_to_all(place: Place) -> None:
    place.open("news").put(DATA)
    assert not place.open("sports").has(DIGEST)
    with pytest.raises(Corrupt, match="ASSET_NOT_FOUND"):
        place.open("sports").stream(DIGEST)
    published = place.open("public").put(b"a shipped portrait")
    team = place.open("sports")
    assert team.has(published)
    assert team.get(published) == b"a shipped portrait"
    assert b"".join(team.stream(published).pieces) == b"a shipped portrait"


def test_nothing_of_a_team_is_published(place: Place) -> None:
    team = place.open("news")
    published = place.open("public").put(DATA)
    team.put(DATA)
    team.delete(published)
    team.quarantine(published)
    assert place.open("public").get(published) == DATA
    assert [each.digest for each in place.open("public").listed()] == [published]


def test_what_is_handed_in_is_no_object_and_no_object_was_handed_in(place: Place) -> None:
    store = place.open()
    written, given = store.put(b"a stage's picture"), store.intake.put(DATA)
    for shelf, other in ((store, given), (store.intake, written)):
        assert not shelf.has(other)
        for ask in (shelf.get, shelf.stream):
            with pytest.raises(Corrupt, match="ASSET_NOT_FOUND") as caught:
                ask(other)
            assert caught.value.handed_in == (shelf is store.intake)
    assert [each.digest for each in store.listed()] == [written]
    assert [each.digest for each in store.intake.listed()] == [given]
    store.delete(given)
    store.quarantine(given)
    assert store.intake.get(given) == DATA
    store.intake.delete(given)
    assert not store.intake.has(given)


def test_what_was_handed_in_is_the_teams_but_for_what_is_published(place: Place) -> None:
    place.open("news").intake.put(DATA)
    assert not place.open("sports").intake.has(DIGEST)
    published = place.open("public").intake.put(b"a shipped portrait")
    assert place.open("sports").intake.get(published) == b"a shipped portrait"


def test_large_files_are_handed_in_and_out_in_pieces(place: Place, tmp_path: Path) -> None:
    intake = place.open().intake
    (tmp_path / "given").write_bytes(LARGE)
    digest = intake.put_file(tmp_path / "given", digest_of(LARGE), lasting=True)
    assert b"".join(intake.stream(digest, BLOCK_BYTES).pieces) == LARGE[BLOCK_BYTES:]
    assert intake.fetch(digest, tmp_path / "copy").read_bytes() == LARGE


def test_large_objects_come_and_go_in_pieces(place: Place, tmp_path: Path) -> None:
    store = place.open()
    given = tmp_path / "given"
    given.write_bytes(LARGE)
    digest = store.put_file(given, lasting=True)
    assert digest == digest_of(LARGE)
    stream = store.stream(digest)
    pieces = list(stream.pieces)
    assert stream.size_bytes == len(LARGE)
    assert max(map(len, pieces)) == PIECE_BYTES
    assert b"".join(pieces) == LARGE
    offset = BLOCK_BYTES + 1234
    assert b"".join(store.stream(digest, offset).pieces) == LARGE[offset:]
    assert store.fetch(digest, tmp_path / "copy").read_bytes() == LARGE


@pytest.mark.parametrize("offset", [0, 4, len(DATA)])
def test_small_objects_come_from_an_offset_too(place: Place, offset: int) -> None:
    store = place.open()
    stream = store.stream(store.put(DATA), offset)
    assert b"".join(stream.pieces) == DATA[offset:]
    assert stream.size_bytes == len(DATA)


def test_nothing_begins_behind_the_end(place: Place) -> None:
    store = place.open()
    with pytest.raises(Invalid, match="OFFSET_OUT_OF_RANGE"):
        store.stream(store.put(DATA), len(DATA) + 1)


def test_a_file_must_be_what_it_was_said_to_be(place: Place, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"a pictuse")
    store = place.open()
    with pytest.raises(Invalid, match="ASSET_DIGEST_MISMATCH"):
        store.put_file(given, expected=DIGEST)
    assert not list(store.listed())


def test_the_first_result_stands(place: Place) -> None:
    store = place.open()
    assert store.result(KEY) is None
    assert store.keep_result(KEY, b"first") == b"first"
    assert store.keep_result(KEY, b"second") == b"first"
    store.forget_result(KEY)
    store.forget_result(KEY)
    assert store.keep_result(KEY, b"second") == b"second"


def test_of_many_results_at_once_all_are_told_the_same(place: Place) -> None:
    stores = [place.open() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        told = threads.map(lambda n: stores[n].keep_result(KEY, b"result %d" % n), range(8))
        assert len(set(told)) == 1, "two callers went on with different results"


def test_many_may_write_the_same_at_once(place: Place) -> None:
    objects = [bytes([n]) * 300_000 for n in range(4)]
    stores = [place.open() for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        digests = list(threads.map(lambda store: [store.put(each) for each in objects], stores))
    assert all(each == [digest_of(data) for data in objects] for each in digests)
    assert [place.open().get(digest) for digest in digests[0]] == objects


def test_i01_i07_only_digests_are_names(place: Place) -> None:
    store = place.open()
    for key in ("../../secret", "/etc/passwd", "C:\\secret", "a" * 1025, "", DIGEST.upper()):
        for ask in (store.get, store.has, store.stream, store.result, store.quarantine):
            with pytest.raises(Invalid, match="OBJECT_KEY_INVALID"):
                ask(key)
    for key in ("http://169.254.169.254/", "file:/etc/passwd", "gopher://x"):
        with pytest.raises(Invalid, match="URL_NOT_ALLOWED"):
            store.get(key)


@pytest.mark.parametrize("realm", ["", "..", "News", "a/b", "-news", "n" * 64])
def test_a_realm_leads_nowhere_else(place: Place, realm: str) -> None:
    with pytest.raises(Invalid, match="REALM_INVALID"):
        place.open(realm)


def test_i08_what_is_missing_is_said_to_be_missing(place: Place, tmp_path: Path) -> None:
    store = place.open()
    for ask in (store.get, store.stream, lambda digest: store.fetch(digest, tmp_path / "copy")):
        with pytest.raises(Corrupt, match="ASSET_NOT_FOUND"):
            ask(DIGEST)
    store.quarantine(DIGEST)
    store.delete(DIGEST)
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("altered", [b"a pictuse", b"a pict", b""])
def test_i09_what_was_altered_is_never_handed_out(
    files: Place, tmp_path: Path, altered: bytes
) -> None:
    store = files.open()
    store.put(DATA)
    files.path("news", "objects", DIGEST).write_bytes(altered)
    for ask in (store.get, store.stream, lambda digest: store.fetch(digest, tmp_path / "copy")):
        with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH") as caught:
            ask(DIGEST)
        assert caught.value.digest == DIGEST
    assert not (tmp_path / "copy").exists()
    store.quarantine(DIGEST)
    assert not store.has(DIGEST)
    assert files.path("news", "quarantine", DIGEST).read_bytes() == altered
    assert store.get(store.put(DATA)) == DATA


def test_i09_a_bit_in_the_middle_of_a_large_object_is_found(files: Place, tmp_path: Path) -> None:
    store = files.open()
    digest = store.put(LARGE)
    with files.path("news", "objects", digest).open("r+b") as file:
        file.seek(BLOCK_BYTES + 17)
        file.write(b"\xff\x00\xff")
    for ask in (store.stream, lambda name: store.fetch(name, tmp_path / "copy")):
        with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH"):
            ask(digest)
    assert not (tmp_path / "copy").exists()


def test_what_is_whole_is_not_put_into_quarantine(files: Place) -> None:
    store = files.open()
    store.put(DATA)
    store.quarantine(DIGEST)
    assert store.get(DIGEST) == DATA


def test_putting_an_altered_object_again_mends_it(files: Place) -> None:
    store = files.open()
    store.put(DATA)
    files.path("news", "objects", DIGEST).write_bytes(b"a pictuse")
    store.put(DATA)
    assert store.get(DIGEST) == DATA


def test_i09_an_altered_file_is_never_handed_out_and_can_be_handed_in_again(files: Place) -> None:
    store = files.open()
    store.put(DATA)  # which helps nobody who wants the file
    store.intake.put(DATA)
    files.path("news", "intake", DIGEST).write_bytes(b"a pictuse")
    for ask in (store.intake.get, store.intake.stream):
        with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH"):
            ask(DIGEST)
    store.intake.quarantine(DIGEST)
    assert files.path("news", "quarantine", DIGEST).read_bytes() == b"a pictuse"
    assert store.get(DIGEST) == DATA
    store.intake.put(DATA)
    assert store.intake.get(DIGEST) == DATA


def test_an_altered_result_counts_for_nothing(files: Place) -> None:
    store = files.open()
    store.keep_result(KEY, b"first")
    path = files.path("news", "results", KEY)
    path.write_bytes(path.read_bytes()[:-1] + b"T")
    assert store.result(KEY) is None
    assert store.keep_result(KEY, b"again") == b"again"


def test_i13_too_large_an_object_is_refused(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "LARGEST_BYTES", 8)
    (tmp_path / "large").write_bytes(bytes(9))
    store = place.open()
    for put in (lambda: store.put(bytes(9)), lambda: store.put_file(tmp_path / "large")):
        with pytest.raises(Invalid, match="ASSET_TOO_LARGE"):
            put()


def test_old_objects_are_listed_and_removed(place: Place) -> None:
    store = place.open()
    store.put(DATA)
    store.keep_result(KEY, b"result")
    assert [(each.digest, each.size_bytes) for each in store.listed()] == [(DIGEST, len(DATA))]
    assert not list(store.listed(older_than_seconds=3600))
    store.delete(DIGEST)
    assert not list(store.listed())
    assert not store.has(DIGEST)


def test_a_place_that_answers_is_healthy(place: Place) -> None:
    assert place.open().healthy()


@contextmanager
def away(server: servers.VersityServer) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


def test_i16_a_server_that_is_away_is_said_to_be_away_soon(
    versity: servers.VersityServer, tmp_path: Path
) -> None:
    store = bucket(versity).open()
    store.put(DATA)
    with away(versity):
        assert not store.healthy()
        for ask in (
            lambda: store.put(b"another"),
            lambda: store.get(DIGEST),
            lambda: store.has(DIGEST),
            lambda: store.stream(DIGEST),
            lambda: store.fetch(DIGEST, tmp_path / "copy"),
            lambda: store.keep_result(KEY, b"result"),
            lambda: list(store.listed()),
        ):
            began = time.monotonic()
            with pytest.raises(Transient, match=r"^STORAGE_UNAVAILABLE"):
                ask()
            assert time.monotonic() - began < 8, "a caller waits for what is not there"
    assert store.get(DIGEST) == DATA, "what was acknowledged did not survive a kill"
    assert store.get(store.put(b"another")) == b"another"


def test_i16_a_write_that_is_cut_off_is_there_whole_or_not_at_all(
    versity: servers.VersityServer,
) -> None:
    store = bucket(versity).open()
    large = os.urandom(1 << 20) * 24
    digest = digest_of(large)
    cut = threading.Timer(0.05, versity.kill)
    cut.start()
    try:
        store.put(large)
    except Transient:
        pass
    finally:
        cut.join()
        versity.start()
    assert store.get(store.put(large)) == large
    assert [each.digest for each in store.listed()] == [digest]


@pytest.mark.parametrize("wrong", ["bucket", "key"])
def test_a_bucket_that_cannot_be_used_is_never_taken_for_empty(
    versity: servers.VersityServer, wrong: str
) -> None:
    url = f"s3://{'none' if wrong == 'bucket' else servers.BUCKET}/{uuid4().hex}"
    options = options_of(versity) | ({"secret_access_key": "wrong"} if wrong == "key" else {})
    store = Store.open(url, "news", options=options)
    assert not store.healthy()
    for ask in (lambda: store.put(DATA), lambda: store.get(DIGEST), lambda: store.result(KEY)):
        with pytest.raises(Transient, match=r"^STORAGE_UNAVAILABLE"):
            ask()


@pytest.mark.parametrize(
    ("url", "options", "reason"),
    [
        ("http://bucket", {}, "STORE_URL_INVALID"),
        ("file://relative", {}, "STORE_URL_INVALID"),
        ("/a/folder", {}, "STORE_URL_INVALID"),
        ("s3://", {}, "STORE_URL_INVALID"),
        ("s3://bucket", {"endpoint": "http://store.example"}, "ENDPOINT_INSECURE"),
        ("s3://bucket", {"endpoint": "http://127.0.0.1.example"}, "ENDPOINT_INSECURE"),
        ("s3://bucket", {"allow_http": "true"}, "STORE_OPTION_UNKNOWN"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    url: str, options: dict[str, str], reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        Store.open(url, "news", options=options)


def test_media_travel_in_the_open_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    keys = {"access_key_id": "a", "secret_access_key": "b"}
    began = time.monotonic()
    with pytest.raises(Transient):
        Store.open("s3://bucket", "news", options=keys).get(DIGEST)
    assert time.monotonic() - began < 2, "somebody was asked over http"


class FullServer(servers.VersityServer):
    """A server whose disk takes no file of more than a megabyte."""

    def _command(self) -> list[str | Path]:
        return ["prlimit", "--fsize=1000000", *super()._command()]


def test_i15_a_full_server_takes_nothing_half(server_folder: Path) -> None:
    with FullServer(server_folder / "full") as server:
        store = bucket(server).open()
        with pytest.raises(Transient, match=r"^STORAGE_"):
            store.put(LARGE)
        assert not list(store.listed())
        assert store.get(store.put(DATA)) == DATA
