"""Named arrays of numbers in a file: npz, read without trusting a word of it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Arrays: TypeAlias = dict[str, npt.NDArray[np.generic]]

MOST_UNPACKED_BYTES: Final = 64 << 20
MOST_MEMBERS: Final = 128
NUMBERS: Final = frozenset("biuf")
"""Kinds of arrays that are read: truth values, whole numbers and floats."""
MOST_HEADER_BYTES: Final = 4096


def pack(arrays: Arrays) -> bytes:
    """Return arrays as npz; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> Arrays:
    """Return the arrays of an npz.

    Sizes are judged before anything is unpacked, and each array's head before memory is taken.
    Raises ValueError for whatever is no npz of plain numbers, or unpacks to more than 64 MiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _unpack(archive)
    except (
        *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
        *(NotImplementedError, RuntimeError),  # ways of packing that nobody here uses; secrets
    ) as error:
        raise ValueError(f"no npz: {error}") from error


def _unpack(archive: zipfile.ZipFile) -> Arrays:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > MOST_UNPACKED_BYTES:
        raise ValueError("more than any of ours holds")
    return {m.filename.removesuffix(".npy"): _array(archive.read(m)) for m in members}


def _array(data: bytes) -> npt.NDArray[np.generic]:
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version of npy")
    shape, by_columns, kind = np.lib.format.read_array_header_1_0(stream, MOST_HEADER_BYTES)
    count = int(np.prod([int(side) for side in shape], dtype=object))
    if kind.kind not in NUMBERS or count * kind.itemsize != len(data) - stream.tell():
        raise ValueError("no numbers, or not as many as the head says")
    flat = np.frombuffer(data, kind, count, stream.tell())
    return flat.reshape(shape, order="F" if by_columns else "C").copy()
