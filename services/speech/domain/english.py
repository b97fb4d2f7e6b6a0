"""What English writes in its own way: years, decades, ordinals, clock times, acronyms, terms."""

from __future__ import annotations

import re
from typing import Final

from services.speech.domain.addresses import letters
from services.speech.domain.claims import Claim, Rule, claim, literally
from services.speech.domain.dates import english_clock
from services.speech.domain.tongue import Tongue
from services.speech.domain.vocabulary import (
    CAPITAL_WORDS,
    FRACTIONS,
    NUMBERED,
    REGENTS,
    SPOKEN_AS_WORDS,
    SYMBOLS,
    TERMS,
)

HALF_DAY: Final = re.compile(
    r"(?<![\w.:])(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))?[\s\u00a0]?"
    r"(?P<half>[ap])\.?\s?m(?:\.|\b)(?!\w)", re.IGNORECASE
)  # fmt: skip
BARE_HOUR: Final = re.compile(
    r"(?<![\w.:])(?P<hour>1[0-2]|[1-9])(?:[:.](?P<minute>[0-5]\d))?"
    r"(?=\s?[–—-]\s?(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)?\s?[ap]\.?m)", re.IGNORECASE
)  # fmt: skip
ORDINAL: Final = re.compile(r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)(?!\w)")
DECADE: Final = re.compile(r"(?<![\w.,])['’]?(?P<century>1[1-9]|20)?(?P<ten>\d0)['’]?s(?!\w)")
YEAR: Final = re.compile(r"(?<![\w.,$€£#-])(?P<year>1[1-9]\d\d|20\d\d)(?![\w%]|[.,:]\d)")
YEAR_SPAN: Final = re.compile(
    r"(?<![\w.,$€£])(?P<from>1[1-9]\d\d|20\d\d)(?P<dash>[–—/-])(?P<to>1[1-9]\d\d|20\d\d|\d\d)(?![\w.,-]\d|\w)"
)
LEADS_TO_YEAR: Final = re.compile(
    r"(?i)\b(?:in|since|by|from|until|till|of|early|late|mid|year|years|summer|winter|spring|autumn|"
    r"fall|before|after|during|around|circa|to|and|season|budget|q[1-4])\s$"
)
COUNTED: Final = re.compile(
    r"^\s(?:[a-z-]+\s)?(?!was\b|has\b|is\b|this\b|across\b|its\b)[a-z]{3,}s\b"
)
NUMBER_SIGN: Final = re.compile(r"(?<!\w)(?P<sign>No\.|Nos\.|Nr\.|#|№)\s?(?=\d)")
TIMES: Final = re.compile(r"(?<=\d)(?P<a>\s?(?:mm|cm|m|ft)?\s?)(?P<sign>[x×])(?=\s?\d)")
RATIO: Final = re.compile(r"(?<![\d:])(?P<a>\d{1,3})(?P<sign>[:/])(?P<b>\d{1,3})(?![\d:/])")
ROMAN_WORD: Final = r"(?P<roman>(?=[IVXL])(?:XL|X{0,3})(?:IX|IV|V?I{0,3}))(?!\w)"
REGENT: Final = re.compile(rf"(?:\b(?:{'|'.join(REGENTS)}))\s{ROMAN_WORD}")
CHAPTER: Final = re.compile(rf"(?:\b(?:{'|'.join(NUMBERED)}))\s{ROMAN_WORD}")
STREET: Final = re.compile(r"(?<=[a-z]\s)(?P<street>St\.)(?!\s[A-Z])|(?P<saint>\bSt\.)(?=\s[A-Z])")
ACRONYM: Final = re.compile(r"(?<![\w.'’])(?P<word>[A-Z]{2,6})(?P<plural>['’]?s)?(?![\w])")
DOTTED: Final = re.compile(r"(?<![\w.])(?P<word>(?:[A-Z]\.){2,})(?!\w)")
AND: Final = re.compile(r"(?<!\w)(?P<sign>&|\+)(?!\w)")
VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50}
TENS: Final = dict(
    zip(range(10, 100, 10),
        ("tens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties",
         "nineties"), strict=True)
)  # fmt: skip


def early_rules() -> list[Rule]:
    """Return the rules that come before the shared ones."""
    return [
        *literally(dict(TERMS)),
        *literally(dict(FRACTIONS)),
        Rule(
            NUMBER_SIGN, lambda match, tongue: [claim(match, tongue.sign("number"), group="sign")]
        ),
        Rule(HALF_DAY, _half_day),
        Rule(BARE_HOUR, _bare_hour),
        Rule(DECADE, _decade),
        Rule(YEAR_SPAN, _year_span),
        Rule(REGENT, _regent),
        Rule(CHAPTER, _chapter),
        Rule(STREET, lambda match, _: [claim(match, "Street" if match["street"] else "Saint")]),
        Rule(TIMES, lambda match, tongue: [claim(match, tongue.sign("by"), group="sign")]),
    ]


def year_rules() -> list[Rule]:
    """Return the rules that come after dates, money and measures, before plain numbers."""
    return [Rule(ORDINAL, _ordinal), Rule(YEAR, _year), Rule(RATIO, _ratio)]


def late_rules() -> list[Rule]:
    """Return the rules for words that are not said as they are spelled."""
    return [
        Rule(DOTTED, lambda match, _: [claim(match, letters(match["word"]))]),
        Rule(ACRONYM, _acronym),
        Rule(AND, lambda match, _: [claim(match, "and" if match["sign"] == "&" else "plus")]),
        *literally(dict(SYMBOLS)),
    ]


def _half_day(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    half = f"{match['half'].upper()}.M"
    return [claim(match, f"{_hour(match, tongue)} {half}", counts=True)]


def _bare_hour(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    return [claim(match, _hour(match, tongue), counts=True)]


def _hour(match: re.Match[str], tongue: Tongue) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    return english_clock(hour, minute, tongue) if minute else tongue.cardinal(hour)


def _ordinal(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    return [claim(match, tongue.ordinal(int(match["number"].replace(",", ""))), counts=True)]


def _decade(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    if match["ten"] == "00":
        return None
    century = f"{tongue.cardinal(int(match['century']))} " if match["century"] else ""
    return [claim(match, century + TENS[int(match["ten"])], counts=True)]


def _year_span(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    joint = "" if match["dash"] == "/" else tongue.sign("to")
    until = int(match["to"])
    return [
        claim(match, tongue.year(int(match["from"])), group="from"),
        claim(match, joint, group="dash"),
        claim(match, tongue.year(until) if until > 99 else tongue.cardinal(until), group="to"),
    ]


def _year(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    before, after = match.string[: match.start()], match.string[match.end() :]
    number = int(match["year"])
    led = LEADS_TO_YEAR.search(before)
    if COUNTED.match(after) or (number < 1900 and not led):
        return None
    return [claim(match, tongue.year(number), counts=True)]


def _ratio(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    same = match["a"] == match["b"]
    joint = "to" if match["sign"] == ":" else "" if same else "slash"
    return [
        claim(match, tongue.cardinal(int(match["a"])), group="a"),
        claim(match, joint, group="sign"),
        claim(match, tongue.cardinal(int(match["b"])), group="b"),
    ]


def _regent(match: re.Match[str], tongue: Tongue) -> list[Claim] | None:
    number = _roman(match["roman"])
    if number < 2:
        return None  # "I" is a person speaking more often than a number
    return [claim(match, f"the {tongue.ordinal(number)}", group="roman")]


def _chapter(match: re.Match[str], tongue: Tongue) -> list[Claim]:
    return [claim(match, tongue.cardinal(_roman(match["roman"])), group="roman")]


def _roman(word: str) -> int:
    values = [VALUES[letter] for letter in word]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _acronym(match: re.Match[str], _: Tongue) -> list[Claim] | None:
    """Spell what is written in capitals, unless it is said as a word or the text is shouting."""
    word = match["word"]
    if word in CAPITAL_WORDS or _is_shouted(match.string):
        return None
    plural = "'s" if match["plural"] else ""
    if word in SPOKEN_AS_WORDS or (len(word) > 4 and re.search(r"[AEIOU]", word)):
        return [claim(match, word.capitalize() + plural)]
    return [claim(match, letters(word) + plural)]


def _is_shouted(text: str) -> bool:
    words = re.findall(r"[^\W\d_]{3,}", text)
    loud = [word for word in words if word.isupper()]
    return len(loud) > max(2, len(words) / 2) and any(len(word) > 4 for word in loud)
