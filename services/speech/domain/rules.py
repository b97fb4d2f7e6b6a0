"""What every language shares: money, measures, phone numbers and plain numbers."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from services.speech.domain.addresses import address_rules, letters, numeral
from services.speech.domain.claims import Claim, Rule, claim, literally
from services.speech.domain.dates import date_rules
from services.speech.domain.tongue import Tongue
from services.speech.domain.vocabulary import (
    ABBREVIATIONS,
    CURRENCY_SIGNS,
    PERIODS,
    SCALES,
    UNITS,
)

PHONE: Final = re.compile(r"(?<![\w.,])(?:\+\d|00\d|0\d)[\d ()/-]{5,18}\d(?!\w)")
CODE: Final = re.compile(r"(?<![\w.,])(?=[\w-]*\d)(?=[\w-]*[^\W\d_])\w+(?:-\w+)*(?!\w)")
CROWNS: Final = {"sv": "SEK", "da": "DKK", "nb": "NOK"}


@cache
def rules(tongue: Tongue) -> list[Rule]:
    """Return the rules of a language that come after its own; made once."""
    number = tongue.number
    return [
        *literally(dict(ABBREVIATIONS.get(tongue.base, {}))),
        *address_rules(),
        *date_rules(tongue),
        *_money(tongue),
        Rule(_quantity(number), _measure),
        Rule(_per(tongue), _period),
        Rule(PHONE, _phone),
        Rule(
            re.compile(rf"(?<![^\W_])(?P<sign>[+−-])?(?P<number>{number})(?P<plus>\+)?(?![^\W_])"),
            _plain,
        ),
        Rule(CODE, _code),
    ]


def _money(tongue: Tongue) -> list[Rule]:
    known = [*CURRENCY_SIGNS, *(("kr.", "kr") if tongue.base in CROWNS else ())]
    signs = "|".join(re.escape(sign) for sign in sorted(known, key=lambda s: (-len(s), s)))
    scales = sorted(SCALES.get(tongue.base, {}), key=lambda s: (-len(s), s))
    scale = "|".join(map(re.escape, scales)) or "(?!)"

    def amount(which: str) -> str:
        written = rf"(?P<number{which}>{tongue.number})"
        return rf"{written}(?:\s?(?P<scale{which}>{scale})(?!\w))?"

    first = rf"(?<!\w)(?P<sign>{signs})\s?{amount('')}"
    range_first = rf"(?:\s?(?P<dash>[–—-])\s?(?:(?:{signs})\s?)?{amount('2')})?"
    last = rf"(?:{amount('')}\s?(?P<dash>[–—-])\s?)?{amount('2')}\s?(?P<sign>{signs})(?!\w)"
    return [Rule(re.compile(pattern), _amount) for pattern in (first + range_first, last)]


def _amount(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    code = CURRENCY_SIGNS.get(match["sign"]) or CROWNS[tongue.base]
    words = SCALES.get(tongue.base, {})
    if not match["dash"]:
        which = "" if match["number"] else "2"
        scale = words.get(match[f"scale{which}"] or "", "")
        return [claim(match, tongue.money(match[f"number{which}"], scale, code), counts=True)]
    upper = words.get(match["scale2"] or "", "")
    lower = words.get(match["scale"] or "", upper)
    low = f"{tongue.say_number(match['number'])} {lower}".strip()
    dash, end = match.start("dash"), match.end("dash")
    return [
        Claim(match.start(), len(match.string[:dash].rstrip()), low, counts=True),
        Claim(dash, end, tongue.sign("to")),
        Claim(_skip(match.string, end), match.end(), tongue.money(match["number2"], upper, code)),
    ]


def _skip(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip())


def _quantity(number: str) -> re.Pattern[str]:
    units = "|".join(re.escape(unit) for unit in sorted(UNITS, key=lambda u: (-len(u), u)))
    return re.compile(
        rf"(?P<sign>[−-])?(?P<number>{number})[\s\u00a0]?(?P<unit>{units})(?![\w²³/])"
    )


def _measure(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    spoken = tongue.measure(match["number"], UNITS[match["unit"]])
    if _is_negative(match):
        return [claim(match, f"{tongue.sign('minus')} {spoken}", counts=True)]
    start = match.start("number")
    return [Claim(start, match.end(), spoken, counts=True)]


def _is_negative(match: re.Match[str]) -> bool:
    """Return whether the sign belongs to the number: a dash behind a word is none."""
    before = match.string[: match.start()][-1:]
    return bool(match["sign"]) and (not before or before.isspace() or before in "(:;,–—")


def _per(tongue: Tongue) -> re.Pattern[str]:
    names = sorted(PERIODS.get(tongue.base, {}), key=lambda s: (-len(s), s))
    periods = "|".join(map(re.escape, names)) or "(?!)"
    long = "|".join(re.escape(name) for name in names if len(name) > 3) or "(?!)"
    return re.compile(
        rf"(?:(?<=[\dkKmM€$£])\s?/\s?(?P<period>{periods})|(?<=\w)/(?P<long>{long}))(?!\w)"
    )


def _period(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    return [
        claim(
            match, f"{tongue.sign('per')} {PERIODS[tongue.base][match['period'] or match['long']]}"
        )
    ]


def _phone(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    if sum(letter.isdigit() for letter in match[0]) < 7:
        return None
    plus = f"{tongue.sign('plus')} " if match[0].startswith("+") else ""
    groups = [tongue.digits(digits) for digits in re.findall(r"\d+", match[0])]
    return [claim(match, plus + ", ".join(groups))]


def _plain(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    written = match["number"]
    spoken = tongue.digits(written) if _is_code(written) else tongue.say_number(written)
    start = match.start("number")
    if match["sign"] == "+":
        spoken, start = f"{tongue.sign('plus')} {spoken}", match.start()
    elif _is_negative(match):
        spoken, start = f"{tongue.sign('minus')} {spoken}", match.start()
    if match["plus"]:
        spoken = f"{spoken} {tongue.sign('plus')}"
    return [Claim(start, match.end(), spoken, counts=True)]


def _is_code(written: str) -> bool:
    return written.isdigit() and (len(written) > 9 or (len(written) > 1 and written[0] == "0"))


def _code(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    """Say a name with digits, such as "COVID-19" or "B2B", run by run."""
    spoken = []
    for run in re.findall(r"\d+|[^\W\d_]+", match[0]):
        if run.isdigit():
            spoken.append(numeral(run, tongue))
        else:
            spoken.append(letters(run) if len(run) < 4 and run.isupper() else run)
    return [claim(match, " ".join(spoken))]
