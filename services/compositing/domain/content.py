"""A scene's content: the data that a template shows, checked field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from services.chassis.errors import Invalid, Violation
from services.compositing.domain.template import Limits, Template
from services.compositing.domain.text import complaints, tidy
from services.compositing.domain.typesetting import Typesetter


@dataclass(frozen=True)
class Notice:
    """Something that could be better, though it does not stop the work."""

    reason: str
    field: str
    message: str


class Part(BaseModel):
    """A part of the data; fields it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Row(Part):
    """A fact with its icon."""

    text: str
    icon: str = ""
    """Name of one of the template's icons; empty: none."""


class LowerThird(Part):
    """Who is speaking."""

    name: str
    role: str = ""


class Content(Part):
    """What the news frame shows beside the presenter; only the title must be there."""

    title: str
    overline: str = ""
    rows: list[Row] = []
    points: list[str] = []
    chips: list[str] = []
    lower_third: LowerThird | None = None
    language: str = ""
    """BCP 47 tag of the data; says how capitals are made and what the ticker's label is."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield field path and text of everything that is written."""
        yield "data.title", self.title
        yield "data.overline", self.overline
        yield from ((f"data.rows[{i}].text", row.text) for i, row in enumerate(self.rows))
        yield from ((f"data.points[{i}]", point) for i, point in enumerate(self.points))
        yield from ((f"data.chips[{i}]", chip) for i, chip in enumerate(self.chips))
        if self.lower_third:
            yield "data.lower_third.name", self.lower_third.name
            yield "data.lower_third.role", self.lower_third.role


REASONS: Final = {
    "missing": ("DATA_FIELD_MISSING", "it must be given"),
    "extra_forbidden": ("DATA_FIELD_UNKNOWN", ""),
    "string_type": ("DATA_TYPE_INVALID", "it must be text: put it in quotes"),
    "list_type": ("DATA_TYPE_INVALID", "it must be a list"),
}
KNOWN: Final = {
    1: "title, overline, rows, points, chips, lower_third, language",
    2: "name, role",
    3: "icon, text",
}


def read(data: Mapping[str, Any], template: Template, typesetter: Typesetter) -> Content:
    """Return the content that data describes, its texts tidied. Raises Invalid: every mistake."""
    try:
        content = Content.model_validate(dict(data))
    except ValidationError as error:
        raise Invalid.every(map(_violation, error.errors())) from None
    if wrong := [
        *_check_counts(content, template),
        *_check_lengths(content, template.limits),
        *(
            found
            for field, text in content.texts()
            for found in complaints(field, text, typesetter)
        ),
    ]:
        raise Invalid.every(wrong)
    return _tidied(content)


def _violation(error: ErrorDetails) -> Violation:
    where = error["loc"]
    field = "data" + "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in where)
    reason, remedy = REASONS.get(error["type"], ("DATA_TYPE_INVALID", error["msg"]))
    if reason == "DATA_FIELD_UNKNOWN":
        remedy = f"the template has no such field: use {KNOWN[len(where)]}"
    return Violation(field, reason, remedy)


def _check_counts(content: Content, template: Template) -> Iterator[Violation]:
    limits = template.limits
    for name, most in (("rows", limits.rows), ("points", limits.points), ("chips", limits.chips)):
        if len(getattr(content, name)) > most:
            yield Violation(f"data.{name}", "DATA_TOO_MANY", f"give at most {most}")
    for index, row in enumerate(content.rows):
        if row.icon and row.icon not in template.icons:
            offered = ", ".join(template.icons)
            yield Violation(
                f"data.rows[{index}].icon", "DATA_ICON_UNKNOWN", f"use one of {offered}"
            )


def _check_lengths(content: Content, limits: Limits) -> Iterator[Violation]:
    most = {
        "title": limits.title,
        "overline": limits.overline,
        "rows": limits.row,
        "points": limits.point,
        "chips": limits.chip,
        "lower_third": limits.name,
    }
    optional = {"data.overline", "data.lower_third.role"}
    for field, text in content.texts():
        kind = field.removeprefix("data.").partition(".")[0].partition("[")[0]
        if not tidy(text) and field not in optional:
            yield Violation(field, "DATA_TEXT_EMPTY", "write something, or leave the field out")
        if len(tidy(text)) > most[kind]:
            yield Violation(field, "DATA_TEXT_TOO_LONG", f"shorten it to {most[kind]} characters")


def _tidied(content: Content) -> Content:
    return Content(
        title=tidy(content.title),
        overline=tidy(content.overline),
        rows=[Row(icon=row.icon, text=tidy(row.text)) for row in content.rows],
        points=[tidy(point) for point in content.points],
        chips=[tidy(chip) for chip in content.chips],
        lower_third=content.lower_third
        and LowerThird(name=tidy(content.lower_third.name), role=tidy(content.lower_third.role)),
        language=content.language,
    )


def capitals(text: str, language: str) -> str:
    """Return the text in capitals, as the language makes them."""
    tongue = language.partition("-")[0].lower()
    if tongue in {"tr", "az"}:
        text = text.replace("i", "İ").replace("ı", "I")
    if tongue == "el" or any("\u0370" <= character <= "\u03ff" for character in text):
        text = text.translate(_UNACCENTED)
    return text.upper()


_UNACCENTED: Final = str.maketrans("άέήίόύώΐΰ", "αεηιουωϊϋ")
"""Greek capitals carry no accents."""
