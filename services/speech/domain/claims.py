"""Rules over written text: each claims stretches and says what is spoken for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.speech.domain.spoken import Part
from services.speech.domain.tongue import Tongue

Say = Callable[["re.Match[str]", Tongue], "list[Claim] | None"]
"""What a match is spoken as; None: the rule does not apply after all."""


@dataclass(frozen=True)
class Claim(Part):
    """A stretch that a rule has claimed."""

    counts: bool = False
    """Whether it is an amount, so that a dash between two of them means "to"."""


@dataclass(frozen=True)
class Rule:
    """Something written that is not said as it is written."""

    pattern: re.Pattern[str]
    say: Say


def claim(
    match: re.Match[str], spoken: str, *, group: int | str = 0, counts: bool = False
) -> Claim:
    """Return a claim on a group of a match."""
    return Claim(match.start(group), match.end(group), spoken, counts)


def apply(rules: list[Rule], text: str, tongue: Tongue) -> list[Claim]:
    """Return what the rules claim, in the order of the text; earlier rules come first."""
    taken: list[Claim] = []
    free = [True] * len(text)
    for rule in rules:
        for match in rule.pattern.finditer(text):
            if not all(free[match.start() : match.end()]):
                continue
            claims = rule.say(match, tongue)
            for one in claims or ():
                taken.append(one)
                free[one.start : one.end] = [False] * (one.end - one.start)
    return sorted(taken, key=lambda one: one.start)


def literally(table: dict[str, str]) -> Iterator[Rule]:
    """Yield the rule that says the words of a table, the longest first."""
    if not table:
        return
    words = sorted(table, key=lambda word: (-len(word), word))
    alternatives = "|".join(re.escape(word) for word in words)
    pattern = re.compile(rf"(?<![\w&])(?:{alternatives})(?![\w+#&])")
    yield Rule(pattern, lambda match, _: [claim(match, table[match[0]])])
