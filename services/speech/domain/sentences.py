"""A script as sentences: where one ends, and where a paragraph does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

PARAGRAPH: Final = re.compile(r"\n[ \t\r]*\n\s*")
ITEM: Final = re.compile(r"\n[ \t]*(?=[-–•*·]\s)")
"""An item of a list begins a sentence of its own, though no full stop stands before it."""
STOP: Final = re.compile(r"(?<=[.!?…;\u037e])[\"'”’»)\]]*(?P<gap> )")
BEGINS: Final = re.compile(
    r"[\"“„‘'«(\[¿¡–—-]*\s?(?:[^\W\d_a-zß-öø-ÿа-яёіїєґα-ωάέήίόύώ]|\d|[^\w\s,;.])"
)
"""How a sentence begins: with a capital, a number or a sign, not with a small letter."""
TITLE: Final = re.compile(
    r"(?:^|[\s(\"“„])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nos|Nr|Mt|Gen|Sen|Gov|Rep|Rev|Capt|Col|Lt|Sgt|vs|ca"
    r"|approx|e\.g|i\.e|eg|ie|z\. ?B|d\. ?h|u\. ?a|bzw|Hr|Fr|M|MM|p\. ?ex|p\. ?ej|Sra?|Dra?|Dña|Sig"
    r"|Dott|dhr|mevr|bijv|ul|al|np|kl|nr|t\. ?ex|f\. ?eks|bl\.a|π\.χ|г|ул|тел|им|Jan|Feb|Aug|Sept?"
    r"|Oct|Nov|Dec)\.$"
)
"""Abbreviations that stand before something: their full stop never ends a sentence."""
SHORT: Final = re.compile(
    r"(?:^|[\s(\"“„.])(?:[^\W\d_]|[ap]\.m|Inc|Ltd|Co|Corp|etc|Jr|Sr|usw|ecc|osv|enz|itd)\.$"
)
"""Abbreviations and initials that may end a sentence: only a word that opens one tells."""
OPENERS: Final = re.compile(
    r"(?:The|An?|It|He|She|We|You|They|This|That|These|Those|There|In|On|At|And|But|For|If|When|Then"
    r"|Our|Your|Its|His|Her|After|Before|Apply|Now|Today|Tomorrow|So|As|With|To|Join|Please|What"
    r"|Der|Die|Das|Wir|Sie|Es|Le|La|Les|El|Los|Il|Nous|Vous|De|Het|Vi|Och|Og)\b"
)
ORDINAL: Final = re.compile(r"(?<!\d)\d{1,2}\.$")
NUMBERS_ORDINALS: Final = frozenset({"de", "da", "nb", "pl"})
"""Languages that write "21st" as "21."."""


@dataclass(frozen=True)
class Sentence:
    """What is said in one breath of thought, whitespace made single spaces."""

    text: str
    ends_paragraph: bool


def sentences(script: str, language: str) -> list[Sentence]:
    """Return the sentences of a script; joined by spaces they are the script."""
    base = language.split("-", maxsplit=1)[0].lower()
    found = []
    for paragraph in PARAGRAPH.split(script.strip()):
        texts = [text for item in ITEM.split(paragraph) for text in _of_item(item, base)]
        found += [Sentence(text, i == len(texts)) for i, text in enumerate(texts, 1)]
    return list(_said(found))


def _of_item(text: str, base: str) -> list[str]:
    tidy = " ".join(text.split())
    gaps = [m.start("gap") for m in STOP.finditer(tidy) if _ends(tidy, m.start("gap"), base)]
    edges = [0, *(gap + 1 for gap in gaps), len(tidy) + 1]
    return [tidy[a : b - 1] for a, b in pairwise(edges)]


def _ends(text: str, gap: int, base: str) -> bool:
    """Return whether a sentence ends before the space at `gap`."""
    before, after = text[max(0, gap - 20) : gap].rstrip("\"'”’»)]"), text[gap + 1 : gap + 20]
    if not BEGINS.match(after) or TITLE.search(before):
        return False
    if before.endswith((";", "\u037e")):
        return base == "el"  # the Greek question mark
    if before.endswith(".") and base in NUMBERS_ORDINALS and ORDINAL.search(before):
        return False
    return not SHORT.search(before) or bool(OPENERS.match(after))


def _said(found: list[Sentence]) -> Iterator[Sentence]:
    """Yield the sentences; one without a word, such as a row of dashes, goes with a neighbour."""
    held: Sentence | None = None
    for sentence in found:
        if held and not (_has_words(held.text) and _has_words(sentence.text)):
            held = Sentence(f"{held.text} {sentence.text}", sentence.ends_paragraph)
            continue
        if held:
            yield held
        held = sentence
    if held:
        yield held


def _has_words(text: str) -> bool:
    return any(letter.isalnum() for letter in text)
