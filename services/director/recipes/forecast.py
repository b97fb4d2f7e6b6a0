"""What a talking head is expected to need from first to last, for progress bars and budgets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rostrum.director.v1.director_pb2 import Commission

from services.director.recipes import Planned, costs
from services.director.recipes.timing import LEAD_SECONDS, TAIL_SECONDS


def outline(commission: Commission, chunks: Sequence[str]) -> tuple[Planned, ...]:
    """Return every step; its names are those of the recipe.

    chunks: the texts, once the script is cut; before that, their number is guessed from its length.
    """
    seconds = [costs.spoken_seconds(text) for text in chunks or guessed_chunks(commission)]
    return (*admission(commission), *presenter(), *performance(commission, seconds))


def guessed_chunks(commission: Commission) -> list[str]:
    """Return the script in about as many pieces as it will be cut into."""
    script = commission.order.script
    count = costs.chunk_count(script)
    return [script[len(script) * i // count : len(script) * (i + 1) // count] for i in range(count)]


def admission(commission: Commission) -> Iterator[Planned]:
    """Yield the checks of what comes from outside."""
    yield Planned("motion", "motion/portrait", costs.PORTRAIT)
    if commission.HasField("motion"):
        yield Planned("motion", "motion/template", costs.PORTRAIT)
    if commission.channel.HasField("logo"):
        yield Planned("compositing", "compositing/logo", costs.IMPORT)
    yield Planned("compositing", "compositing/scene", costs.CHECK_SCENE)
    if commission.HasField("recording"):
        yield Planned("speech", "speech/recording", costs.IMPORT)
    yield Planned("speech", "speech/plan", costs.PLAN)


def presenter() -> Iterator[Planned]:
    """Yield what is done once for a presenter."""
    yield Planned("motion", "motion/rig", costs.RIG)
    yield Planned("restoration", "restoration/rig", costs.RESTORE)
    yield Planned("motion", "motion/loop", costs.LOOP)


def performance(commission: Commission, seconds: Sequence[float]) -> Iterator[Planned]:
    """Yield what is done for each chunk, and the joining."""
    order = commission.order
    for number, length in enumerate(padded(seconds), 1):
        yield Planned("speech", f"speech/{number}", costs.SPEAK)
        yield Planned("lipsync", f"lipsync/{number}", costs.SYNC)
        yield Planned("motion", f"motion/{number}", costs.ACCENTS)
        weight = costs.composite(length, order.frame_rate, order.formats)
        yield Planned("compositing", f"compositing/{number}", weight)
    weight = costs.join(sum(padded(seconds)), len(order.formats))
    yield Planned("compositing", "compositing/join", weight)


def padded(seconds: Sequence[float]) -> list[float]:
    """Return the lengths with the silence before the first word and after the last."""
    lengths = list(seconds)
    lengths[0] += float(LEAD_SECONDS)
    lengths[-1] += float(TAIL_SECONDS)
    return lengths
