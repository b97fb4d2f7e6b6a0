"""Chunks are long enough, short enough, and stay where they are when a sentence changes."""

import random
import statistics
from dataclasses import replace

from services.speech.domain.breaths import halves
from services.speech.domain.chunks import (
    BUDGET_SECONDS,
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    Piece,
    group,
    text_of,
)
from services.speech.domain.spoken import Part


def piece(chance: random.Random) -> Piece:
    pause = PARAGRAPH_PAUSE if chance.random() < 0.2 else SENTENCE_PAUSE
    words = " ".join(str(chance.random()) for _ in range(4))
    return Piece(words, chance.uniform(0.8, 8.0), pause)


def script(chance: random.Random) -> list[Piece]:
    return [piece(chance) for _ in range(chance.randint(10, 28))]


def texts(pieces: list[Piece]) -> list[str]:
    return [text_of(run) for run in group(pieces)]


def test_chunks_fit_the_budget_and_are_not_tiny() -> None:
    chance = random.Random(7)
    runs = [run for _ in range(200) for run in group(script(chance))]
    seconds = [sum(one.whole_seconds for one in run) for run in runs]
    assert max(seconds) <= BUDGET_SECONDS
    assert statistics.mean(seconds) >= 5.5, "many tiny chunks cost more than they carry"


def test_an_edit_inside_a_sentence_changes_at_most_three_chunks() -> None:
    chance = random.Random(8)
    changed = []
    for _ in range(600):
        before = script(chance)
        after = list(before)
        at = chance.randrange(len(after))
        words = f"{chance.random()} {before[at].text.split(maxsplit=1)[1]}"
        length = min(8.0, max(0.8, before[at].seconds * chance.uniform(0.7, 1.3)))
        after[at] = replace(before[at], text=words, seconds=length)
        kept = set(texts(before))
        changed.append(sum(text not in kept for text in texts(after)))
    assert max(changed) <= 3
    assert statistics.mean(changed) < 1.4


def test_a_new_or_rewritten_or_removed_sentence_stays_local_too() -> None:
    chance = random.Random(9)
    changed = []
    for _ in range(600):
        before = script(chance)
        at = chance.randrange(len(before))
        kept = set(texts(before))
        added = [*before[:at], piece(chance), *before[at:]]
        removed = [*before[:at], *before[at + 1 :]]
        rewritten = [*before[:at], piece(chance), *before[at + 1 :]]
        for other in (added, removed, rewritten):
            changed.append(sum(text not in kept for text in texts(other)))
    assert statistics.mean(changed) < 1.5
    assert sum(count > 3 for count in changed) <= len(changed) * 0.005


def test_the_same_words_over_and_over_still_make_full_chunks() -> None:
    runs = group([Piece("Buy now.", 1.0, SENTENCE_PAUSE)] * 5000)
    assert len(runs) < 1600


def test_a_paragraph_inside_a_chunk_stays_one() -> None:
    run = [Piece("One.", 1.0, PARAGRAPH_PAUSE), Piece("Two.", 1.0, SENTENCE_PAUSE)]
    assert text_of(run) == "One.\n\nTwo."


def test_a_long_sentence_breathes_at_a_comma_and_never_inside_a_number() -> None:
    text = "The town has built nine schools, and it has paid 52 000 euros a year for all of them"
    first, second = halves(text, [Part(49, 55, "fifty-two thousand")], "en")
    assert first.endswith("schools,")
    number = text.index("52 000")
    first, second = halves(text[33:], [Part(number - 33, number - 27, "")], "en")
    assert "52 000" in first or "52 000" in second
