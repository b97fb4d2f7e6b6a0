"""Order files as documents: YAML, JSON, JSON Lines, or a folder of them, read within limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from services.chassis.errors import Invalid
from services.studio.complaints import Complaint, Place, Rejected
from services.studio.files import read_text
from services.studio.plain_yaml import DEPTH, read_yaml

DOCUMENT_BYTES: Final = 512 * 1024
BATCH_BYTES: Final = 64 * 1024 * 1024
R = TypeVar("R")

ENDINGS: Final = (".json", ".jsonl", ".yaml", ".yml")


@dataclass(frozen=True)
class Document:
    """One file, or one line of a batch, as it was written; not yet looked into."""

    path: Path
    place: Place
    fields: dict[str, Any]


def read_documents(paths: Iterable[Path]) -> Iterator[Document | Rejected]:
    """Yield the documents of files and folders in order; in place of one, why it cannot be read."""
    for path in paths:
        try:
            files = _files(path)
        except Rejected as error:
            yield error
            continue
        for file in files:
            yield from _documents(file)


def read_document(path: Path) -> Document:
    """Return the one document of a YAML or JSON file. Raises Rejected."""
    text = _text(path, DOCUMENT_BYTES)
    if path.suffix.lower() == ".json":
        return _json_document(path, text, None)
    value, place = read_yaml(text, str(path))
    return _document(path, place, value)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if path.exists() and path.suffix.lower() not in ENDINGS:
            _refuse(path, "ORDER_TYPE_UNSUPPORTED", f"an order file ends in {', '.join(ENDINGS)}")
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS)
    if not files:
        _refuse(path, "ORDER_FOLDER_EMPTY", f"no file in it ends in {', '.join(ENDINGS)}")
    return files


def _documents(path: Path) -> Iterator[Document | Rejected]:
    if path.suffix.lower() != ".jsonl":
        yield _or_rejected(partial(read_document, path))
        return
    text = _or_rejected(partial(_text, path, BATCH_BYTES))
    if isinstance(text, Rejected):
        yield text
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _or_rejected(partial(_json_document, path, line, number))


def _or_rejected(read: Callable[[], R]) -> R | Rejected:
    try:
        return read()
    except Rejected as error:
        return error


def _json_document(path: Path, text: str, line: int | None) -> Document:
    if len(text) > DOCUMENT_BYTES:
        _refuse(path, "ORDER_TOO_LARGE", f"one order is at most {DOCUMENT_BYTES // 1024} KiB", line)
    double: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        double.extend({name for name in names if names.count(name) > 1})
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _refuse(path, "JSON_INVALID", f"column {error.colno}: {error.msg}", line or error.lineno)
    except ValueError as error:
        _refuse(path, "JSON_INVALID", str(error), line)
    except RecursionError:
        _refuse(path, "NESTING_TOO_DEEP", f"at most {DEPTH} levels of nesting are read", line)
    place = Place(str(path), {} if line is None else {"": line})
    if double:
        again = (Complaint(place.source, line, f, "FIELD_DUPLICATE", "keep one") for f in double)
        raise Rejected(again)
    return _document(path, place, value)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number that JSON knows")


def _document(path: Path, place: Place, value: object) -> Document:
    if not isinstance(value, dict):
        _refuse(path, "ORDER_NOT_A_MAPPING", "write fields with their values", place.line(""))
    return Document(path, place, value)


def _text(path: Path, limit_bytes: int) -> str:
    try:
        return read_text(path, limit_bytes)
    except Invalid as error:
        raise Rejected.at(Place(str(path), {}), error) from None


def _refuse(path: Path, reason: str, remedy: str, line: int | None = None) -> NoReturn:
    raise Rejected([Complaint(str(path), line, "", reason, remedy)])
