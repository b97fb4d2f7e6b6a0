"""A script as sentences: where one ends, and where a paragraph does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import pysbd

PARAGRAPH: Final = re.compile(r"\n[ \t\r]*\n\s*")
ITEM: Final = re.compile(r"\n[ \t]*(?=[-–•*·]\s)")
"""An item of a list begins a sentence of its own, though no full stop stands before it."""
LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pl", "da", "el", "ru")
"""What pysbd has rules for, of the languages there are voices for."""
ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(\"“])(?:[A-Za-z]\.|(?:[A-Za-z]\.){2,}"
    r"|(?:Dr|Mr|Mrs|Ms|Prof|Sr|Jr|St|No|Nr|Inc|Ltd|Co|Corp|vs|approx|ca|e\.g|i\.e|etc|z\.B|bzw|"
    r"Hr|Fr|Mme|M|Sra?|Dña|Sig|Dott|dhr|mevr|ul|al|тов|г|ул))\.?[)\"”]*$"
)
"""What a full stop may belong to without ending a sentence."""
SURELY_ENDS: Final = re.compile(r"(?:\b[ap]\.m\.|\b(?:U\.S|U\.K|E\.U|Inc|Ltd|Co|Corp|etc|Jr)\.)$")
"""Abbreviations that do end a sentence where a capital follows."""
BEGINS: Final = re.compile(r"^[\"“‘'(\[]*(?:[A-ZÀ-ÖØ-ÞŁŚŻŹĆΑ-ΩА-ЯЁЇІЄҐ]|\d|[¿¡])")
HIDDEN_END: Final = re.compile(
    r"(?<=\b[ap]\.m\.|\bU\.S\.|\bU\.K\.)\s+"
    r"(?=(?:The|A|An|It|He|She|We|You|They|This|That|These|Those|There|In|On|At|And|But|For|If"
    r"|When|Then|Our|Your|Its|His|Her|After|Before|Apply|Now|Today|Tomorrow)\b)"
)
"""Where a sentence ends in "U.S." or "p.m." and a word follows that begins one."""


@dataclass(frozen=True)
class Sentence:
    """What is said in one breath of thought, whitespace made single spaces."""

    text: str
    ends_paragraph: bool


def sentences(script: str, language: str) -> list[Sentence]:
    """Return the sentences of a script; joined by spaces they are the script."""
    found = []
    for paragraph in PARAGRAPH.split(script.strip()):
        texts = [text for item in ITEM.split(paragraph) for text in _of_item(item, language)]
        found += [Sentence(text, i == len(texts)) for i, text in enumerate(texts, 1)]
    return list(_said(found))


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


def _of_item(text: str, language: str) -> list[str]:
    tidy = " ".join(text.split())
    pieces = [p for rough in _segmenter(language).segment(tidy) for p in HIDDEN_END.split(rough)]
    return list(_mended([piece.strip() for piece in pieces if piece.strip()]))


def _mended(pieces: list[str]) -> Iterator[str]:
    """Yield the pieces, those joined again that were cut after an abbreviation or before a word."""
    held = ""
    for piece in pieces:
        if held and _continues(held, piece):
            held = f"{held} {piece}"
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def _continues(before: str, after: str) -> bool:
    if not BEGINS.match(after):
        return True
    return bool(ABBREVIATION.search(before)) and not SURELY_ENDS.search(before)


@cache
def _segmenter(language: str) -> pysbd.Segmenter:
    short = language.split("-", maxsplit=1)[0].lower()
    rules = {"uk": "ru", "pt": "es"}.get(short, short if short in LANGUAGES else "en")
    return pysbd.Segmenter(language=rules, clean=False)
