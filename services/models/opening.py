"""Opens a published checkpoint as plain tensors, or says why not; runs in the sandbox.

Runs as a program, `python -I -S opening.py PACKAGES CHECKPOINT`, with what to look for in the file
`input`. Gives the tensors' bytes, one after the other, on standard output once all of them are
right; what is refused stands on the last line of standard error. Imports nothing of ours.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:  # torch is found once the folder of the packages is known
    from torch import Tensor

REFUSED: Final = 3
"""Exit status where the file is not what it should be."""
ZIP: Final = b"PK\x03\x04"
LEGACY: Final = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""How torch before 1.6 began its files: a pickle of its magic number."""
MEMBER: Final = re.compile(
    r"[^/\\]+/(data\.pkl|data/\d+|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id)"
)
"""What torch puts into a checkpoint's archive, all in one folder."""
MOST_MEMBERS: Final = 20_000
LOCAL_HEADER_BYTES: Final = 30
ENCRYPTED: Final = 1
PREFIX: Final = "module."
NAMED: Final = 5
"""How many entries a complaint names, and how many complaints are told."""
REMEDY: Final = 500
"""Characters of a complaint: what the sandbox keeps of standard error is little."""

Complaint = tuple[str, str]
"""Reason and remedy."""


class Refusal(Exception):
    """A checkpoint is not what it should be: every complaint at once."""

    def __init__(self, *complaints: Complaint) -> None:
        self.complaints = complaints
        super().__init__(*complaints)


class Wanted(NamedTuple):
    """A network's entries, and where they lie in the file."""

    network: str
    places: Sequence[str]
    """Names under which the state dict may lie; none: the file is it."""
    entries: Mapping[str, tuple[Sequence[int], str]]
    """Shape and dtype by name, in the order in which they are given out."""


def open_checkpoint(path: Path, wanted: Sequence[Wanted]) -> list[list[Tensor]]:
    """Return the tensors of each network, in the order of its entries. Raises Refusal."""
    checkpoint = _load(path, mapped=_is_archive(path))
    states = [_state(checkpoint, each) for each in wanted]
    complaints = [
        complaint
        for each, state in zip(wanted, states, strict=True)
        for complaint in _complaints(each, state)
    ]
    if complaints:
        raise Refusal(*complaints)
    return [
        [state[name] for name in each.entries] for each, state in zip(wanted, states, strict=True)
    ]


def check_archive(path: Path) -> None:
    """Raise Refusal where a zip file is anything but what torch writes, before torch sees it.

    Torch stores tensors as they are, side by side, in one folder: what is compressed, overlaps, is
    named twice or lies elsewhere was made to look like something else.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            _check_directory(archive)
            position = 0
            for member in sorted(archive.infolist(), key=lambda each: each.header_offset):
                _check_member(member)
                if member.header_offset < position:
                    raise _tricked(f"{member.filename} overlaps another member")
                position = _data_of(member, file) + member.file_size
            if position > archive.start_dir:
                raise _tricked("members reach into the directory")
    except (zipfile.BadZipFile, OverflowError, ValueError, NotImplementedError) as error:
        raise _tricked(str(error)) from None


def _check_directory(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _tricked(f"{len(members):,} members")
    if len({member.filename for member in members}) < len(members):
        raise _tricked("a name stands in it twice")
    if len({member.filename.partition("/")[0] for member in members}) != 1:
        raise _tricked("its members do not lie in one folder")
    if archive.comment or min(member.header_offset for member in members):
        raise _tricked("something stands before or after it")


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if not MEMBER.fullmatch(name) or ".." in name.split("/"):
        raise _tricked(f"{name[:80]!r} is nothing that torch puts into a checkpoint")
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise _tricked(f"{member.file_size:,} bytes would come out of {name}, which is compressed")
    if member.flag_bits & ENCRYPTED:
        raise _tricked(f"{name} is encrypted")


def _data_of(member: zipfile.ZipInfo, file: IO[bytes]) -> int:
    """Return where a member's bytes begin; its own header must have the directory's name."""
    file.seek(member.header_offset)
    header = file.read(LOCAL_HEADER_BYTES)
    if len(header) < LOCAL_HEADER_BYTES or not header.startswith(ZIP):
        raise _tricked(f"{member.filename} is not where the directory says")
    name_bytes, extra_bytes = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    if file.read(name_bytes) != member.orig_filename.encode():
        raise _tricked(f"{member.filename} is called otherwise in its own header")
    return member.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes


def _tricked(what: str) -> Refusal:
    return Refusal(("WEIGHTS_ARCHIVE", f"{what}: no archive of torch's; get the published file"))


def _is_archive(path: Path) -> bool:
    """Return whether a file is a checked archive, not a legacy file. Raises Refusal for neither."""
    with path.open("rb") as file:
        head = file.read(len(LEGACY))
    if head.startswith(ZIP):
        check_archive(path)
        return True
    if head != LEGACY:
        remedy = "this is no checkpoint of torch's; a pickle is never opened, it could run code"
        raise Refusal(("WEIGHTS_NOT_TENSORS", remedy))
    return False


def _load(path: Path, *, mapped: bool) -> object:
    import torch  # noqa: PLC0415 - see TYPE_CHECKING

    torch.set_num_threads(1)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except UnpicklingError as error:
        said = str(error).strip().splitlines()
        told = next((line.strip() for line in said if "GLOBAL" in line), said[0] if said else "")
        remedy = f"it holds more than tensors, and could run code; nothing was run: {told[:300]}"
        raise Refusal(("WEIGHTS_NOT_TENSORS", remedy)) from None


def _state(checkpoint: object, wanted: Wanted) -> dict[str, Tensor]:
    """Return a network's state dict, `module.` dropped from its names. Raises Refusal."""
    state: dict[str, Tensor] = {}
    for name, value in _entries(checkpoint, wanted).items():
        bare = str(name).removeprefix(PREFIX)
        if bare in state:
            remedy = f"{bare} of {wanted.network} stands in it twice"
            raise Refusal(("WEIGHTS_KEY_UNEXPECTED", remedy))
        if not _is_plain(value):
            raise Refusal(("WEIGHTS_NOT_TENSORS", f"{name} of {wanted.network} is no plain tensor"))
        state[bare] = value.detach()
    return state


def _entries(checkpoint: object, wanted: Wanted) -> dict[object, Tensor]:
    """Return what lies where a network's entries should be. Raises Refusal."""
    found = checkpoint
    if wanted.places and isinstance(checkpoint, dict):
        place = next((name for name in wanted.places if name in checkpoint), None)
        if place is None:
            remedy = f"it has no {' or '.join(wanted.places)} for {wanted.network}"
            raise Refusal(("WEIGHTS_KEY_MISSING", remedy))
        found = checkpoint[place]
    if not isinstance(found, dict):
        remedy = f"what should be the entries of {wanted.network} is a {type(found).__name__}"
        raise Refusal(("WEIGHTS_NOT_TENSORS", remedy))
    return found


def _is_plain(value: object) -> bool:
    import torch  # noqa: PLC0415 - see TYPE_CHECKING

    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
    )


def _complaints(wanted: Wanted, state: Mapping[str, Tensor]) -> Iterator[Complaint]:
    """Yield everything that is wrong with a network's entries."""
    network, entries = wanted.network, wanted.entries
    if missing := [name for name in entries if name not in state]:
        yield "WEIGHTS_KEY_MISSING", f"{network} lacks {_some(missing)}"
    if unexpected := [name for name in state if name not in entries]:
        yield "WEIGHTS_KEY_UNEXPECTED", f"{network} knows no {_some(unexpected)}"
    for name in entries.keys() & state.keys():
        shape, dtype = entries[name]
        yield from _entry_complaints(f"{name} of {network}", state[name], shape, dtype)


def _entry_complaints(
    name: str, tensor: Tensor, shape: Sequence[int], dtype: str
) -> Iterator[Complaint]:
    told = str(tensor.dtype).removeprefix("torch.")
    if list(tensor.shape) != list(shape):
        yield "WEIGHTS_SHAPE", f"{name} is {_by(tensor.shape)} instead of {_by(shape)}"
    elif told != dtype:
        yield "WEIGHTS_DTYPE", f"{name} is {told} instead of {dtype}"
    elif tensor.is_floating_point() and not tensor.isfinite().all():
        yield "WEIGHTS_NOT_FINITE", f"{name} holds values that are no numbers"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(name[:100] for name in names[:NAMED]) + more


def _by(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "a single number"


def _give(tensors: Sequence[Tensor]) -> None:
    import torch  # noqa: PLC0415 - see TYPE_CHECKING

    for tensor in tensors:
        plain = tensor.contiguous().reshape(-1).view(torch.uint8)
        sys.stdout.buffer.write(plain.numpy().data)


def main() -> None:
    """Give the tensors of the checkpoint that `input` describes."""
    wanted = [Wanted(*each) for each in json.loads(Path("input").read_bytes())]
    try:
        networks = open_checkpoint(Path(sys.argv[2]), wanted)
    except Refusal as refusal:
        told = [(reason, remedy[:REMEDY]) for reason, remedy in refusal.complaints[:NAMED]]
        sys.stderr.write(f"\n{json.dumps(told)}\n")
        sys.exit(REFUSED)
    for tensors in networks:
        _give(tensors)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    main()
