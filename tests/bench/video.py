"""What a 90-s video costs here, cold and with its presenter ready, against x264 alone."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from services.studio.documents import read_document
from tests.bench.floor import Floor, measure_floor
from tests.bench.measure import Measured, produce

MIB = 2**20


@dataclass(frozen=True)
class Costs:
    """What one video cost."""

    cold: Measured
    cached: Measured
    """With the presenter made ready before."""
    floor: Floor

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "video_seconds": self.cold.video["video_seconds"],
            "cores": os.cpu_count(),
            "cold": run_json(self.cold, self.floor),
            "cached": run_json(self.cached, self.floor),
            "floor": asdict(self.floor),
        }

    def tables(self) -> Sequence[Table]:
        """Return it for people."""
        return self._stages(), self._whole()

    def _stages(self) -> Table:
        seconds, cores = self.cold.video["video_seconds"], os.cpu_count()
        title = f"{seconds:.1f} s of 1080p video, {platform.machine()}, {cores} cores"
        columns = ("stage", "tasks", "wall s", "CPU s", "cached: tasks", "wall s", "CPU s")
        table = Table(*columns, title=title, box=None)
        for stage, (tasks, wall, cpu) in self.cold.by_stage.items():
            again = self.cached.by_stage.get(stage, (0, 0.0, 0.0))
            later = (again[0], f"{again[1]:.1f}", f"{again[2]:.1f}")
            table.add_row(*map(str, (stage, tasks, f"{wall:.1f}", f"{cpu:.1f}", *later)))
        return table

    def _whole(self) -> Table:
        seconds, floor = self.cold.video["video_seconds"], self.floor
        table = Table("", "wall s", "x real time", "CPU s", "CPU / floor", "peak PSS MiB", box=None)
        for name, run in (("cold", self.cold), ("presenter cached", self.cached)):
            ratio, memory = run.cpu_seconds / floor.encoding_cpu_seconds, run.peak_pss_bytes / MIB
            cells = (run.wall_seconds, seconds / run.wall_seconds, run.cpu_seconds, ratio)
            table.add_row(name, *(f"{cell:.2f}" for cell in cells), f"{memory:.0f}")
        wall, cpu = floor.encoding_wall_seconds, floor.encoding_cpu_seconds
        table.add_row("x264 alone, one thread", f"{wall:.2f}", "", f"{cpu:.2f}")
        table.add_row("drawing alone, one thread", "", "", f"{floor.drawing_cpu_seconds:.2f}")
        return table


def measure_video(sample: Path) -> Costs:
    """Measure an order at 1080p."""
    with tempfile.TemporaryDirectory(prefix="rostrum-bench-") as scratch:
        folder = Path(scratch)
        cold = produce(sample, folder / "out", folder / "home")
        produce(warm_up(sample, folder), folder / "other", folder / "cached")
        cached = produce(sample, folder / "again", folder / "cached")
        floor = measure_floor(Path(cold.video["dir"], "production.json"), folder / "home")
    return Costs(cold, cached, floor)


def warm_up(sample: Path, folder: Path) -> Path:
    """Write an order that makes the same presenter ready, and little else."""
    fields = read_document(sample).fields
    fields |= {"name": "warm-up", "script": "Hello.", "formats": [{"aspect": "1:1", "height": 360}]}
    order = folder / "warm-up.json"
    order.write_text(json.dumps(fields), encoding="utf-8")
    return order


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
