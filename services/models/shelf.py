"""The folder of weights: originals as they were published, and the tensors made of them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from services.chassis.errors import Invalid
from services.models.manifest import WEIGHTS, Weights, WeightsFile, holder_of

State = Literal["missing", "begun", "fetched", "ready"]
CONVERTER: Final = 1
"""Counts up when the same checkpoint would become other bytes."""


@dataclass(frozen=True)
class Receipt:
    """What a network's tensors were made from. It is written last: without it they do not count."""

    network: str
    sha256: str
    """Of the tensors' file."""
    source_sha256: str
    converter: int


class Shelf:
    """Weights on this machine; whoever only reads them needs no torch."""

    def __init__(self, folder: Path, weights: Weights = WEIGHTS) -> None:
        self.folder = folder
        self.weights = weights

    def original(self, file: WeightsFile) -> Path:
        """Where a file lies once it is here as it was published."""
        return self.folder / "originals" / file.file

    def partial(self, file: WeightsFile) -> Path:
        """Where a file lies while it comes in."""
        return self.folder / "originals" / f"{file.file}.partial"

    def tensors(self, network: str) -> Path:
        """Where a network's tensors lie."""
        return self.folder / f"{network}.safetensors"

    def receipt(self, network: str) -> Receipt | None:
        """Return what a network's tensors were made from; None where there are none of today."""
        path = self._receipt(network)
        if not path.is_file() or not self.tensors(network).is_file():
            return None
        try:
            receipt = Receipt(**json.loads(path.read_bytes()))
        except (ValueError, TypeError):  # torn, as by a power cut: it says nothing
            return None
        today = (holder_of(self.weights, network).sha256, CONVERTER)
        return receipt if (receipt.source_sha256, receipt.converter) == today else None

    def keep(self, receipt: Receipt, tensors: Path) -> None:
        """Put a network's finished tensors in their place, and then their receipt."""
        self._receipt(receipt.network).unlink(missing_ok=True)
        _to_disk(tensors)
        tensors.replace(self.tensors(receipt.network))
        partial = self._receipt(receipt.network).with_suffix(".partial")
        partial.write_text(json.dumps(asdict(receipt), indent=1) + "\n", encoding="utf-8")
        _to_disk(partial)
        partial.replace(self._receipt(receipt.network))

    def state(self, file: WeightsFile) -> State:
        """Return how far a file has come, by what lies here; `check_original` reads every byte."""
        if all(self.receipt(network) for network in file.holds):
            return "ready"
        if self.original(file).is_file():
            return "fetched"
        return "begun" if self.partial(file).is_file() else "missing"

    def check_original(self, file: WeightsFile) -> Path:
        """Return where a file lies whose every byte is right. Raises Invalid."""
        path = self.original(file)
        if not path.is_file():
            raise Invalid(file.name, "WEIGHTS_NOT_THERE", f"run: rostrum weights fetch {file.name}")
        check_size(file, path.stat().st_size)
        check_digest(file, sha256_of(path))
        return path

    def require(self, network: str) -> Receipt:
        """Return the receipt of a network's tensors. Raises Invalid where there are none."""
        receipt = self.receipt(network)
        if receipt is None:
            name = holder_of(self.weights, network).name
            remedy = f"no tensors of {network}; run: rostrum weights fetch {name}"
            raise Invalid(name, "WEIGHTS_NOT_THERE", remedy)
        return receipt

    def check_tensors(self, network: str) -> Receipt:
        """Return the receipt of tensors whose every byte is right. Raises Invalid."""
        receipt = self.require(network)
        self._check_same(receipt, sha256_of(self.tensors(network)))
        return receipt

    def read_tensors(self, network: str) -> bytes:
        """Return bytes that were checked: a path may lead elsewhere later. Raises Invalid."""
        receipt = self.require(network)
        content = self.tensors(network).read_bytes()
        self._check_same(receipt, hashlib.sha256(content).hexdigest())
        return content

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one process at a time work on something here."""
        folder = self.folder / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _check_same(self, receipt: Receipt, sha256: str) -> None:
        if sha256 != receipt.sha256:
            name, network = holder_of(self.weights, receipt.network).name, receipt.network
            remedy = f"the tensors of {network} were altered; run: rostrum weights convert {name}"
            raise Invalid(name, "WEIGHTS_DIGEST", remedy)

    def _receipt(self, network: str) -> Path:
        return self.folder / f"{network}.json"


def check_size(file: WeightsFile, size_bytes: int) -> None:
    """Raise Invalid where a file of this size cannot be the published one."""
    if size_bytes != (file.size_bytes or size_bytes) or size_bytes > file.most_bytes:
        word = "" if file.size_bytes else "at most "
        remedy = f"{size_bytes:,} bytes instead of {word}{file.most_bytes:,}; this is another file"
        raise Invalid(file.name, "WEIGHTS_SIZE", remedy)


def check_digest(file: WeightsFile, sha256: str) -> None:
    """Raise Invalid where a digest is not that of the published file."""
    if sha256 != file.sha256:
        remedy = f"SHA-256 {sha256} instead of {file.sha256}: other bytes; nothing of it was opened"
        raise Invalid(file.name, "WEIGHTS_DIGEST", remedy)


def _to_disk(path: Path) -> None:
    """Have a file's bytes on the disk before its new name is."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
