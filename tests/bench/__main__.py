"""`make bench`: what a video costs here, what the director's door bears, how fair its shares are.

`python -m tests.bench --only load` measures one part, `python -m tests.bench ORDER` another order.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from tests.bench.fairness import measure_fairness
from tests.bench.load import measure_load
from tests.bench.video import measure_video

SAMPLE = Path("services/studio/samples/bulletin.yaml")


class Figures(Protocol):
    """What one part measured."""

    def tables(self) -> Sequence[Table]:
        """Return it for people."""
        ...

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        ...


PARTS: Mapping[str, Callable[[Namespace], Figures]] = {
    "video": lambda asked: measure_video(asked.order),
    "load": lambda _: measure_load(),
    "fairness": lambda _: measure_fairness(),
}


def main(asked: Namespace) -> None:
    """Measure part by part, print tables for people and one line of JSON for programs."""
    console, report = Console(highlight=False), {}
    for name in asked.only or PARTS:
        figures = PARTS[name](asked)
        for table in figures.tables():
            console.print()
            console.print(table)
        report[name] = figures.as_json()
    sys.stdout.write(f"{json.dumps(report)}\n")


def read_arguments() -> Namespace:
    """Return what is to be measured."""
    parser = ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("order", nargs="?", type=Path, default=SAMPLE, help="a video's order")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    return parser.parse_args()


if __name__ == "__main__":
    main(read_arguments())
