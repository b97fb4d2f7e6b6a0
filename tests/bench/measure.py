"""Measures a command: wall, CPU, events and the memory of its whole process tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.5


@dataclass
class Measured:
    """What one run of `rostrum produce` cost."""

    wall_seconds: float
    cpu_seconds: float
    """User and system, of the command and everything it started."""
    peak_pss_bytes: int
    """Highest sum of the tree's proportional set sizes: shared pages count once."""
    events: list[dict[str, Any]] = field(repr=False)

    @property
    def video(self) -> dict[str, Any]:
        """The only video of the run, as the summary says it."""
        (video,) = self.events[-1]["videos"]
        assert video["status"] == "finished", video
        return dict(video)

    @property
    def by_stage(self) -> dict[str, tuple[int, float, float]]:
        """Tasks, seconds and CPU seconds of each stage."""
        sums: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        for event in self.events:
            if event["event"] == "task_ended":
                row = sums[event["stage"]]
                row[0] += 1
                row[1] += event["seconds"]
                row[2] += event["cpu_seconds"]
        return {stage: (int(n), wall, cpu) for stage, (n, wall, cpu) in sums.items()}


def produce(order: Path, out: Path, home: Path) -> Measured:
    """Run the command on one order with a home folder, and measure it."""
    command = [sys.executable, "-m", "services.studio", "produce", order, "-o", out, "--json"]
    begun = time.monotonic()
    with subprocess.Popen(
        list(map(str, command)),
        env={**os.environ, "ROSTRUM_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        peak = Peak(process.pid)
        peak.start()
        assert process.stdout is not None
        lines = process.stdout.readlines()
        peak.stop()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return Measured(
        wall_seconds=time.monotonic() - begun,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_pss_bytes=peak.highest,
        events=[json.loads(line) for line in lines],
    )


class Peak(threading.Thread):
    """Samples the memory of a process tree until it is told to stop."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._stopped = threading.Event()
        self.highest = 0

    def run(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            self.highest = max(self.highest, sum(map(pss_bytes, tree(self._root))))

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def tree(root: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield root
    try:
        tasks = list(Path(f"/proc/{root}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return  # it has ended
    for child in children:
        yield from tree(int(child))


def pss_bytes(process: int) -> int:
    """Return a process's proportional set size; 0 for one that has ended."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in rollup.splitlines())
    return sum(int(words[1]) * 1024 for words in lines if words[0] == "Pss:")
