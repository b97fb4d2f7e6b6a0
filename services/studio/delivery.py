"""Puts finished videos into a folder: whole files, verified; what is there already stays."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from services.chassis.store import Store, digest_of
from services.director.recipes import Output

RECORD: Final = "production.json"


def deliver(
    store: Store, outputs: Iterable[Output], record: Mapping[str, Any], folder: Path
) -> list[Path]:
    """Write a video's files and its record, and return their paths, the record last.

    A file that has the right bytes is not touched; one that an earlier record lists and this one
    does not is removed where nobody has changed it since. The record is written last: a folder that
    has one is complete. Raises Corrupt where the store's object is not what its digest says, and
    OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)
    files = {output.name: output.digest for output in outputs}
    remove_outdated(folder, files)
    for name, digest in files.items():
        if not holds(folder / name, digest):
            write_whole(folder / name, store.get(digest))
    write_record(folder, record)
    return [folder / name for name in (*files, RECORD)]


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write a folder's record, unless the one that is there says the same but for times."""
    if changed(folder / RECORD, record):
        text = json.dumps(record, ensure_ascii=False, indent=2)
        write_whole(folder / RECORD, f"{text}\n".encode())


def holds(path: Path, digest: str) -> bool:
    """Return whether a file is there and has these bytes."""
    return path.is_file() and digest_of(path.read_bytes()) == digest


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it, not after a power cut either."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return the record of a folder, or None where it has none that can be read."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def remove_outdated(folder: Path, files: Mapping[str, str]) -> None:
    """Remove what an earlier commission left here and this one does not make."""
    for name, digest in _listed(folder):
        path = folder / name
        if name not in files and path.name == name and holds(path, digest):
            path.unlink()


def changed(path: Path, record: Mapping[str, Any]) -> bool:
    """Return whether a record says more than the one that is there: times alone are no news."""
    there = read_record(path.parent)
    return there is None or _lasting(there) != _lasting(record)


def _lasting(record: Mapping[str, Any]) -> object:
    tasks = [(task["name"], task["key"], task["digests"]) for task in record.get("tasks", ())]
    return [record.get("order"), record.get("presenter"), record.get("outputs"), tasks]


def _listed(folder: Path) -> Iterator[tuple[str, str]]:
    for output in (read_record(folder) or {}).get("outputs", ()):
        if isinstance(output, dict) and isinstance(output.get("name"), str):
            yield output["name"], str(output.get("digest"))
