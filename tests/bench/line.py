"""A day's work on one machine: videos through the production line, beside `rostrum produce`."""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from rich.table import Table
from sqlalchemy import select

from services.director.database import open_database, reading
from services.director.tables import tasks
from services.studio.settings import usable_cores
from tests.bench.editions import Size, write_orders
from tests.bench.floor import used_seconds
from tests.e2e.conftest import Rostrum, contents
from tests.e2e.lines import Line, children, name_of

LONGEST_SECONDS: Final = 6 * 3600.0
REST_SECONDS: Final = 60.0
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Run:
    """What making all videos took, until their files lay in a folder."""

    wall_seconds: float
    cpu_seconds: float

    @property
    def idle(self) -> float:
        """The share of the cores' time that it left unused."""
        return 1 - self.cpu_seconds / (self.wall_seconds * usable_cores())


@dataclass(frozen=True)
class Gaps:
    """How a line's drawing processes spent the time from their first chunk to their last."""

    idle: float
    """Share without a task."""
    sending_ms: float
    """Mean time from a task's sending to its beginning, where nothing else was in hand."""


@dataclass(frozen=True)
class Comparison:
    """The same videos made in both ways."""

    size: Size
    video_seconds: float
    produced: Run
    led: Run
    same_bytes: bool
    gaps: Gaps
    working: Mapping[str, float]
    """CPU seconds of each process of the line, with all it started, while it worked."""
    resting: Mapping[str, float]
    """CPU ms a second of each while there was nothing to do."""

    @property
    def ratio(self) -> float:
        """The line's time, where that of `rostrum produce` is 1."""
        return self.led.wall_seconds / self.produced.wall_seconds

    @property
    def videos_a_day(self) -> float:
        """How many such videos the line makes in 24 hours."""
        return self.size.videos * DAY_SECONDS / self.led.wall_seconds

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        idle = {"produce": self.produced.idle, "line": self.led.idle}
        return asdict(self) | {
            "ratio": self.ratio, "idle": idle, "videos_a_day": self.videos_a_day
        }  # fmt: skip

    def tables(self) -> Sequence[Table]:
        """Return it for people."""
        return self._runs(), self._processes()

    def _runs(self) -> Table:
        size, count = self.size, self.size.videos
        title = f"{count} videos, {self.video_seconds:.0f} s in all, at {size.height} lines"
        table = Table("", "wall s", "CPU s", "cores idle", "videos a day", title=title, box=None)
        for name, run in (("rostrum produce", self.produced), ("the line", self.led)):
            a_day = count * DAY_SECONDS / run.wall_seconds
            cells = (f"{run.wall_seconds:.1f}", f"{run.cpu_seconds:.1f}", f"{run.idle:.1%}")
            table.add_row(name, *cells, f"{a_day:,.0f}")
        table.add_row("the line / produce", f"{self.ratio:.3f}")
        table.add_row("same bytes", "yes" if self.same_bytes else "NO")
        table.add_row("drawing processes without a task", f"{self.gaps.idle:.1%}")
        table.add_row("from sending to beginning, ms", f"{self.gaps.sending_ms:.0f}")
        return table

    def _processes(self) -> Table:
        table = Table("process of the line", "CPU s at work", "CPU ms/s at rest", box=None)
        for name, seconds in self.working.items():
            table.add_row(name, f"{seconds:.1f}", f"{self.resting[name]:.1f}")
        sums = (sum(self.working.values()), sum(self.resting.values()))
        table.add_row("all", *(f"{each:.1f}" for each in sums))
        return table


def measure_line(size: Size) -> Comparison:
    """Make the same videos in both ways, in homes of their own, where nothing was made before."""
    with tempfile.TemporaryDirectory(prefix="rostrum-day-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        plan = write_orders(size, folder)
        made: list[dict[str, Any]] = []
        produced = timed(lambda: made.extend(produce(folder)))
        line = Line(folder / "line-home")
        try:
            line.wait()
            resting = {name: 1000 * s / REST_SECONDS for name, s in during(line, rest).items()}
            led, working = lead(line, plan, folder)
            gaps = gaps_of(line)
            line.stop()
        finally:
            line.end()
        same = all(
            contents(folder / "produced" / video["name"])
            == contents(folder / "got" / video["name"])
            for video in made
        )
        seconds = sum(video["video_seconds"] for video in made)
    return Comparison(size, seconds, produced, led, same, gaps, working, resting)


def produce(folder: Path) -> list[dict[str, Any]]:
    """Make the videos by one command, and return what its summary says of each."""
    rostrum, out = Rostrum(folder / "home"), folder / "produced"
    run = rostrum("produce", folder / "orders", "-o", out, "--json", seconds=LONGEST_SECONDS)
    assert run.code == 0, run.out
    return list(run.videos.values())


def lead(line: Line, plan: Path, folder: Path) -> tuple[Run, dict[str, float]]:
    """Have the line make them, and return what it took in all and of each process."""

    def work() -> None:
        accepted = line("submit", plan, "--json").events[0]["id"]
        assert line("watch", accepted, seconds=LONGEST_SECONDS).code == 0
        assert line("get", accepted, "-o", folder / "got", seconds=LONGEST_SECONDS).code == 0

    runs: list[Run] = []
    working = during(line, lambda: runs.append(timed(work)))
    commands = runs[0].cpu_seconds
    return Run(runs[0].wall_seconds, commands + sum(working.values())), working


def timed(work: Callable[[], object]) -> Run:
    """Return what some commands took; a line that goes on meanwhile is not in its CPU time."""
    began, before = time.monotonic(), used_seconds()
    work()
    return Run(time.monotonic() - began, used_seconds() - before)


def rest() -> None:
    time.sleep(REST_SECONDS)


def during(line: Line, work: Callable[[], object]) -> dict[str, float]:
    """Return what CPU each process of a line, with all it started, uses meanwhile."""
    before = used_by_process(line)
    work()
    return {name: used - before[name] for name, used in used_by_process(line).items()}


def used_by_process(line: Line) -> dict[str, float]:
    """Return the CPU seconds that each process of a line has used; the line's own is "line"."""
    used = {name_of(each): sum(map(cpu_seconds, tree(each))) for each in children(line.process.pid)}
    return {"line": cpu_seconds(line.process.pid), **used}


def tree(root: int) -> Iterator[int]:
    yield root
    for child in children(root):
        yield from tree(child)


def cpu_seconds(process: int) -> float:
    """Return what a process has used, and those of its children that have ended."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:  # it has just ended
        return 0.0
    return sum(map(int, text.rpartition(")")[2].split()[11:15])) / os.sysconf("SC_CLK_TCK")


def gaps_of(line: Line) -> Gaps:
    """Read from the director's tables what its drawing processes waited for."""
    engine = open_database(line.doors["database"])
    times = (tasks.c.worker, tasks.c.sent_ms, tasks.c.started_ms, tasks.c.ended_ms)
    drawn = select(*times).where(tasks.c.stage == "compositing", tasks.c.ended_ms.is_not(None))
    by_worker: defaultdict[str, list[Any]] = defaultdict(list)
    with reading(engine) as connection:
        for row in connection.execute(drawn.order_by(tasks.c.started_ms)):
            by_worker[row.worker].append(row)
    engine.dispose()
    whole = idle = 0
    sending = []
    for rows in by_worker.values():
        whole += rows[-1].ended_ms - rows[0].started_ms
        for before, after in pairwise(rows):
            idle += max(after.started_ms - before.ended_ms, 0)
            if after.sent_ms > before.ended_ms:
                sending.append(after.started_ms - after.sent_ms)
    return Gaps(idle / max(whole, 1), sum(sending) / max(len(sending), 1))
