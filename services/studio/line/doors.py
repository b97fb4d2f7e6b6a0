"""Where a line's doors are: for the commands that talk to it, and for people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.studio.delivery import write_whole
from services.studio.line.plan import DIRECTOR, Seat


def write_doors(path: Path, seats: Sequence[Seat], others: Mapping[str, str]) -> None:
    """Write down where everything is; `others` by name: brokers, database, store, Prometheus."""
    write_whole(path, json.dumps(doors(seats, others), indent=2).encode())


def doors(seats: Sequence[Seat], others: Mapping[str, str]) -> dict[str, Any]:
    """Return where everything is."""
    director = next(seat for seat in seats if seat.service == DIRECTOR)
    return {
        "pid": os.getpid(),
        "director": director.address,
        "services": {seat.name: seat.address for seat in seats},
        "ops": {seat.name: seat.ops_address for seat in seats},
        **others,
    }


def door_rows(seats: Sequence[Seat], others: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what a person reads: a name, where it is, and its ops port."""
    yield ("", "gRPC", "metrics, health")
    for seat in seats:
        yield (seat.name, seat.address, f"http://{seat.ops_address}")
    for name, address in others.items():
        yield (name, address, "")
