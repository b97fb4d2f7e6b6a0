"""Makes safetensors of published checkpoints, once: opened in the sandbox, whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.chassis.errors import Invalid, Violation
from services.chassis.sandbox.confined import Confined, Decoder, Ending, python_decoder
from services.models import opening
from services.models.checkpoints import ENTRY_BYTES, Layout, layout_of
from services.models.manifest import WeightsFile
from services.models.shelf import CONVERTER, Receipt, Shelf

GIB: Final = 1 << 30
PIECE_BYTES: Final = 1 << 20
SECONDS: Final = 600
TORCH_BYTES: Final = 8 * GIB
"""Of address space, before a tensor is read: the CUDA build maps gigabytes it never touches."""
TORCH_DATA_BYTES: Final = 2 * GIB
DTYPES: Final = {"float32": "F32", "int64": "I64"}
NEEDED: Final = ("/dev/urandom",)
"""Torch does not start without it."""
PARTIAL: Final = ".converting-"


def convert(file: WeightsFile, shelf: Shelf) -> tuple[Receipt, ...]:
    """Make the tensors of every network in a file, and return their receipts.

    Size and digest are checked before anything is opened. Raises Invalid for all that is wrong:
    then nothing is kept, and what was there before stays. The same file gives the same bytes.
    """
    with shelf.locked("converting"):
        path = shelf.check_original(file)
        layouts = {network: layout_of(network) for network in file.holds}
        with _folder(shelf) as folder, Confined(_opener(path), _wanted(file, layouts)) as child:
            receipts = tuple(
                _receive(child, file, network, layout, folder)
                for network, layout in layouts.items()
            )
            surplus = child.read(1)
            whole = not surplus and all(
                (folder / network).stat().st_size == tensors_bytes(file, network, layout)
                for network, layout in layouts.items()
            )
            _check(file, child.finish(), whole=whole)
            for receipt in receipts:
                shelf.keep(receipt, folder / receipt.network)
    return receipts


def header_of(file: WeightsFile, network: str, layout: Layout) -> bytes:
    """Return the beginning of a tensor file. Source: the format of safetensors, 0.4 and later."""
    said: dict[str, object] = {
        "__metadata__": {
            "network": network,
            "source_sha256": file.sha256,
            "converter": str(CONVERTER),
        }
    }
    position = 0
    for name, (shape, dtype) in layout.items():
        end = position + math.prod(shape) * ENTRY_BYTES[dtype]
        said[name] = {"dtype": DTYPES[dtype], "shape": shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(said, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def tensors_bytes(file: WeightsFile, network: str, layout: Layout) -> int:
    """Return how large a network's tensor file is."""
    numbers = sum(math.prod(shape) * ENTRY_BYTES[dtype] for shape, dtype in layout.values())
    return len(header_of(file, network, layout)) + numbers


def _receive(
    child: Confined, file: WeightsFile, network: str, layout: Layout, folder: Path
) -> Receipt:
    """Write what the child gives of a network."""
    digest = hashlib.sha256()
    piece = header_of(file, network, layout)
    left = tensors_bytes(file, network, layout) - len(piece)
    with (folder / network).open("wb") as tensors:
        while piece:
            tensors.write(piece)
            digest.update(piece)
            piece = child.read(min(left, PIECE_BYTES)) if left else b""
            left -= len(piece)
        tensors.flush()
        os.fsync(tensors.fileno())
    return Receipt(network, digest.hexdigest(), file.sha256, CONVERTER)


def _check(file: WeightsFile, ending: Ending, *, whole: bool) -> None:
    """Raise Invalid where the child refused the file, or did not come to its end."""
    if ending.exit_code == opening.REFUSED:
        told = json.loads(ending.complaint.splitlines()[-1])
        raise Invalid.every(Violation(file.name, reason, remedy) for reason, remedy in told)
    if ending.exit_code or not whole:
        said = ending.complaint.splitlines()[-1:] or [f"exit status {ending.exit_code}"]
        remedy = f"it could not be opened within the limits: {said[0][:300]}"
        raise Invalid(file.name, "WEIGHTS_UNREADABLE", remedy)


def _opener(path: Path) -> Decoder:
    """Return the program that opens a checkpoint, with memory for it and for torch."""
    decoder = python_decoder(str(Path(opening.__file__)), str(path.resolve()))
    size = path.stat().st_size
    limits = {
        "AS": TORCH_BYTES + 3 * size,
        "DATA": TORCH_DATA_BYTES + 2 * size,
        "CPU": SECONDS,
        "FSIZE": 0,
        "NOFILE": 256,
    }
    readable = (*decoder.readable, opening.__file__, path.resolve(), *NEEDED)
    return dataclasses.replace(decoder, readable=readable, limits=limits, wall_seconds=SECONDS)


def _wanted(file: WeightsFile, layouts: Mapping[str, Layout]) -> bytes:
    wanted = [(network, file.holds[network], layout) for network, layout in layouts.items()]
    return json.dumps(wanted).encode()


@contextmanager
def _folder(shelf: Shelf) -> Iterator[Path]:
    """Give a folder beside the tensors that goes with all in it; what the killed left goes first.

    To be used by one process at a time.
    """
    for stale in shelf.folder.glob(f"{PARTIAL}*"):
        shutil.rmtree(stale)
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=shelf.folder) as folder:
        yield Path(folder)
