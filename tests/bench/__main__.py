"""`make bench`: what a video costs here, what the director's door bears, how fair its shares are,
and what the production line takes beside `rostrum produce`.

`python -m tests.bench --only load` measures one part, `python -m tests.bench ORDER` another order;
`--only line --videos 2 --seconds 15 --height 540` tries the line with little.
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

from tests.bench.editions import Size
from tests.bench.fairness import measure_fairness
from tests.bench.line import measure_line
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
    "line": lambda asked: measure_line(Size(asked.videos, asked.seconds, asked.height)),
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
    parser.add_argument("--videos", type=int, default=Size.videos, help="of the line")
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="of each of them")
    parser.add_argument("--height", type=int, default=Size.height, help="of their pictures")
    return parser.parse_args()


if __name__ == "__main__":
    main(read_arguments())
