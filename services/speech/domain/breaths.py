"""Where a sentence that is too long may be cut: at a breath, never inside a number or a name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from services.chassis.errors import Invalid
from services.speech.domain import syllables
from services.speech.domain.spoken import Part

STRONG, MARK, WORD, LAST = 0.0, 0.12, 0.45, 2.0
"""How unwelcome a cut is: at ; : or a dash, at a comma, before a joining word, anywhere else."""
JOINING: Final = frozenset(
    word
    for line in (
        "and or but nor so yet because although while when where which who whose that if unless",
        "until after before since as than with without from into between through under over about",
        "for to in on at by und oder aber weil dass wenn die der das mit für et ou mais parce que",
        "qui dans avec pour y o pero porque con para e ma perché che per och eller men som en of",
        "maar omdat dat met voor i lub ale że który z dla mas και ή αλλά που με για и или но что",
        "который с для і або але що який",
    )
    for word in line.split()
)
NAME: Final = re.compile(r"^[\"“(]?[^\W\d_a-zà-öø-ÿа-яёα-ω]")
"""A capital: two words in a row that begin with one are taken for a name."""


def halves(text: str, parts: Sequence[Part], language: str) -> tuple[str, str]:
    """Return a sentence cut in two where a speaker would breathe, near its middle.

    Raises Invalid where there is no place at all, as in a word of a thousand letters.
    """
    words = text.split(" ")
    spoken = list(accumulate(syllables.count(word, language) for word in words))
    inside = {at for part in parts for at in range(part.start + 1, part.end)}
    best, least = 0, math.inf
    at = 0
    for i in range(len(words) - 1):
        at += len(words[i]) + (i > 0)
        cost = _unwelcome(words[i], words[i + 1]) + abs(spoken[i] / spoken[-1] - 0.5)
        if at not in inside and cost < least:
            best, least = at, cost
    if not best:
        remedy = f"{text[:40]!r}... is too long to say in one chunk and has no place to breathe"
        raise Invalid("script", "SCRIPT_UNSPLITTABLE", remedy)
    return text[:best], text[best + 1 :]


def _unwelcome(last: str, following: str) -> float:
    if last[-1] in ";:–—.!?" or following in {"–", "—", "-"}:
        return STRONG
    if last[-1] in ",)":
        return MARK
    if following.lower() in JOINING and last.lower() not in JOINING:
        return WORD
    return LAST + (1.0 if NAME.match(last) and NAME.match(following) else 0.0)
