"""Written text as words a voice can say; every stretch keeps the place it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from services.speech.domain import english
from services.speech.domain.claims import Claim, Rule, apply, claim
from services.speech.domain.rules import rules
from services.speech.domain.spoken import WORD, Part
from services.speech.domain.tongue import Tongue, tongue

DASHES: Final = "–—-−"
STOPS: Final = {**dict.fromkeys(",;:.!?", None), "…": ",", "–": ",", "—": ",", "(": ",", ")": ","}
"""Signs that shape the voice's rhythm, and what they are to it."""
DECORATION: Final = re.compile(r"[\"“”„«»‹›()\[\]{}*•·|<>=~^`°§©®™†‡]")
APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
ENDS: Final = re.compile(r"[.!?…][)\]\"”’»]*$")
TO_WORDS: Final = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.I
)


def normalise(text: str, language: str, dictionary: Mapping[str, str]) -> list[Part]:
    """Return what is said for each stretch of a sentence, in order.

    dictionary: words and what to say instead; it comes before every rule.
    """
    spoken_by = tongue(language)
    claims = apply([*_dictionary(dictionary), *_rules(spoken_by)], text, spoken_by)
    parts: list[Part] = []
    at = 0
    for one in claims:
        _fill(parts, text, (at, one.start), spoken_by, one)
        parts.append(one)
        at = one.end
    _fill(parts, text, (at, len(text)), spoken_by)
    return _ended(parts, text)


def _dictionary(dictionary: Mapping[str, str]) -> Iterator[Rule]:
    words = sorted((word for word in dictionary if word.strip()), key=lambda w: (-len(w), w))
    if words:
        spoken = {word.casefold(): dictionary[word] for word in words}
        pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)"
        yield Rule(
            re.compile(pattern, re.IGNORECASE),
            lambda match, _: [claim(match, spoken[match[0].casefold()])],
        )


@cache
def _rules(spoken_by: Tongue) -> list[Rule]:
    shared = rules(spoken_by)
    if not spoken_by.is_english:
        return shared
    numbers = next(i for i, rule in enumerate(shared) if "plus" in rule.pattern.groupindex)
    return [
        *english.early_rules(),
        *shared[:numbers],
        *english.year_rules(),
        *shared[numbers:],
        *english.late_rules(),
    ]


def _fill(
    parts: list[Part],
    text: str,
    stretch: tuple[int, int],
    spoken_by: Tongue,
    after: Claim | None = None,
) -> None:
    """Add what is said between two claims: plain words, and rhythm from punctuation."""
    start, end = stretch
    gap = text[start:end]
    if after and gap.strip() in set(DASHES) and _is_range(parts, after, text):
        dash = start + gap.index(gap.strip())
        parts.append(Part(dash, dash + 1, spoken_by.sign("to")))
        return
    for match in WORD.finditer(gap):
        _say(parts, match[0], start + match.start(), spoken_by)


def _is_range(parts: list[Part], after: Claim, text: str) -> bool:
    """Return whether a dash between two amounts means "to": not so in a number such as 61400-1."""
    before = parts[-1] if parts else None
    if not (isinstance(before, Claim) and before.counts and after.counts):
        return False
    low, high = text[before.start : before.end], text[after.start : after.end]
    return not (low.isdecimal() and high.isdecimal() and int(low) > int(high))


def _say(parts: list[Part], word: str, at: int, spoken_by: Tongue) -> None:
    if word.startswith(("(", "–", "—")) and parts:
        _pause(parts, ",")
    if any(letter.isalnum() for letter in word):
        parts.append(Part(at, at + len(word), _word(word, spoken_by)))
    elif (stop := _stop(word)) and parts:
        _pause(parts, stop)


def _pause(parts: list[Part], stop: str) -> None:
    last = parts[-1]
    if last.spoken and last.spoken[-1] not in ",;:.!?":
        parts[-1] = Part(last.start, last.end, last.spoken + stop)


def _stop(signs: str) -> str:
    for letter in reversed(signs):
        if letter in STOPS:
            return STOPS[letter] or letter
    return ""


def _word(written: str, spoken_by: Tongue) -> str:
    """Return a plain word without its decoration; slashes and dashes in it part words."""
    ending = _stop(written[len(written.rstrip(')]"”’»,;:.!?…–—')) :])
    bare = DECORATION.sub("", written.translate(APOSTROPHES)).strip(",;:.!?…–—'_")
    pieces = [piece for piece in re.split(r"[–—]", bare) if piece]
    ranges = all(TO_WORDS.match(piece) for piece in pieces) and spoken_by.is_english
    joint = f" {spoken_by.sign('to')} " if ranges else ", "
    return re.sub(r"[/\\_]+", " ", joint.join(pieces)).strip() + ending


def _ended(parts: list[Part], text: str) -> list[Part]:
    """Give the last words the sentence's own end where a claim swallowed it."""
    said = [i for i, part in enumerate(parts) if part.spoken]
    found = ENDS.search(text)
    if said and found and parts[said[-1]].spoken[-1] not in ".!?":
        last = parts[said[-1]]
        stop = "." if found[0][0] == "…" else found[0][0]
        parts[said[-1]] = Part(last.start, last.end, last.spoken.rstrip(",;:") + stop)
    return parts
