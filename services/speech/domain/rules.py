"""What every language shares: addresses, dates, times, money, measures and plain numbers."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from services.speech.domain.claims import Claim, Rule, claim, literally
from services.speech.domain.tongue import Tongue
from services.speech.domain.vocabulary import (
    ABBREVIATIONS,
    CURRENCY_SIGNS,
    PERIODS,
    SCALES,
    UNITS,
)

TOP_LEVELS: Final = (
    "com|org|net|io|eu|edu|gov|info|biz|jobs|careers|work|ai|app|dev|tv|news|co|uk|de|fr|es|it|nl"
    "|pl|se|dk|no|pt|gr|ru|ua|at|ch|be|ie|us|ca|au"
)
ADDRESS: Final = re.compile(
    r"(?:(?P<scheme>https?://|www\.)(?P<host>[\w.-]+\w)"
    rf"|(?<![\w@.])(?P<bare>(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{TOP_LEVELS})))(?![\w@])"
    r"(?::\d+)?(?P<path>/[^\s<>\"?#]*[^\s<>\"?#.,;:!)\]'’])?/?(?:[?#][^\s<>\"]*[^\s<>\".,;:!)\]'’])?"
)
EMAIL: Final = re.compile(r"(?P<name>[\w.+-]+)@(?P<host>[\w-]+(?:\.[\w-]+)+)(?![\w])")
HANDLE: Final = re.compile(r"(?<![\w@#])(?P<sign>[@#])(?P<name>[^\W\d]\w+)")
ISO_DATE: Final = re.compile(r"(?<!\d)(?P<year>[12]\d{3})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)")
NUMERIC_DATE: Final = re.compile(
    r"(?<![\d./])(?P<a>\d{1,2})(?P<sep>[./])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4})(?![\d/])"
)
CLOCK: Final = re.compile(
    r"(?<![\d:])(?P<hour>[01]?\d|2[0-4])(?P<sep>[:h]|\s?h\s?)(?P<minute>[0-5]\d)(?![\d:])"
    r"(?P<word>\s?(?:Uhr|uur|h\b|hrs\b))?"
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
        Rule(EMAIL, _email),
        Rule(ADDRESS, _address),
        Rule(HANDLE, _handle),
        Rule(ISO_DATE, _iso_date),
        Rule(NUMERIC_DATE, _numeric_date),
        Rule(_written_date(tongue), _date),
        Rule(CLOCK, _clock),
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


def letters(word: str) -> str:
    """Return a word for the voice to spell: the points make it name each letter."""
    return ".".join(letter.upper() for letter in word if letter.isalnum())


def _address(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    host = (match["host"] or match["bare"]).removeprefix("www.")
    spoken = _host(host, tongue)
    for step in (match["path"] or "").split("/"):
        if step:
            spoken += f" {tongue.sign('slash')} {_label(step, tongue)}"
    return [claim(match, spoken)]


def _email(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    spoken = f"{_label(match['name'], tongue)} {tongue.sign('at')} {_host(match['host'], tongue)}"
    return [claim(match, spoken)]


def _handle(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    sign = tongue.sign("at" if match["sign"] == "@" else "hashtag")
    words = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])|_", " ", match["name"])
    return [claim(match, f"{sign} {words}")]


def _host(host: str, tongue: Tongue) -> str:
    return f" {tongue.sign('dot')} ".join(_label(label, tongue) for label in host.split("."))


def _label(label: str, tongue: Tongue) -> str:
    """Return one step of an address as words, letters and numbers."""
    signs = {"-": "dash", "_": "underscore", ".": "dot", "+": "plus"}
    spoken = []
    for piece in re.findall(r"\d+|[^\W\d_]+|[-_.+]", label):
        if piece in signs:
            spoken.append(tongue.sign(signs[piece]))
        elif piece.isdigit():
            spoken.append(_numeral(piece, tongue))
        else:
            spoken.append(piece if _is_sayable(piece) else letters(piece))
    return " ".join(spoken)


def _is_sayable(piece: str) -> bool:
    vowels = re.findall(r"[aeiouyäöüåæøéèáíóúаеиоуыэюяіїєαεηιουω]", piece.lower())
    return (len(piece) > 2 and bool(vowels)) or piece.lower() in {
        "co",
        "in",
        "to",
        "my",
        "go",
        "we",
    }


def _numeral(digits: str, tongue: Tongue) -> str:
    if len(digits) > 4 or (digits[0] == "0" and len(digits) > 1):
        return tongue.digits(digits)
    return tongue.cardinal(int(digits))


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
            spoken.append(_numeral(run, tongue))
        else:
            spoken.append(letters(run) if len(run) < 4 and run.isupper() else run)
    return [claim(match, " ".join(spoken))]
