"""Break the line a thousand times and look what it lost: `make chaos`.

First two lines that are broken on purpose must be caught, or the verdict on the whole one would be
worth nothing. Then real videos, then a long run of synthetic stages. The same seed gives the same
jobs and the same order of faults.
"""

from __future__ import annotations

import argparse
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


def main() -> int:
    """Run everything; return 0 where the broken lines were caught and the whole one held."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    asked = _parser().parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    deadline = time.monotonic() + asked.minutes * 60
    _say(f"seed {seed}: python -m tests.chaos --seed {seed} repeats jobs and faults")
    good = True
    if not asked.only_synthetic:
        for name, (build, plan) in RED_PLANS.items():
            good &= _is_caught(name, build, plan, seed)
        good &= _report("real videos", real(seed))
    plan = Plan(asked.kills, asked.freezes, asked.broker_kills, asked.database_kills, asked.every)
    left = deadline - time.monotonic()
    return 0 if _report("synthetic", synthetic(seed, asked.jobs, plan, left)) & good else 1


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


def _is_caught(name: str, build: Build, plan: Plan, seed: int) -> bool:
    verdict = synthetic(seed, RED_JOBS, plan, RED_SECONDS, build)
    _report(f"broken on purpose, {name}", verdict)
    if verdict.good:
        _say(f"NOT CAUGHT: a line with {name} passed; the harness sees nothing")
    return not verdict.good


def _report(name: str, verdict: Verdict) -> bool:
    for said in verdict.lines():
        _say(f"{name}: {said}")
    return verdict.good


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
    parser.add_argument("--only-synthetic", action="store_true", help="only the long run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
