"""Pages of lists that grow at their head while somebody turns them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, tuple_

from services.chassis.errors import Invalid

USUAL_SIZE: Final = 50
LARGEST_SIZE: Final = 500
MARK: Final = struct.Struct(">q16s8s")


@dataclass(frozen=True)
class Mark:
    """The last row of a page; the next page begins after it, whatever was added meanwhile."""

    created_ms: int
    id: str

    @classmethod
    def of(cls, row: Any) -> Mark:  # noqa: ANN401  # a mapping of any table's columns
        """Return the mark of a row."""
        return cls(row["created_ms"], row["id"])


def page_size(asked: int) -> int:
    """Return how many rows a page has. Raises Invalid for more than there may be."""
    if asked > LARGEST_SIZE:
        remedy = f"{asked} is more than {LARGEST_SIZE}"
        raise Invalid("page_size", "VALUE_OUT_OF_RANGE", remedy)
    return asked or USUAL_SIZE


def write_token(mark: Mark, asked: Sequence[str]) -> str:
    """Return the token of the page after a mark.

    asked: whose list of what, and how it is filtered; the token is good for the same list alone.
    """
    where = (mark.created_ms, bytes.fromhex(mark.id))
    return base64.urlsafe_b64encode(MARK.pack(*where, _proof(where, asked))).decode().rstrip("=")


def read_token(token: str, asked: Sequence[str]) -> Mark | None:
    """Return the mark that a token stands for; None for the first page, which has none.

    Raises Invalid for what is no token, and for that of another list.
    """
    if not token:
        return None
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        created_ms, video, proof = MARK.unpack(data)
    except (binascii.Error, struct.error, ValueError):
        raise _no_token() from None
    if proof != _proof((created_ms, video), asked):
        raise _no_token()
    return Mark(created_ms, video.hex())


def after(table: Table, mark: Mark | None) -> Iterable[ColumnElement[bool]]:
    """Yield the condition that rows lie after a mark, the latest first."""
    if mark is not None:
        yield tuple_(table.c.created_ms, table.c.id) < (mark.created_ms, mark.id)


def _proof(where: tuple[int, bytes], asked: Sequence[str]) -> bytes:
    return hashlib.sha256(repr((where, tuple(asked))).encode()).digest()[:8]


def _no_token() -> Invalid:
    remedy = "take `next_page_token` as it came, with the same filters, or leave it out"
    return Invalid("page_token", "PAGE_TOKEN_INVALID", remedy)
