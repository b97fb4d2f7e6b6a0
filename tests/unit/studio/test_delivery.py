"""Files arrive whole, once, and nobody's own files are touched."""

from pathlib import Path

import pytest

from services.chassis.errors import Corrupt
from services.chassis.store import Store
from services.director.recipes import Output
from services.studio.delivery import deliver


def made(store: Store, **files: bytes) -> list[Output]:
    return [Output(name, "video", store.put(data)) for name, data in files.items()]


def record(outputs: list[Output], **more: object) -> dict[str, object]:
    return {"outputs": [{"name": o.name, "digest": o.digest} for o in outputs], **more}


def test_the_record_comes_last_and_says_what_is_there(tmp_path: Path) -> None:
    store = Store.in_memory()
    outputs = made(store, **{"a.mp4": b"a", "a.srt": b"s"})
    paths = deliver(store, outputs, record(outputs), tmp_path / "out")
    assert [path.name for path in paths] == ["a.mp4", "a.srt", "production.json"]
    assert paths[0].read_bytes() == b"a"


def test_what_is_there_and_right_is_left_untouched(tmp_path: Path) -> None:
    store = Store.in_memory()
    outputs = made(store, **{"a.mp4": b"a"})
    deliver(store, outputs, record(outputs, ended="1"), tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    deliver(store, outputs, record(outputs, ended="2"), tmp_path)
    assert before == {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_a_damaged_file_is_made_good(tmp_path: Path) -> None:
    store = Store.in_memory()
    outputs = made(store, **{"a.mp4": b"whole"})
    deliver(store, outputs, record(outputs), tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"hal")
    (tmp_path / ".a.mp4.part").write_bytes(b"left by a kill")
    deliver(store, outputs, record(outputs), tmp_path)
    assert (tmp_path / "a.mp4").read_bytes() == b"whole"
    assert not list(tmp_path.glob(".*"))


def test_what_the_order_no_longer_asks_for_goes_unless_a_person_changed_it(tmp_path: Path) -> None:
    store = Store.in_memory()
    old = made(store, **{"wide.mp4": b"w", "tall.mp4": b"t", "own.mp4": b"o"})
    deliver(store, old, record(old), tmp_path)
    (tmp_path / "own.mp4").write_bytes(b"graded by hand")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    new = made(store, **{"wide.mp4": b"w"})
    deliver(store, new, record(new), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "wide.mp4",
        "own.mp4",
        "notes.txt",
        "production.json",
    }


def test_bytes_that_are_not_what_they_should_be_are_never_delivered(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path / "store")
    outputs = made(store, **{"a.mp4": b"a"})
    (tmp_path / "store" / "public" / "objects" / outputs[0].digest).write_bytes(b"b")
    with pytest.raises(Corrupt):
        deliver(store, outputs, record(outputs), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
