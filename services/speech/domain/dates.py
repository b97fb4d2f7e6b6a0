"""How dates and times of day are said."""

from __future__ import annotations

import re
from typing import Final

from services.speech.domain.claims import Claim, Rule, claim
from services.speech.domain.tongue import Tongue

ISO_DATE: Final = re.compile(r"(?<!\d)(?P<year>[12]\d{3})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)")
NUMERIC_DATE: Final = re.compile(
    r"(?<![\d./])(?P<a>\d{1,2})(?P<sep>[./])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4})(?![\d/])"
)
CLOCK: Final = re.compile(
    r"(?<![\d:])(?P<hour>[01]?\d|2[0-4])(?P<sep>[:h]|\s?h\s?)(?P<minute>[0-5]\d)(?![\d:])"
    r"(?P<word>\s?(?:Uhr|uur|h\b|hrs\b))?"
)


def date_rules(tongue: Tongue) -> list[Rule]:
    """Return the rules for the days and hours of a language."""
    return [
        Rule(ISO_DATE, _iso_date),
        Rule(NUMERIC_DATE, _numeric_date),
        Rule(_written_date(tongue), _date),
        Rule(CLOCK, _clock),
    ]


def _iso_date(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    return _calendar(match, tongue, int(match["day"]), int(match["month"]))


def _numeric_date(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    day, month = int(match["a"]), int(match["b"])
    if tongue.month_first and match["sep"] == "/":
        day, month = month, day
    return _calendar(match, tongue, day, month)


def _calendar(match: re.Match[str], tongue: Tongue, day: int, month: int) -> list[Claim] | None:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    ending = "n" if _is_inflected(match, tongue) else ""
    spoken = f"{_day(tongue, day, month, ending)} {tongue.year(int(match['year']))}"
    return [claim(match, spoken)]


def _day(tongue: Tongue, day: int, month: int, ending: str) -> str:
    name = tongue.month(month)
    if tongue.month_first:
        return f"{name} {tongue.day(day)}"
    if tongue.is_english:
        return f"the {tongue.day(day)} of {name}"
    joint = " de " if tongue.base in {"es", "pt"} else " "
    return f"{tongue.day(day)}{ending}{joint}{name}"


def _written_date(tongue: Tongue) -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, tongue.months), key=lambda name: (-len(name), name)))
    month = rf"(?P<month>(?i:{names}))\.?(?!\w)"
    year = r"(?P<year>[12]\d{3})(?!\d)"
    if tongue.is_english:
        suffix = r"(?:st|nd|rd|th)?"
        day_first = rf"(?P<day>\d{{1,2}}){suffix}(?P<of>\s+of)?\s+{month}(?:,?\s+{year})?"
        month_first = (
            rf"{month.replace('month', 'month2')}\s+(?P<day2>\d{{1,2}}){suffix}(?![\d:.,]*\d)"
            rf"(?:,?\s+{year.replace('year', 'year2')})?"
        )
        return re.compile(rf"(?<![\w.,])(?:{day_first}|{month_first})")
    suffix = r"(?:\.|er|º|ª|°|:e|-го)?"
    of = r"(?P<of>\s+de[l]?)?"
    return re.compile(
        rf"(?<![\w.,])(?P<day>\d{{1,2}}){suffix}{of}\s+{month}(?:\s+(?:de\s+)?{year})?"
    )


def _date(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    found = match.groupdict()
    first = "2" if found.get("day2") else ""
    day, month, year = (f"{name}{first}" for name in ("day", "month", "year"))
    name, number = found[month], int(found[day])
    if not 1 <= number <= 31 or (tongue.is_english and name[0].islower()):
        return None
    spoken_day = tongue.day(number)
    if _is_inflected(match, tongue):
        spoken_day += "n"
    if tongue.is_english and not first and not found["of"]:
        before = match.string[: match.start()].rstrip().lower()
        the = "" if before.endswith(" the") or before == "the" else "the "
        spoken_day = f"{the}{spoken_day} of"
    short = match[0][match.end(month) - match.start() :].startswith(".")
    month_end = match.end(month) + (short and match.end() > match.end(month) + 1)
    suffix = re.compile(r"[^\s,;]*").match(match.string[: match.end()], match.end(day))
    claims = [
        Claim(match.start(day), suffix.end() if suffix else match.end(day), spoken_day),
        Claim(match.start(month), month_end, tongue.month(tongue.months[name.lower()])),
    ]
    if found.get("of"):
        claims.append(claim(match, found["of"].strip(), group="of"))
    if found.get(year):
        claims.append(claim(match, tongue.year(int(found[year])), group=year))
    return claims


def _is_inflected(match: re.Match[str], tongue: Tongue) -> bool:
    """Return whether German puts the day in the dative or accusative."""
    before = match.string[: match.start()]
    return tongue.base == "de" and bool(re.search(r"(?i)\b(?:am|vom|zum|bis|dem|den)\s$", before))


def _clock(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    if match["sep"].strip() == "h" and tongue.base not in {"fr", "pt"}:
        return None
    hour, minute = int(match["hour"]), int(match["minute"])
    spoken = f"{tongue.cardinal(hour)} {tongue.cardinal(minute) if minute else ''}".strip()
    if tongue.is_english:
        spoken = english_clock(hour, minute, tongue)
    elif tongue.base == "de":
        spoken = (
            f"{_one_hour(hour, tongue)} Uhr {tongue.cardinal(minute) if minute else ''}".strip()
        )
    elif tongue.base == "fr":
        unit = "heure" if hour == 1 else "heures"
        spoken = (
            f"{tongue.cardinal(hour)} {unit} {tongue.cardinal(minute) if minute else ''}".strip()
        )
    return [claim(match, spoken, counts=True)]


def _one_hour(hour: int, tongue: Tongue) -> str:
    return "ein" if hour == 1 else tongue.cardinal(hour)


def english_clock(hour: int, minute: int, tongue: Tongue) -> str:
    """Return a time of day as a newsreader says it."""
    if minute == 0:
        return (
            f"{tongue.cardinal(hour)} o'clock"
            if 1 <= hour <= 12
            else f"{tongue.cardinal(hour)} hundred"
        )
    past = f"oh {tongue.cardinal(minute)}" if minute < 10 else tongue.cardinal(minute)
    return f"{tongue.cardinal(hour)} {past}"
