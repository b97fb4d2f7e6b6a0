"""What objects and realms may be called: nothing that could lead anywhere else."""

from __future__ import annotations

import hashlib
import mmap
import re
from pathlib import Path
from typing import Final

from services.chassis.errors import Invalid

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
REALM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""How an address begins; one letter before the colon is a drive."""


def digest_of(data: bytes | mmap.mmap) -> str:
    """Return the SHA-256 of data as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def check_digest(text: str, field: str) -> str:
    """Return text where it is a digest. Raises Invalid for `field` where it is anything else."""
    if not DIGEST.fullmatch(text):
        remedy = "an object is named by 64 lower-case hexadecimal digits; no path, no address"
        raise Invalid(
            field, "URL_NOT_ALLOWED" if ADDRESS.match(text) else "OBJECT_KEY_INVALID", remedy
        )
    return text


def has_link(folder: Path, path: str) -> bool:
    """Return whether a path in a folder leads over a link."""
    step = folder
    for part in path.split("/"):
        step /= part
        if step.is_symlink():
            return True
    return False
