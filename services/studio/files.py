"""Reading what a person points at: regular files only, within a limit, never an address."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from services.chassis.errors import Invalid

ADDRESS: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")
"""What begins a web address, or any other; drive letters are no matter here."""


def refuse_address(field: str, text: str) -> None:
    """Raise Invalid where text is an address: nothing is fetched on a user's word."""
    if ADDRESS.match(text):
        remedy = "addresses are not fetched; download the file and give its path"
        raise Invalid(field, "URL_NOT_ALLOWED", remedy)


def read_file(path: Path, limit_bytes: int, field: str = "") -> bytes:
    """Return a file's bytes.

    Raises Invalid where it is missing, not a regular file, or larger than the limit. A pipe or a
    device is refused unread, and a file that grows meanwhile is read no further than the limit.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Invalid(field, "ASSET_NOT_FOUND", f"{path}: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise Invalid(field, "ASSET_NOT_REGULAR", f"{path} is not a regular file")
        data = file.read(limit_bytes + 1) if state.st_size <= limit_bytes else None
    if data is None or len(data) > limit_bytes:
        limit = f"{limit_bytes / 2**20:.3g} MiB"
        raise Invalid(field, "ASSET_TOO_LARGE", f"{path} is larger than {limit}; hand in less")
    return data


def read_text(path: Path, limit_bytes: int) -> str:
    """Return a text file without its byte order mark. Raises Invalid as `read_file` does."""
    data = read_file(path, limit_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise Invalid("", "TEXT_NOT_UTF8", remedy) from None
