"""Enough English grammar to say facts aloud: articles, lists, numbers, money, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

NUMBERS: Final = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
LETTERS_WITH_AN: Final = "AEFHILMNORSX"
"""Letters whose names begin with a vowel: "an HR manager"."""
SILENT_H: Final = ("hour", "honest", "honor", "honour", "heir")
LIKE_CONSONANTS: Final = re.compile(
    r"(uni(?!n|m)|us[aeiu]|ut[ei]|eu|ew|one\b|once|ub[io]|ur[aeio]n)"
)
"""Vowels in writing that are spoken as "you" or "won": "a user researcher"."""
OF_WHAT: Final = re.compile(r",|\s(?:of|for|in|at|to|with|and|or|on|from|de|-|–|—)\s|\(")
SINGULAR_IN_S: Final = ("ss", "is", "us", "as", "os", "ics")
SAME_IN_PLURAL: Final = ("sales", "operations", "series", "logistics", "news")

CURRENCIES: Final = {
    "AUD": ("A$", "Australian dollars"),
    "BGN": ("лв", "leva"),
    "BRL": ("R$", "reais"),
    "CAD": ("C$", "Canadian dollars"),
    "CHF": ("CHF", "Swiss francs"),
    "CZK": ("Kč", "Czech crowns"),
    "DKK": ("DKK", "Danish kroner"),
    "EUR": ("€", "euros"),
    "GBP": ("£", "pounds"),
    "HUF": ("Ft", "forints"),
    "INR": ("₹", "rupees"),
    "ISK": ("ISK", "Icelandic kronur"),
    "JPY": ("¥", "yen"),
    "NOK": ("NOK", "Norwegian kroner"),
    "NZD": ("NZ$", "New Zealand dollars"),
    "PLN": ("PLN", "złoty"),
    "RON": ("RON", "lei"),
    "SEK": ("SEK", "Swedish kronor"),
    "SGD": ("S$", "Singapore dollars"),
    "TRY": ("₺", "lira"),
    "UAH": ("₴", "hryvnias"),
    "USD": ("$", "dollars"),
    "ZAR": ("R", "rand"),
}


def number(count: int) -> str:
    """Return a small number as a word, a larger one in digits."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else f"{count:,}"


def with_article(phrase: str) -> str:
    """Return a job title with "a" or "an", or without either where it is a plural."""
    if is_plural(phrase):
        return phrase
    return f"{'an' if begins_with_vowel_sound(phrase) else 'a'} {phrase}"


def begins_with_vowel_sound(phrase: str) -> bool:
    """Return whether a phrase is spoken with a vowel first."""
    found = re.match(r"[\W_]*(\w+)", phrase)
    word = found.group(1) if found is not None else ""
    if phrase.startswith(".") or not word:  # ".NET" begins with a dot, aloud too
        return False
    if word[0].isdigit():
        return re.match(r"8|1[18](?!\d)", word) is not None
    if len(word) == 1 or (word.isupper() and len(word) < 5):
        return word[:1].upper() in LETTERS_WITH_AN
    low = word.lower()
    return low.startswith(SILENT_H) or (
        low[:1] in "aeiouéèàáâäåæøöüó" and not LIKE_CONSONANTS.match(low)
    )


def is_plural(phrase: str) -> bool:
    """Return whether a job title means several people: its head noun ends in a plural's s."""
    words = re.findall(r"[^\W\d_]+", OF_WHAT.split(phrase, maxsplit=1)[0])
    head = words[-1].lower() if words else ""
    return (
        len(head) > 3
        and head.endswith("s")
        and not head.endswith(SINGULAR_IN_S)
        and head not in SAME_IN_PLURAL
    )


def listed(items: Sequence[str]) -> str:
    """Return items as a sentence lists them; the last comma stands where "and" is in an item."""
    if len(items) < 2:
        return "".join(items)
    last = ", and " if any(" and " in item for item in items) and len(items) > 2 else " and "
    return f"{', '.join(items[:-1])}{last}{items[-1]}"


def amount(value: float) -> str:
    """Return a sum as it is written: "52,000", "24.80"."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def money(value: float, currency: str) -> str:
    """Return a sum as it is spoken: "52,000 euros"."""
    return f"{amount(value)} {currency_name(currency)}"


def currency_name(currency: str) -> str:
    """Return a currency's spoken name, or its code where none is known."""
    return CURRENCIES[currency][1] if currency in CURRENCIES else currency


def currency_sign(currency: str) -> str:
    """Return what is written before a sum, with the space it takes."""
    sign = CURRENCIES[currency][0] if currency in CURRENCIES else currency
    return f"{sign} " if sign[-1].isalpha() else sign


def day(when: date) -> str:
    """Return a day as it is written in American English: "January 15, 2027"."""
    return f"{MONTHS[when.month - 1]} {when.day}, {when.year}"


def word_count(text: str) -> int:
    """Return how many words are spoken, about: what stands between blanks."""
    return len(text.split())
