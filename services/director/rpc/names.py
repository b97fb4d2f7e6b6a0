"""What callers call things: ids, names, digests. A name is never a path and never an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.chassis.errors import Invalid, Violation
from services.chassis.names import ADDRESS
from services.director import limits
from services.director.orders import NAME
from services.director.texts import complaints_about

ID: Final = re.compile(r"[0-9a-f]{32}")
REQUEST_ID: Final = re.compile(r"[!-~]{1,256}")
PATH: Final = re.compile(r"[/\\]|^[.~]|^[A-Za-z]:")


def check_id(text: str, word: str, field: str = "id") -> str:
    """Return an id. Raises Invalid for what cannot be one; word: "video" or "rundown"."""
    if not ID.fullmatch(text):
        remedy = "an id has 32 lower-case hexadecimal digits"
        raise Invalid(field, f"{word.upper()}_ID_MALFORMED", remedy)
    return text


def not_found(word: str, field: str = "id") -> Invalid:
    """Return what is said of an id that the caller's team does not have."""
    return Invalid(field, f"{word.upper()}_NOT_FOUND", f"your team has no {word} of this id")


def request_id_complaints(field: str, text: str) -> Iterator[Violation]:
    """Yield what is wrong with the id that a caller chose for a request."""
    if not text:
        yield Violation(field, "FIELD_REQUIRED", "choose one, and keep it when you ask again")
    elif not REQUEST_ID.fullmatch(text):
        remedy = "1 to 256 visible ASCII characters, no blanks"
        yield Violation(field, "IDEMPOTENCY_KEY_INVALID", remedy)


def pointer_complaints(field: str, text: str) -> Iterator[Violation]:
    """Yield what is wrong with a name by which something else is called for."""
    if ADDRESS.match(text):
        remedy = "nothing is fetched from elsewhere: upload it, and say its digest"
        yield Violation(field, "URL_NOT_ALLOWED", remedy)
    elif PATH.search(text):
        remedy = "a name stands here, no path: upload the file, and say its digest"
        yield Violation(field, "OBJECT_KEY_INVALID", remedy)
    else:
        yield from complaints_about(field, text, limits.NAME_CHARACTERS)


def name_complaints(field: str, text: str) -> Iterator[Violation]:
    """Yield what is wrong with a name that is kept: the grammar of orders' names."""
    if not NAME.fullmatch(text):
        remedy = f"1 to {limits.NAME_CHARACTERS} lower-case letters, digits and hyphens"
        yield Violation(field, "NAME_INVALID" if text else "FIELD_REQUIRED", remedy)


def refuse(complaints: Sequence[Violation]) -> None:
    """Raise Invalid with all complaints, if there are any."""
    if complaints:
        raise Invalid.every(complaints)
