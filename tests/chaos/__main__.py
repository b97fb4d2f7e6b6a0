"""Break the line a thousand times and look what it lost: `make chaos`.

First two lines that are broken on purpose must be caught, or the verdict on the whole one would be
worth nothing. Then real videos, then a long run of synthetic stages. The same seed gives the same
jobs and the same order of faults.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.chaos.campaign import Campaign, Verdict
from tests.chaos.faults import Plan
from tests.chaos.jobs import Files, Job, expected, make_jobs
from tests.chaos.line import ACK_FIRST, REAL, UNFENCED, WHOLE, Build, Line
from tests.chaos.real import make_real_jobs, produced, write_orders
from tests.chaos.synthetic import STAGES

WORKERS: Final = dict.fromkeys(STAGES, 2)
"""So that a task can always go to another one."""
RED_JOBS: Final = 60
RED_PLANS: Final[Mapping[str, tuple[Build, Plan]]] = {
    "offsets before reports": (ACK_FIRST, Plan(kills=30, every_seconds=1.5)),
    "no fencing": (UNFENCED, Plan(freezes=15, every_seconds=3.0)),
}
RED_SECONDS: Final = 400.0
REAL_VIDEOS: Final = 8
REAL_PLAN: Final = Plan(kills=12, freezes=3, broker_kills=1, database_kills=1, every_seconds=4.0)
REAL_SECONDS: Final = 600.0
BROKEN: Final = "broken on purpose: "
"""Begins the names of runs that must fail."""
VERDICT_SECONDS: Final = 300.0
"""What the last run may take from its last job to its verdict."""


def main() -> int:
    """Run everything; return 0 where the broken lines were caught and the whole one held."""
    asked = _parser().parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    began = time.monotonic()
    for sign in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(sign, _leave)
    signal.alarm(int(asked.minutes * 60))
    _say(f"seed {seed}: python -m tests.chaos --seed {seed} repeats jobs and faults")
    runs: dict[str, Verdict] = {}
    for name, verdict in _runs(asked, seed, began + asked.minutes * 60):
        runs[name] = verdict
        _report(name, verdict)
    good = all(verdict.good != name.startswith(BROKEN) for name, verdict in runs.items())
    figures = {name: verdict.figures() for name, verdict in runs.items()}
    took = round(time.monotonic() - began)
    sys.stdout.write(json.dumps({"seed": seed, "good": good, "seconds": took, "runs": figures}))
    sys.stdout.write("\n")
    return 0 if good else 1


def _runs(asked: argparse.Namespace, seed: int, deadline: float) -> Iterator[tuple[str, Verdict]]:
    """Do one run after another, and yield what came of each."""
    if asked.only in {"", "broken"}:
        for name, (build, plan) in RED_PLANS.items():
            yield f"{BROKEN}{name}", synthetic(seed, RED_JOBS, plan, RED_SECONDS, build)
    if asked.only in {"", "real"}:
        yield "real videos", real(seed)
    if asked.only in {"broken", "real"}:
        return
    plan = Plan(asked.kills, asked.freezes, asked.broker_kills, asked.database_kills, asked.every)
    left = deadline - VERDICT_SECONDS - time.monotonic()
    yield "synthetic", synthetic(seed, asked.jobs, plan, left)


def _leave(number: int, _: object) -> None:
    """End, with all that was started."""
    signal.alarm(0)
    sys.exit("the time is over" if number == signal.SIGALRM else "told to stop")


def synthetic(seed: int, count: int, plan: Plan, seconds: float, build: Build = WHOLE) -> Verdict:
    """Run jobs of synthetic stages through a line that is broken as planned."""
    jobs = make_jobs(seed, count)
    wanted = {job.id: expected(job) for job in jobs}
    with _folder() as folder:
        line = Line(folder / "line", build, workers=WORKERS)
        return _campaign(line, wanted, jobs, seed).run(plan, seconds, _say)


def real(seed: int, plan: Plan = REAL_PLAN) -> Verdict:
    """Run real videos through a line, and compare them with what the command makes alone."""
    with _folder() as folder:
        orders = write_orders(folder / "orders", REAL_VIDEOS)
        wanted = produced(orders, folder / "home", folder / "out")
        jobs = make_real_jobs(orders, folder / "home")
        return _campaign(Line(folder / "line", REAL), wanted, jobs, seed).run(
            plan, REAL_SECONDS, _say
        )


def _campaign(line: Line, wanted: Mapping[str, Files], jobs: list[Job], seed: int) -> Campaign:
    return Campaign(line, wanted, jobs, seed)


def _report(name: str, verdict: Verdict) -> None:
    for said in verdict.lines():
        _say(f"{name}: {said}")
    if verdict.good and name.startswith(BROKEN):
        _say(f"NOT CAUGHT: {name} passed; the harness sees nothing")


@contextmanager
def _folder() -> Iterator[Path]:
    """Lend a folder that other users may enter: PostgreSQL must not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="rostrum-chaos-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    numbers: Mapping[str, tuple[Callable[[str], float], float]] = {
        "jobs": (int, 1000),
        "kills": (int, 200),
        "freezes": (int, 60),
        "broker-kills": (int, 5),
        "database-kills": (int, 5),
        "every": (float, 5.0),
        "minutes": (float, 60.0),
    }
    for name, (kind, usual) in numbers.items():
        parser.add_argument(f"--{name}", type=kind, default=usual)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", choices=("broken", "real", "synthetic"), default="")
    return parser


if __name__ == "__main__":
    sys.exit(main())
