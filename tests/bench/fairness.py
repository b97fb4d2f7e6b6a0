"""How long a single video waits beside other channels' hundreds: a simulation in virtual time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from rich.table import Table

from services.director.fairness import MOST_URGENT, Candidate
from tests.unit.director.simulation import CHUNK_SECONDS, Simulation, chunks, flow

CHANNELS: Final = 50
VIDEOS: Final = 190
CHUNKS: Final = 10
"""Of a video of 90 s, in work one after the other or side by side."""
SLOTS: Final = (2, 8, 32)
WARM_SECONDS: Final = 1_985.0


@dataclass(frozen=True)
class Waits:
    """Times in chunks: how long a worker draws at one."""

    urgent_first: float
    """Until the first chunk of an urgent single video was begun, beside all channels."""
    urgent_last: float
    """Until its last chunk was begun."""
    single_longest: float
    """The longest that a usual single's chunk waited, beside one channel's videos."""
    spread: float
    """Between the channel that was served most and the one served least."""


@dataclass(frozen=True)
class Fairness:
    """Waits by the number of workers."""

    waits: Mapping[int, Waits]

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {str(slots): asdict(waits) for slots, waits in self.waits.items()}

    def tables(self) -> Sequence[Table]:
        """Return it for people."""
        title = f"{CHANNELS} channels with {VIDEOS} videos each, and a single one; in chunk times"
        rows = ("urgent: first chunk", "urgent: last", "usual, beside 190: longest", "spread")
        table = Table("workers", *rows, title=title, box=None)
        for slots, waits in self.waits.items():
            table.add_row(str(slots), *(f"{value:.1f}" for value in asdict(waits).values()))
        return [table]


def measure_fairness() -> Fairness:
    """Simulate lines of several sizes."""
    return Fairness(
        {slots: Waits(*_urgent(slots), _usual(slots), _spread(slots)) for slots in SLOTS}
    )


def _urgent(slots: int) -> tuple[float, float]:
    line = _crowded(slots)
    asked, single = line.clock, chunks(flow(CHANNELS), CHUNKS, priority=MOST_URGENT)
    line.add(single)
    while single[-1].key not in line.begun:
        line.run(line.clock + CHUNK_SECONDS)
    return _waited(line, single[0], asked), _waited(line, single[-1], asked)


def _usual(slots: int) -> float:
    """Ask for each chunk as soon as the one before is drawn."""
    line, waits = Simulation(slots), []
    line.add(chunks(flow(0), VIDEOS * CHUNKS))
    line.run(WARM_SECONDS / 4)
    for chunk in chunks(flow(1), CHUNKS):
        asked = line.clock
        line.add([chunk])
        while chunk.key not in line.begun:
            line.run(line.clock + CHUNK_SECONDS / 20)
        waits.append(_waited(line, chunk, asked))
        line.run(line.begun[chunk.key] + CHUNK_SECONDS)
    return max(waits)


def _spread(slots: int) -> float:
    line = _crowded(slots)
    served = [line.served[flow(number)] for number in range(CHANNELS)]
    return (max(served) - min(served)) / CHUNK_SECONDS


def _crowded(slots: int) -> Simulation:
    line = Simulation(slots)
    for number in range(CHANNELS):
        line.add(chunks(flow(number), VIDEOS * CHUNKS))
    line.run(WARM_SECONDS)
    return line


def _waited(line: Simulation, chunk: Candidate, asked: float) -> float:
    return (line.begun[chunk.key] - asked) / CHUNK_SECONDS
