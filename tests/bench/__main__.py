"""`make bench`: what a 90-s video costs here, against x264 alone, and what the door bears."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.studio.documents import read_document
from tests.bench.floor import Floor, measure_floor
from tests.bench.load import measure_load
from tests.bench.measure import Measured, produce

SAMPLE = Path("services/studio/samples/bulletin.yaml")
MIB = 2**20


def main(sample: Path) -> None:
    """Measure an order at 1080p, print a table for people and one line of JSON for programs."""
    with tempfile.TemporaryDirectory(prefix="rostrum-bench-") as scratch:
        folder = Path(scratch)
        cold = produce(sample, folder / "out", folder / "home")
        produce(warm_up(sample, folder), folder / "other", folder / "cached")
        cached = produce(sample, folder / "again", folder / "cached")
        floor = measure_floor(Path(cold.video["dir"], "production.json"), folder / "home")
    console = Console(highlight=False)
    print_tables(console, cold, cached, floor)
    loads = measure_load()
    console.print()
    console.print(loads.table())
    report = as_json(cold, cached, floor) | {"door": loads.as_json()}
    sys.stdout.write(f"{json.dumps(report)}\n")


def warm_up(sample: Path, folder: Path) -> Path:
    """Write an order that makes the same presenter ready, and little else."""
    fields = read_document(sample).fields
    fields |= {"name": "warm-up", "script": "Hello.", "formats": [{"aspect": "1:1", "height": 360}]}
    order = folder / "warm-up.json"
    order.write_text(json.dumps(fields), encoding="utf-8")
    return order


def print_tables(console: Console, cold: Measured, cached: Measured, floor: Floor) -> None:
    """Print what was measured."""
    seconds = cold.video["video_seconds"]
    cores = os.cpu_count()
    console.print(f"\n{seconds:.1f} s of 1080p video, {platform.machine()}, {cores} cores\n")
    stages = Table(
        "stage", "tasks", "wall s", "CPU s", "cached: tasks", "wall s", "CPU s", box=None
    )
    for stage, (tasks, wall, cpu) in cold.by_stage.items():
        again = cached.by_stage.get(stage, (0, 0.0, 0.0))
        cells = (tasks, f"{wall:.1f}", f"{cpu:.1f}", again[0], f"{again[1]:.1f}", f"{again[2]:.1f}")
        stages.add_row(stage, *map(str, cells))
    console.print(stages)
    whole = Table("", "wall s", "x real time", "CPU s", "CPU / floor", "peak PSS MiB", box=None)
    for name, run in (("cold", cold), ("presenter cached", cached)):
        ratio = run.cpu_seconds / floor.encoding_cpu_seconds
        memory = run.peak_pss_bytes / MIB
        cells = (run.wall_seconds, seconds / run.wall_seconds, run.cpu_seconds, ratio)
        whole.add_row(name, *(f"{cell:.2f}" for cell in cells), f"{memory:.0f}")
    floor_wall, floor_cpu = floor.encoding_wall_seconds, floor.encoding_cpu_seconds
    whole.add_row("x264 alone, one thread", f"{floor_wall:.2f}", "", f"{floor_cpu:.2f}")
    whole.add_row("drawing alone, one thread", "", "", f"{floor.drawing_cpu_seconds:.2f}")
    console.print()
    console.print(whole)


def as_json(cold: Measured, cached: Measured, floor: Floor) -> dict[str, object]:
    """Return what was measured, for programs."""
    return {
        "video_seconds": cold.video["video_seconds"],
        "cores": os.cpu_count(),
        "cold": run_json(cold, floor),
        "cached": run_json(cached, floor),
        "floor": asdict(floor),
    }


def run_json(run: Measured, floor: Floor) -> dict[str, object]:
    """Return one run."""
    return {
        "wall_seconds": run.wall_seconds,
        "cpu_seconds": run.cpu_seconds,
        "ratio": run.cpu_seconds / floor.encoding_cpu_seconds,
        "peak_pss_bytes": run.peak_pss_bytes,
        "stages": {
            stage: {"tasks": tasks, "wall_seconds": wall, "cpu_seconds": cpu}
            for stage, (tasks, wall, cpu) in run.by_stage.items()
        },
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
