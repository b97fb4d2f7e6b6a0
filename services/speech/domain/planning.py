"""A script as chunks that each last at most 10 s when this voice speaks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import Invalid
from services.speech.domain import syllables
from services.speech.domain.breaths import halves
from services.speech.domain.chunks import (
    BREATH_PAUSE,
    CHUNK_SECONDS,
    CHUNKS_LIMIT,
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    Piece,
    group,
    parted,
    text_of,
)
from services.speech.domain.performance import Reading
from services.speech.domain.sentences import Sentence, sentences

LONGEST_PIECE: Final = CHUNK_SECONDS - 0.1
ESTIMATE_MARGIN: Final = 1.4
"""So far may counting syllables lead astray."""
BATCH: Final = 64
"""Texts that one call of the voice says: keeps its answer to a few megabytes."""


@dataclass(frozen=True)
class Cut:
    """A chunk as it is planned."""

    text: str
    pause: int
    """Milliseconds of silence behind it."""


def plan(script: str, reading: Reading, syllables_per_second: float) -> list[Cut]:
    """Return the chunks of a script. Raises Invalid for what cannot be cut, or too many chunks."""
    sayable = syllables_per_second * LONGEST_PIECE * ESTIMATE_MARGIN
    pieces = [
        piece
        for sentence in sentences(script, reading.language)
        for piece in _sayable(_piece(sentence), reading, sayable)
    ]
    runs = group(_measured(pieces, reading))
    _check_count(len(runs))
    cuts = [cut for run in runs for cut in _fitting(run, reading)]
    _check_count(len(cuts))
    return cuts


def _check_count(count: int) -> None:
    if count > CHUNKS_LIMIT:
        remedy = f"{count:,} chunks; at most {CHUNKS_LIMIT:,}: make several videos"
        raise Invalid("script", "TOO_MANY_CHUNKS", remedy)


def _piece(sentence: Sentence) -> Piece:
    pause = PARAGRAPH_PAUSE if sentence.ends_paragraph else SENTENCE_PAUSE
    return Piece(sentence.text, 0.0, pause)


def _sayable(piece: Piece, reading: Reading, most: float) -> list[Piece]:
    """Cut by its syllables what is surely too long, so that no voice is asked for minutes."""
    spoken = reading.spoken(piece.text).text
    if syllables.count(spoken, reading.language) <= most:
        return [piece]
    return [part for half in _halved(piece, reading) for part in _sayable(half, reading, most)]


def _measured(pieces: Sequence[Piece], reading: Reading) -> list[Piece]:
    """Speak every piece and cut those again that came out too long."""
    texts = [reading.spoken(piece.text).text for piece in pieces]
    spoken = [
        one for i in range(0, len(texts), BATCH) for one in reading.speak(texts[i : i + BATCH])
    ]
    measured: list[Piece] = []
    for piece, utterance in zip(pieces, spoken, strict=True):
        spoken_piece = replace(piece, seconds=utterance.seconds)
        if spoken_piece.whole_seconds > LONGEST_PIECE:
            measured += _measured(_halved(piece, reading), reading)
        else:
            measured.append(spoken_piece)
    return measured


def _fitting(run: Sequence[Piece], reading: Reading) -> list[Cut]:
    """Speak a chunk as it will be spoken, and cut it again where that takes too long."""
    performance = reading.perform(text_of(run))
    pause = run[-1].pause
    if performance.end / performance.rate + pause / 1000 <= CHUNK_SECONDS:
        return [Cut(text_of(run), pause)]
    halved = parted(run) if len(run) > 1 else [[one] for one in _halved(run[0], reading)]
    return [cut for half in halved for cut in _fitting(half, reading)]


def _halved(piece: Piece, reading: Reading) -> list[Piece]:
    first, second = halves(piece.text, reading.parts(piece.text), reading.language)
    return [Piece(first, 0.0, BREATH_PAUSE), Piece(second, 0.0, piece.pause)]
