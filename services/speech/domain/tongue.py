"""How a language says numbers, money, measures and dates: num2words and the CLDR data of babel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from itertools import pairwise
from typing import Final

from babel import Locale
from babel.dates import get_month_names
from babel.numbers import format_decimal, get_currency_name
from babel.units import format_unit
from num2words import CONVERTER_CLASSES, num2words

from services.speech.domain.vocabulary import CURRENCIES, SIGNS

DIGITS_LIMIT: Final = 15
"""Longer numbers are read digit by digit."""
NUMERALS: Final = {"nb": "no"}
"""num2words' name of a language, where it is not the tag's."""
LOCALES: Final = {"pt": "pt_PT", "pt-br": "pt_BR", "en": "en_US", "en-gb": "en_GB"}

ORDINAL_DAYS: Final = frozenset({"en", "de", "pl", "sv", "da", "nb", "ru", "uk"})
"""Languages whose dates take ordinals; the others say "one" only for the first, if at all."""
FIRST_DAY: Final = {"fr": "premier", "it": "primo", "pt": "primeiro"}
GENITIVE: Final = {
    "pl": ((r"y\b", "ego"), (r"i\b", "iego")),
    "ru": ((r"третий$", "третьего"), (r"(?:ый|ой)$", "ого")),
    "uk": ((r"третій$", "третього"), (r"ий$", "ого")),
}
"""How a day's ordinal ends in a date."""


@dataclass(frozen=True)
class Tongue:
    """One language, as numbers and signs are read in it."""

    language: str
    """BCP 47 tag."""

    @cached_property
    def base(self) -> str:
        """The language without its region."""
        base = self.language.split("-", maxsplit=1)[0].lower()
        return "nb" if base == "no" else base

    @cached_property
    def locale(self) -> Locale:
        """The CLDR locale."""
        tag = self.language.lower()
        return Locale.parse(LOCALES.get(tag, LOCALES.get(self.base, self.base)))

    @property
    def is_english(self) -> bool:
        """Whether the thorough English rules apply."""
        return self.base == "en"

    @property
    def month_first(self) -> bool:
        """Whether 11/21 is a day in November."""
        return self.language.lower() in {"en", "en-us"}

    def sign(self, name: str) -> str:
        """Return the word for a sign, such as "to" for a dash between numbers."""
        return SIGNS[self.base][name]

    @cached_property
    def number(self) -> str:
        """Return a pattern of a written number, thousands grouped or not."""
        group, point = (
            (r"[,\u00a0\u202f ]", r"\.") if self.is_english else (r"[.\u00a0\u202f ’]", ",")
        )
        grouped = rf"\d{{1,3}}(?:{group}\d{{3}})+(?!\d)(?:{point}\d+)?"
        return rf"(?<![\d.,])(?:{grouped}|\d+(?:{point}\d+)?)(?![\d])"

    def value(self, written: str) -> Decimal:
        """Return the value of a number that `number` matched."""
        group, point = (",", ".") if self.is_english else (".", ",")
        bare = re.sub(r"[\s\u00a0\u202f’]", "", written).replace(group, "").replace(point, ".")
        return Decimal(bare)

    def say_number(self, written: str) -> str:
        """Return a written number in words; decimals digit by digit."""
        point = "." if self.is_english else ","
        whole, _, decimals = written.partition(point)
        spoken = self.cardinal(int(self.value(whole)))
        if not decimals:
            return spoken
        return f"{spoken} {self.sign('point')} {self.digits(decimals)}"

    def cardinal(self, number: int) -> str:
        """Return a whole number in words."""
        if len(str(number)) > DIGITS_LIMIT:
            return self.digits(str(number))
        words = self._words(number, "cardinal")
        return words.replace(" and ", " ") if self.language.lower() in {"en", "en-us"} else words

    def ordinal(self, number: int) -> str:
        """Return an ordinal number in words."""
        if len(str(number)) > DIGITS_LIMIT:
            return self.digits(str(number))
        return self._words(number, "ordinal")

    def year(self, number: int) -> str:
        """Return a year as it is said: 2026 is "twenty twenty-six"."""
        if self.base == "sv" and 1100 <= number < 2000:
            return f"{self.cardinal(number // 100)}hundra{self.cardinal(number % 100)}"
        kind = "year" if self.base in {"en", "de", "nl", "da", "nb"} else "cardinal"
        return self._words(number, kind)

    def digits(self, written: str) -> str:
        """Return digits one by one, a breath after every third of a long row."""
        names = [self._words(int(digit), "cardinal") for digit in written if digit.isdigit()]
        if len(names) <= 4:
            return " ".join(names)
        cuts = [*range(0, len(names) - 1, 3), len(names)]  # the last breath holds two to four
        return ", ".join(" ".join(names[a:b]) for a, b in pairwise(cuts))

    def money(self, written: str, scale: str, code: str) -> str:
        """Return an amount with its currency, such as "twelve pounds fifty"."""
        value = self.value(written)
        name = self.currency(code, 5 if scale else value)
        cents = value % 1
        if scale or not cents or -value.as_tuple().exponent != 2:  # type: ignore[operator]
            amount = self.say_number(written) if cents or scale else self.cardinal(int(value))
            return " ".join(filter(None, (amount, scale, name)))
        minor = self.cardinal(int(cents * 100))
        if value < 1 and self.is_english and code in {"EUR", "USD"}:
            return f"{minor} cents"
        return f"{self.cardinal(int(value))} {name} {minor}"

    def currency(self, code: str, count: Decimal | int) -> str:
        """Return a currency's name as it follows a number."""
        short = CURRENCIES.get(self.base, {}).get(code)
        if short:
            return short[0] if count == 1 else short[1]
        name = str(get_currency_name(code, count=count, locale=self.locale))
        return re.sub(r"^(?:российск|українськ)\w+ ", "", name)

    def measure(self, written: str, unit: str) -> str:
        """Return a number with its unit, in the number the language asks for."""
        value = self.value(written)
        shown = format_decimal(value, locale=self.locale)
        phrase = str(format_unit(value, unit, "long", locale=self.locale))
        return phrase.replace(shown, self.say_number(written), 1)

    def day(self, number: int) -> str:
        """Return the day of a date."""
        if self.base not in ORDINAL_DAYS:
            first = FIRST_DAY.get(self.base) if number == 1 else None
            return first or self.cardinal(number)
        spoken = self.ordinal(number)
        for ending, genitive in GENITIVE.get(self.base, ()):
            spoken = re.sub(ending, genitive, spoken)
        return spoken

    def month(self, number: int) -> str:
        """Return a month as dates say it."""
        return str(get_month_names("wide", "format", self.locale)[number])

    @cached_property
    def months(self) -> Mapping[str, int]:
        """Every way of writing a month, in lower case without a full stop, and its number."""
        found: dict[str, int] = {}
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                names = get_month_names(width, context, self.locale)
                found |= {str(name).lower().rstrip("."): n for n, name in names.items()}
        if self.is_english:
            found["sept"] = 9
        return {name: n for name, n in found.items() if len(name) > 2}

    def _words(self, number: int, kind: str) -> str:
        language = NUMERALS.get(self.base, self.base)
        if language not in CONVERTER_CLASSES:
            return str(number)  # the voice itself reads numerals
        return str(num2words(number, lang=language, to=kind)).replace(",", "")


@cache
def tongue(language: str) -> Tongue:
    """Return the tongue of a language; made once, since its tables are slow to gather."""
    return Tongue(language)
