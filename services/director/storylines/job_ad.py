"""The storyline of a job advertisement: a posting becomes narration, panel and running line."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from rostrum.director.v1.director_pb2 import Order

from services.director.storylines.english import amount, currency_sign, day
from services.director.storylines.narration import narrate, spoken_title
from services.director.storylines.posting import Posting, Salary
from services.director.storylines.reading import read_posting

CHIPS: Final = 24
CHIP_CHARACTERS: Final = 48
ROW_CHARACTERS: Final = 120
ROWS: Final = 5
OVERLINE_CHARACTERS: Final = 60
NAME_CHARACTERS: Final = 60


def order(data: Mapping[str, Any]) -> Order:
    """Return the order a posting leads to. Raises Invalid with every complaint about the data."""
    posting = read_posting(data)
    made = Order(
        name=slug(spoken_title(posting.title)), script=narrate(posting), title=posting.title
    )
    made.language = "en-US"
    made.data.update(panel(posting))
    return made


def ticker(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return items for the running line. Raises Invalid as `order` does."""
    posting = read_posting(data)
    facts = [posting.title, posting.company, posting.location]
    items = [" · ".join(filter(None, facts))]
    if posting.salary is not None:
        items.append(salary_range(posting.salary))
    if posting.deadline is not None:
        items.append(f"Apply by {day(posting.deadline)}")
    if posting.apply_url:
        items.append(host_of(posting.apply_url))
    return tuple(shortened(item, ROW_CHARACTERS) for item in items)


def panel(posting: Posting) -> dict[str, Any]:
    """Return the data of the news frame's panel; what was not said is left out."""
    rows = [{"icon": icon, "text": text} for icon, text in rows_of(posting)]
    data: dict[str, Any] = {"overline": overline(posting), "title": posting.title}
    if rows:
        data["rows"] = rows[:ROWS]
    if posting.skills:
        chips = [shortened(skill, CHIP_CHARACTERS) for skill in posting.skills]
        data["chips"] = list(dict.fromkeys(chips))[:CHIPS]
    return data


def overline(posting: Posting) -> str:
    """Return the line above the title."""
    parts = ["New vacancy", posting.industry]
    return shortened(" · ".join(filter(None, parts)), OVERLINE_CHARACTERS)


def rows_of(posting: Posting) -> Iterator[tuple[str, str]]:
    """Yield icon and text of the panel's rows, the most important first."""
    if posting.company:
        yield "company", posting.company
    if place := " · ".join(filter(None, [posting.location, posting.workplace])):
        icon = "location" if posting.location else "remote"
        yield icon, shortened(place[0].upper() + place[1:], ROW_CHARACTERS)
    if posting.salary is not None:
        yield "salary", salary_range(posting.salary)
    if posting.employment:
        yield "contract", posting.employment.capitalize()
    if posting.deadline is not None:
        yield "calendar", f"Apply by {day(posting.deadline)}"
    if posting.apply_url:
        yield "link", shortened(host_of(posting.apply_url), ROW_CHARACTERS)


def salary_range(salary: Salary) -> str:
    """Return a salary as it is written: "€52,000 – 61,000 a year"."""
    sign = currency_sign(salary.currency)
    if salary.least is None and salary.most is not None:
        sums = f"up to {sign}{amount(salary.most)}"
    elif salary.most is None and salary.least is not None:
        sums = f"from {sign}{amount(salary.least)}"
    elif salary.least == salary.most:
        sums = f"{sign}{amount(salary.least or 0)}"
    else:
        sums = f"{sign}{amount(salary.least or 0)} – {amount(salary.most or 0)}"
    return f"{sums} {salary.period}".strip()


def host_of(address: str) -> str:
    """Return the part of a web address that a person can remember."""
    host = urlsplit(address if "//" in address else f"https://{address}").hostname or ""
    return host.removeprefix("www.")


def shortened(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, cut between words where it can be."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…".replace(",…", "…")


def slug(title: str) -> str:
    """Return a title as an order's name: "senior-welder-offshore-wind"."""
    plain = unicodedata.normalize("NFKD", title.translate(_LETTERS)).encode("ascii", "ignore")
    name = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")
    if not name:
        name = f"job-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    return name[:NAME_CHARACTERS].rstrip("-")


_LETTERS: Final = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae"})
"""Letters that do not come apart into a plain one and an accent."""
