"""Reads the arrays of a template file without trusting a word of it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.motion.domain.template import (
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    check_members,
)

FORBIDDEN: Final = frozenset({"pkl", "pickle", "pt", "pth", "pt2", "ckpt", "joblib"})
"""Endings of files that run code when they are opened."""
PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
CODE_MEMBERS: Final = re.compile(r"(.*/)?[^/]*\.pkl")
UNPACKABLE: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
MOST_UNPACKED_BYTES: Final = 128 << 20
MOST_MEMBERS: Final = 16
MOST_HEADER_BYTES: Final = 4096

Arrays = dict[str, npt.NDArray[np.generic]]


def read_arrays(data: bytes, extension: str) -> Arrays:
    """Return the named arrays of an npz.

    Names and sizes are judged before anything is unpacked, the shapes in the arrays' heads before
    memory is taken. Raises Invalid for TEMPLATE_FORMAT_FORBIDDEN, _UNRECOGNISED, _TOO_LARGE,
    _UNSAFE, _LENGTH_INVALID and _CORRUPT.
    """
    if extension in FORBIDDEN or PICKLE.match(data):
        raise _forbidden()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except zipfile.BadZipFile as error:
        reason = "TEMPLATE_CORRUPT" if data.startswith(b"PK") else "TEMPLATE_UNRECOGNISED"
        raise _invalid(reason, "this is no npz; write it with numpy.savez") from error
    except (ValueError, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error) as error:
        raise _invalid("TEMPLATE_CORRUPT", "the file is damaged; write it again") from error


def _read(archive: zipfile.ZipFile) -> Arrays:
    members = archive.infolist()
    _check_directory(members)
    sizes = {member.filename.removesuffix(".npy"): member.file_size for member in members}
    for member in members:
        with archive.open(member) as stream:
            _check_head(io.BytesIO(stream.read(MOST_HEADER_BYTES)), member)
    check_members(sizes)
    with_names = zip(sizes, members, strict=True)
    return {name: _array(archive.read(member)) for name, member in with_names}


def _array(data: bytes) -> npt.NDArray[np.generic]:
    array: npt.NDArray[np.generic] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def _check_directory(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if any(CODE_MEMBERS.fullmatch(name) for name in names):
        raise _forbidden()
    if sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        remedy = f"it unpacks to more than {MOST_UNPACKED_BYTES >> 20} MiB"
        raise _invalid("TEMPLATE_TOO_LARGE", remedy)
    odd = [member.filename for member in members if not _is_plain(member)]
    if odd or len(members) > MOST_MEMBERS or len(set(names)) < len(names):
        raise _invalid("TEMPLATE_UNSAFE", "an npz holds plain arrays, each under its own name")


def _is_plain(member: zipfile.ZipInfo) -> bool:
    encrypted = member.flag_bits & 1
    plain_name = re.fullmatch(r"\w{1,64}\.npy", member.filename, re.ASCII)
    return bool(plain_name) and not encrypted and member.compress_type in UNPACKABLE


def _check_head(stream: io.BytesIO, member: zipfile.ZipInfo) -> None:
    """Refuse an array of objects, and one whose head tells of more bytes than the file has."""
    shape, dtype = _head(stream)
    if dtype.hasobject:
        raise _invalid("TEMPLATE_UNSAFE", "arrays hold numbers, never objects")
    if member.filename == "tracks.npy" and len(shape) == 2 and not shape[0] <= _most_frames():
        remedy = f"a template lasts {SHORTEST_SECONDS} to {LONGEST_SECONDS} s"
        raise _invalid("TEMPLATE_LENGTH_INVALID", f"{remedy}; it has {shape[0]} frames")
    told = int(np.prod([int(side) for side in shape], dtype=object)) * dtype.itemsize
    if told + stream.tell() != member.file_size:
        raise _invalid("TEMPLATE_CORRUPT", "an array is not as long as its head says")


def _head(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream, MOST_HEADER_BYTES)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream, MOST_HEADER_BYTES)
    return shape, dtype


def _most_frames() -> int:
    return LONGEST_SECONDS * 30


def _forbidden() -> Invalid:
    remedy = "such files can run code: convert the template to npz with numpy.savez"
    return _invalid("TEMPLATE_FORMAT_FORBIDDEN", remedy)


def _invalid(reason: str, remedy: str) -> Invalid:
    return Invalid("template", reason, remedy)
