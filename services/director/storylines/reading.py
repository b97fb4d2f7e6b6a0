"""Reads job postings as boards hand them over: our plain fields, or schema.org's JobPosting."""

from __future__ import annotations

import difflib
import html
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from services.chassis.errors import Invalid, Violation
from services.director.storylines.posting import Posting, Salary
from services.director.texts import complaints_about

TITLE_CHARACTERS: Final = 140
TEXT_CHARACTERS: Final = 120
DESCRIPTION_CHARACTERS: Final = 50_000
LIST_ITEMS: Final = 100

SPELLINGS: Final = {
    "title": ("title", "job_title", "jobTitle", "name"),
    "company": ("company", "company_name", "employer", "hiringOrganization"),
    "location": ("location", "jobLocation"),
    "salary": ("salary", "baseSalary"),
    "skills": ("skills",),
    "employment_type": ("employment_type", "employmentType"),
    "remote": ("remote", "jobLocationType"),
    "benefits": ("benefits", "jobBenefits"),
    "apply_url": ("apply_url", "applyUrl", "url"),
    "deadline": ("deadline", "validThrough"),
    "description": ("description",),
    "industry": ("industry",),
}
"""Our name of a field -> every name it may come under; the first that is there counts."""

PERIODS: Final = {
    "hour": "an hour",
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "year": "a year",
}
EMPLOYMENT: Final = {
    "full_time": "full-time",
    "part_time": "part-time",
    "contractor": "contract",
    "contract": "contract",
    "temporary": "temporary",
    "permanent": "permanent",
    "intern": "internship",
    "internship": "internship",
    "apprenticeship": "apprenticeship",
    "volunteer": "volunteer",
    "per_diem": "per-diem",
    "seasonal": "seasonal",
}
WORKPLACES: Final = {
    True: "remote",
    False: "on site",
    "telecommute": "remote",
    "remote": "remote",
    "hybrid": "hybrid",
    "on site": "on site",
    "onsite": "on site",
    "on-site": "on site",
}


def read_posting(data: Mapping[str, Any]) -> Posting:
    """Return the posting that data describes. Raises Invalid with every complaint about it.

    Fields this does not use are passed over: boards send many. One that is nearly a field it does
    use is a slip of the pen, and a complaint.
    """
    reader = _Reader(data)
    posting = reader.posting()
    if reader.complaints:
        raise Invalid.every(reader.complaints)
    return posting


class _Reader:
    """Reads field by field and keeps every complaint."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.complaints: list[Violation] = list(misspelt(data))

    def posting(self) -> Posting:
        return Posting(
            title=self._title(),
            company=self._text("company", part="name"),
            location=self._location(),
            salary=self._salary(),
            skills=self._list("skills"),
            employment=self._employment(),
            workplace=self._workplace(),
            benefits=self._list("benefits"),
            apply_url=self._address(),
            deadline=self._deadline(),
            description=self._description(),
            industry=self._text("industry"),
        )

    def _found(self, field: str) -> tuple[str, Any]:
        """Return the name a field came under, and its value; null is as good as nothing."""
        for name in SPELLINGS[field]:
            if self._data.get(name) is not None:
                return name, self._data[name]
        return field, None

    def _title(self) -> str:
        path, value = self._found("title")
        if value is None:
            self._complain(path, "FIELD_REQUIRED", "say what the job is called")
            return ""
        title = self._tidy(path, value, TITLE_CHARACTERS)
        if isinstance(value, str) and not title:
            self._complain(path, "FIELD_REQUIRED", "say what the job is called")
        return title

    def _text(self, field: str, part: str = "") -> str:
        path, value = self._found(field)
        if part and isinstance(value, Mapping):
            path, value = f"{path}.{part}", value.get(part)
        return self._tidy(path, value, TEXT_CHARACTERS)

    def _tidy(self, path: str, value: object, limit: int) -> str:
        """Return a text in one line."""
        if value is None:
            return ""
        if not isinstance(value, str):
            self._complain(path, "FIELD_TYPE_INVALID", "write it as text, in quotes")
            return ""
        text = " ".join(value.split())
        self.complaints += complaints_about(path, text, limit)
        return text

    def _location(self) -> str:
        path, value = self._found("location")
        if isinstance(value, list):  # several places: the first stands for them
            path, value = f"{path}[0]", value[0] if value else None
        if isinstance(value, Mapping) and isinstance(value.get("address"), Mapping | str):
            path, value = f"{path}.address", value["address"]
        if not isinstance(value, Mapping):
            return self._tidy(path, value, TEXT_CHARACTERS)
        names = ("addressLocality", "addressRegion", "addressCountry", "city", "region", "country")
        parts = [self._place(f"{path}.{name}", value.get(name)) for name in names]
        return ", ".join(dict.fromkeys(filter(None, parts)))

    def _place(self, path: str, value: object) -> str:
        if isinstance(value, Mapping):
            path, value = f"{path}.name", value.get("name")
        return self._tidy(path, value, TEXT_CHARACTERS)

    def _salary(self) -> Salary | None:
        path, value = self._found("salary")
        if value is None:
            return None
        if not isinstance(value, Mapping):
            remedy = "write {min, max, currency, period}"
            self._complain(path, "FIELD_TYPE_INVALID", remedy)
            return None
        inner = value["value"] if isinstance(value.get("value"), Mapping) else value
        exact = inner.get("value") if not isinstance(inner.get("value"), Mapping) else None
        least = self._sum(f"{path}.min", first(inner, "min", "minValue", default=exact))
        most = self._sum(f"{path}.max", first(inner, "max", "maxValue", default=exact))
        currency = self._currency(f"{path}.currency", value)
        unit = first(inner, "period", "unitText", default=value.get("period"))
        period = self._period(f"{path}.period", unit)
        if least is not None and most is not None and least > most:
            self._complain(f"{path}.min", "VALUE_OUT_OF_RANGE", "it is more than the most")
        if least is None and most is None:
            return None
        return Salary(least, most, currency, period)

    def _sum(self, path: str, value: object) -> float | None:
        if value is None:
            return None
        try:
            found = float(value) if isinstance(value, int | float | str) else math.nan
        except ValueError:
            found = math.nan
        if isinstance(value, bool) or not 0 < found < 1e9:
            self._complain(path, "VALUE_OUT_OF_RANGE", "write a positive number without a unit")
            return None
        return found

    def _currency(self, path: str, value: Mapping[str, Any]) -> str:
        code = value.get("currency", value.get("salaryCurrency", self._data.get("salaryCurrency")))
        if not isinstance(code, str) or not re.fullmatch("[A-Za-z]{3}", code):
            self._complain(path, "CURRENCY_INVALID", 'write a code of three letters, like "EUR"')
            return ""
        return code.upper()

    def _period(self, path: str, value: object) -> str:
        if value is None:
            return ""
        unit = str(value).lower().removesuffix("ly").removesuffix("s")
        unit = {"annual": "year", "annum": "year", "dai": "day"}.get(unit, unit)
        if unit not in PERIODS:
            self._complain(path, "PERIOD_UNKNOWN", f"choose from {', '.join(PERIODS)}")
        return PERIODS.get(unit, "")

    def _list(self, field: str) -> tuple[str, ...]:
        """Return a list that came as one, or as text with commas or semicolons."""
        path, value = self._found(field)
        if isinstance(value, str):
            mark = ";" if ";" in value else "," if "," in value else "\n"
            value = re.split(mark, re.sub(r"<[^<>]*>", "\n", value))
        if value is None:
            return ()
        if not isinstance(value, list):
            self._complain(path, "FIELD_TYPE_INVALID", "write a list of texts")
            return ()
        if len(value) > LIST_ITEMS:
            self._complain(path, "LIST_TOO_LONG", f"{len(value)} items; at most {LIST_ITEMS}")
            return ()
        items = [self._item(f"{path}[{index}]", item) for index, item in enumerate(value)]
        return tuple(dict.fromkeys(filter(None, items)))

    def _item(self, path: str, value: object) -> str:
        if isinstance(value, Mapping):  # a DefinedTerm
            path, value = f"{path}.name", value.get("name")
        return self._tidy(path, value, TEXT_CHARACTERS)

    def _employment(self) -> str:
        path, value = self._found("employment_type")
        if isinstance(value, list):
            path, value = f"{path}[0]", value[0] if value else None
        if value is None:
            return ""
        kind = re.sub(r"[\s-]+", "_", str(value).strip().lower())
        if kind not in EMPLOYMENT and kind != "other":
            known = ", ".join(EMPLOYMENT)
            self._complain(path, "EMPLOYMENT_TYPE_UNKNOWN", f"choose from {known}")
        return EMPLOYMENT.get(kind, "")

    def _workplace(self) -> str:
        path, value = self._found("remote")
        if value is None:
            return ""
        key = value.strip().lower() if isinstance(value, str) else value
        if not isinstance(key, str | bool) or key not in WORKPLACES:
            remedy = 'write true or false, "remote", "hybrid" or "on site"'
            self._complain(path, "WORKPLACE_UNKNOWN", remedy)
            return ""
        return WORKPLACES[key]

    def _address(self) -> str:
        path, value = self._found("apply_url")
        address = self._tidy(path, value, 2_000)
        if not address:
            return ""
        try:
            parts = urlsplit(address if "//" in address else f"https://{address}")
            host = parts.hostname or ""
        except ValueError:
            host = ""
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", host) or parts.scheme not in {"http", "https"}:
            self._complain(path, "APPLY_URL_INVALID", "write a web address, https://…")
            return ""
        return address

    def _deadline(self) -> date | None:
        path, value = self._found("deadline")
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value).strip()[:10])
        except ValueError:
            self._complain(path, "DATE_INVALID", 'write a day like "2027-01-15"')
            return None

    def _description(self) -> str:
        path, value = self._found("description")
        if isinstance(value, str):
            value = html.unescape(re.sub(r"<(?:/p|/li|br|/h\d|/div)[^<>]*>", "\n", value))
            value = "\n".join(" ".join(line.split()) for line in plain(value).splitlines())
        if value is None or isinstance(value, str):
            text = value or ""
            self.complaints += complaints_about(path, text, DESCRIPTION_CHARACTERS)
            return text
        self._complain(path, "FIELD_TYPE_INVALID", "write it as text, in quotes")
        return ""

    def _complain(self, path: str, reason: str, remedy: str) -> None:
        self.complaints.append(Violation(path, reason, remedy))


def plain(markup: str) -> str:
    """Return a text without its tags."""
    return re.sub(r"<[^<>]*>", " ", markup)


def first(fields: Mapping[str, Any], *names: str, default: object = None) -> object:
    """Return the first of several fields that is there."""
    return next((fields[name] for name in names if fields.get(name) is not None), default)


def misspelt(data: Mapping[str, Any]) -> Iterable[Violation]:
    """Yield a complaint for every field whose name is nearly one that would be used."""
    known = [name for names in SPELLINGS.values() for name in names]
    for name in data:
        if str(name) in known:
            continue
        if close := difflib.get_close_matches(str(name), known, 1, cutoff=0.8):
            yield Violation(str(name), "FIELD_UNKNOWN", f"did you mean {close[0]}?")
