"""A published checkpoint becomes plain tensors, or is refused by name and leaves nothing behind."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from services.chassis.errors import Invalid
from services.models import converting, opening
from services.models import shelf as shelves
from services.models.checkpoints import build, fingerprint, layout_of, load
from services.models.converting import convert, header_of
from services.models.manifest import WeightsFile
from services.models.opening import Refusal, Wanted, open_checkpoint
from services.models.shelf import Shelf
from tests.unit.models.small import PARTS, files_in, pin, saved, shelf_of, state, stitching

S, LIP = "lp_S", "lp_Rlip"
WEIGHT = "mlp.0.weight"


class Code:
    """What a pickle can do to who opens it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def opened(data: bytes, folder: Path, network: str = S, *places: str) -> list[torch.Tensor]:
    """What comes of a file, without the sandbox, which is proved below."""
    path = folder / "small.pth"
    path.write_bytes(data)
    (tensors,) = open_checkpoint(path, [Wanted(network, places, layout_of(network))])
    return tensors


def reasons(data: bytes, folder: Path, *places: str) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        opened(data, folder, S, *places)
    assert all(len(remedy) > 10 for _, remedy in refusal.value.complaints)
    return [reason for reason, _ in refusal.value.complaints]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shelf, WeightsFile]:
    """A shelf with a converted file of three networks. Tests change copies."""
    data = saved(stitching())
    shelf = shelf_of(tmp_path_factory.mktemp("published"), file := pin(data), data)
    convert(file, shelf)
    return shelf, file


def test_a_published_file_becomes_the_networks_it_holds(
    published: tuple[Shelf, WeightsFile],
) -> None:
    shelf, file = published
    for network in PARTS:
        expected = state(network)
        loaded = load(shelf, network)
        assert set(loaded) == set(expected), "the optimizer is left behind, module. is gone"
        assert all(torch.equal(loaded[name], expected[name]) for name in expected)
        module = build(shelf, network)
        assert not module.training
        assert torch.equal(module.state_dict()[WEIGHT], expected[WEIGHT])
    assert shelf.state(file) == "ready"
    assert not [name for name in files_in(shelf.folder) if "partial" in name or "conv" in name]


def test_tensors_say_where_they_are_from(published: tuple[Shelf, WeightsFile]) -> None:
    shelf, file = published
    with safe_open(shelf.tensors(S), framework="pt") as tensors:
        assert tensors.metadata() == {
            "network": S,
            "source_sha256": file.sha256,
            "converter": str(shelves.CONVERTER),
        }
    assert fingerprint(shelf, PARTS).count("/") == len(PARTS)


def test_a_tensor_file_is_nothing_but_its_entries_in_one_order(
    published: tuple[Shelf, WeightsFile],
) -> None:
    shelf, file = published
    for network in PARTS:
        layout, expected = layout_of(network), state(network)
        numbers = b"".join(expected[name].numpy().tobytes() for name in layout)
        whole = header_of(file, network, layout) + numbers
        assert shelf.tensors(network).read_bytes() == whole, "its digest stands in fingerprints"


def test_a_pickle_with_code_is_refused_and_its_code_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    data = saved({**stitching(), "more": Code(mark)})
    shelf = shelf_of(tmp_path, file := pin(data), data)
    with pytest.raises(Invalid, match="WEIGHTS_NOT_TENSORS") as refusal:
        convert(file, shelf)
    assert "mkdir" in str(refusal.value), "what it would have run is said"
    assert not mark.exists()
    assert files_in(shelf.folder) == ["originals/small.pth"], "nothing half-written"


def test_what_breaks_the_reader_is_refused_and_what_was_there_stays(
    published: tuple[Shelf, WeightsFile], tmp_path: Path
) -> None:
    broken = rezipped(saved(stitching()), {"data.pkl": lambda data: data[:40]})
    shelf = shelf_of(tmp_path, file := pin(broken), broken)
    shelf.tensors(S).write_bytes(b"of before")
    with pytest.raises(Invalid, match=r"WEIGHTS_(UNREADABLE|NOT_TENSORS)"):
        convert(file, shelf)
    assert files_in(shelf.folder) == ["lp_S.safetensors", "originals/small.pth"]
    assert shelf.tensors(S).read_bytes() == b"of before"


@pytest.mark.parametrize(
    ("altered", "reason"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "WEIGHTS_DIGEST"),
        (lambda data: data[:-1], "WEIGHTS_SIZE"),
        (lambda data: data + b"x", "WEIGHTS_SIZE"),
    ],
)
def test_an_altered_file_is_never_opened(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    altered: Callable[[bytes], bytes],
    reason: str,
) -> None:
    monkeypatch.setattr(converting, "Confined", lambda *_: pytest.fail("it was opened"))
    data = saved(stitching())
    shelf = shelf_of(tmp_path, file := pin(data), altered(data))
    with pytest.raises(Invalid, match=reason):
        convert(file, shelf)
    assert files_in(shelf.folder) == ["originals/small.pth"]


def test_tensors_that_change_after_they_were_checked_are_not_the_ones_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(stitching())
    shelf = shelf_of(tmp_path, file := pin(data), data)
    convert(file, shelf)

    def then_swap(digest: Callable[..., Any]) -> Callable[..., Any]:
        def digested(*content: Any) -> Any:
            found = digest(*content)
            shelf.tensors(S).write_bytes(shelf.tensors(LIP).read_bytes())
            return found

        return digested

    for name in ("sha256", "file_digest"):
        monkeypatch.setattr(shelves.hashlib, name, then_swap(getattr(shelves.hashlib, name)))
    assert torch.equal(load(shelf, S)[WEIGHT], state(S)[WEIGHT])


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b"{}"])
def test_a_torn_receipt_counts_as_none(tmp_path: Path, torn: bytes) -> None:
    data = saved(stitching())
    shelf = shelf_of(tmp_path, file := pin(data), data)
    convert(file, shelf)
    (shelf.folder / f"{S}.json").write_bytes(torn)
    assert shelf.receipt(S) is None
    assert shelf.state(file) == "fetched"
    convert(file, shelf)
    assert shelf.state(file) == "ready"


def test_altered_tensors_are_not_loaded(
    published: tuple[Shelf, WeightsFile], tmp_path: Path
) -> None:
    shelf, file = published
    mine = shelf_of(tmp_path, file)
    mine.folder.mkdir()
    for path in shelf.folder.glob("lp_*"):
        data = bytearray(path.read_bytes())
        data[-1] ^= path.suffix == ".safetensors" and S in path.name
        (mine.folder / path.name).write_bytes(data)
    load(mine, LIP)
    with pytest.raises(Invalid, match="WEIGHTS_DIGEST"):
        load(mine, S)


def test_tensors_of_another_file_do_not_count(published: tuple[Shelf, WeightsFile]) -> None:
    shelf, _ = published
    newer = Shelf(shelf.folder, {"small": pin(b"a newer release")})
    with pytest.raises(Invalid, match="WEIGHTS_NOT_THERE"):
        load(newer, S)


def test_layouts_are_those_that_were_published() -> None:
    assert dict(layout_of(S)) == {
        name: (tuple(tensor.shape), "float32") for name, tensor in state(S).items()
    }


# What is wrong inside a file, each for itself.


def test_a_file_of_torch_before_1_6_is_read(tmp_path: Path) -> None:
    tensors = opened(saved(dict(state(S)), legacy=True), tmp_path)
    assert torch.equal(tensors[list(layout_of(S)).index(WEIGHT)], state(S)[WEIGHT])


def test_views_and_parameters_are_read_as_what_they_hold(tmp_path: Path) -> None:
    odd = OrderedDict(state(S))
    odd[WEIGHT] = torch.nn.Parameter(state(S)[WEIGHT].T.contiguous().T)
    tensors = opened(saved(odd), tmp_path)
    assert torch.equal(tensors[list(layout_of(S)).index(WEIGHT)], state(S)[WEIGHT])


def test_the_first_place_that_is_there_is_read(tmp_path: Path) -> None:
    checkpoint = {"params": dict(state(S)), "params_ema": dict(state(S, seed=1))}
    tensors = opened(saved(checkpoint), tmp_path, S, "params_ema", "params")
    assert torch.equal(tensors[list(layout_of(S)).index(WEIGHT)], state(S, seed=1)[WEIGHT])


def with_weight(change: Callable[[torch.Tensor], object]) -> Callable[[dict[str, Any]], object]:
    """Change the first layer's weights."""
    return lambda entries: entries.update({WEIGHT: change(entries[WEIGHT])})


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "a key is missing": (lambda s: s.pop(WEIGHT), ["WEIGHTS_KEY_MISSING"]),
    "a key too many": (lambda s: s.update(x=torch.zeros(1)), ["WEIGHTS_KEY_UNEXPECTED"]),
    "another name": (
        lambda s: s.update(other=s.pop(WEIGHT)),
        ["WEIGHTS_KEY_MISSING", "WEIGHTS_KEY_UNEXPECTED"],
    ),
    "a name twice": (
        lambda s: s.update({f"module.{WEIGHT}": s[WEIGHT]}),
        ["WEIGHTS_KEY_UNEXPECTED"],
    ),
    "another shape": (with_weight(lambda weight: weight[:1]), ["WEIGHTS_SHAPE"]),
    "a huge shape of one number": (
        with_weight(lambda _: torch.zeros(1).expand(1 << 40)),
        ["WEIGHTS_SHAPE"],
    ),
    "half precision": (with_weight(torch.Tensor.half), ["WEIGHTS_DTYPE"]),
    "not a number": (with_weight(lambda weight: weight * torch.nan), ["WEIGHTS_NOT_FINITE"]),
    "infinite": (with_weight(lambda weight: weight / 0), ["WEIGHTS_NOT_FINITE"]),
    "a sparse tensor": (with_weight(torch.Tensor.to_sparse), ["WEIGHTS_NOT_TENSORS"]),
    "a number for a tensor": (with_weight(lambda _: 1.0), ["WEIGHTS_NOT_TENSORS"]),
}


@pytest.mark.parametrize(("spoil", "expected"), SPOILT.values(), ids=SPOILT)
def test_a_state_dict_that_is_not_the_networks_is_refused_by_name(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], expected: list[str]
) -> None:
    entries = dict(state(S))
    spoil(entries)
    assert reasons(saved(entries), tmp_path) == expected


def test_a_file_without_the_state_dict_is_refused(tmp_path: Path) -> None:
    assert reasons(saved({"other": {}}), tmp_path, "state_dict") == ["WEIGHTS_KEY_MISSING"]
    assert reasons(saved([1, 2]), tmp_path, "state_dict") == ["WEIGHTS_NOT_TENSORS"]
    assert reasons(saved({"state_dict": 1}), tmp_path, "state_dict") == ["WEIGHTS_NOT_TENSORS"]


def test_every_complaint_is_said_at_once(tmp_path: Path) -> None:
    entries = dict(state(S))
    entries[WEIGHT] = entries[WEIGHT][:1]
    entries["mlp.2.bias"] = entries["mlp.2.bias"] * torch.nan
    assert sorted(reasons(saved(entries), tmp_path)) == ["WEIGHTS_NOT_FINITE", "WEIGHTS_SHAPE"]


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_never_run(tmp_path: Path, *, legacy: bool) -> None:
    mark = tmp_path / "mark"
    data = saved({**state(S), "code": Code(mark)}, legacy=legacy)
    assert reasons(data, tmp_path) == ["WEIGHTS_NOT_TENSORS"]
    assert not mark.exists()


@pytest.mark.parametrize("data", [b"", b"\x80\x04K\x01.", b"\x93NUMPY", b"GIF89a", b"PK"])
def test_what_is_no_checkpoint_is_not_opened(tmp_path: Path, data: bytes) -> None:
    assert reasons(data, tmp_path) == ["WEIGHTS_NOT_TENSORS"]


# Zip tricks.


def rezipped(
    data: bytes,
    changes: dict[str, Callable[[bytes], bytes]] | None = None,
    more: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """The archive with members changed or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", compression) as new:
        for member in old.infolist():
            change = (changes or {}).get(member.filename.partition("/")[2], bytes)
            new.writestr(member.filename, change(old.read(member)))
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return file.getvalue()


WHOLE = saved(dict(state(S)))
DIRECTORY = b"PK\x01\x02"
"""Begins a member's entry in the directory."""
DIRECTORY_AT = WHOLE.index(DIRECTORY)


def bomb() -> bytes:
    """An archive that is 400 times as large unpacked."""
    zeros = {"archive/data/9999": bytes(100_000_000)}
    return rezipped(WHOLE, more=zeros, compression=zipfile.ZIP_DEFLATED)


TRICKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (bomb, "would come out"),
    "a way out": (lambda: rezipped(WHOLE, more={"archive/../../etc/x": b"x"}), "is nothing that"),
    "a second folder": (lambda: rezipped(WHOLE, more={"b/data.pkl": b"."}), "one folder"),
    "a root": (lambda: rezipped(WHOLE, more={"/etc/x": b"x"}), "one folder"),
    "TorchScript": (lambda: rezipped(WHOLE, more={"archive/code/a.py": b"x"}), "is nothing that"),
    "a pickle": (lambda: rezipped(WHOLE, more={"archive/constants.pkl": b"."}), "is nothing that"),
    "a huge claim": (lambda: in_directory(20, "<II", 1 << 30, 1 << 30), "reach into the directory"),
    "a size after unpacking": (lambda: in_directory(24, "<I", 1 << 30), "would come out"),
    "two in one place": (lambda: in_directory(42, "<I", 0), "overlaps|otherwise"),
    "a member elsewhere": (lambda: in_directory(42, "<I", DIRECTORY_AT - 50), "not where"),
    "an encrypted member": (lambda: in_directory(8, "<H", 0x809), "encrypted"),
    "two names": (lambda: WHOLE.replace(b"archive/version", b"archive/VERSION", 1), "otherwise"),
    "a comment": (lambda: WHOLE[:-2] + b"\3\0abc", "before or after"),
    "cut short": (lambda: WHOLE[: len(WHOLE) // 2], "not a zip file"),
}


def in_directory(at: int, layout: str, *values: int) -> bytes:
    """The archive with numbers changed in the last entry of its directory."""
    place, value = WHOLE.rindex(DIRECTORY) + at, struct.pack(layout, *values)
    return WHOLE[:place] + value + WHOLE[place + len(value) :]


@pytest.mark.parametrize(("made", "because"), TRICKS.values(), ids=TRICKS)
def test_an_archive_that_torch_did_not_write_is_refused_before_torch_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[], bytes], because: str
) -> None:
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch saw it"))
    with pytest.raises(Refusal, match=because) as refusal:
        opened(made(), tmp_path)
    assert [reason for reason, _ in refusal.value.complaints] == ["WEIGHTS_ARCHIVE"]


def test_a_directory_of_very_many_members_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_MEMBERS", 10)
    many = rezipped(WHOLE, more={f"archive/data/{number}": b"" for number in range(1000, 1010)})
    assert reasons(many, tmp_path) == ["WEIGHTS_ARCHIVE"]


def test_a_rewritten_archive_without_tricks_is_read(tmp_path: Path) -> None:
    assert len(opened(rezipped(WHOLE), tmp_path)) == len(state(S))
