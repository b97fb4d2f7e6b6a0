"""How web addresses, mail addresses and handles are said."""

from __future__ import annotations

import re
from typing import Final

from services.speech.domain.claims import Claim, Rule, claim
from services.speech.domain.tongue import Tongue

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


def address_rules() -> list[Rule]:
    """Return the rules for what people type and click."""
    return [Rule(EMAIL, _email), Rule(ADDRESS, _address), Rule(HANDLE, _handle)]


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
            spoken.append(numeral(piece, tongue))
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


def numeral(digits: str, tongue: Tongue) -> str:
    """Return the digits of a name as a number, or one by one where they are many."""
    if len(digits) > 4 or (digits[0] == "0" and len(digits) > 1):
        return tongue.digits(digits)
    return tongue.cardinal(int(digits))
