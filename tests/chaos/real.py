"""Real videos, short and small, and what the command makes of them on one machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rostrum.director.v1.director_pb2 import Commission, MediaFile
from rostrum.director.v1.production_pb2 import CreateVideoRequest

from services.chassis.store import Store, digest_of
from services.studio.documents import read_documents
from services.studio.library import Library
from services.studio.orders import Reader, read_jobs
from tests.chaos.jobs import File, Files, Job
from tests.chaos.processes import ROOT

PRESENTERS: Final = ("amara", "ingrid", "jun", "malik")
SCRIPTS: Final = (
    "The bridge at Nordhaven opens on Monday. Ferries keep their timetable.",
    "Rain in the north, and sun by noon. Tomorrow brings more of the same.",
    "The council met last night. It voted for the new library.",
    "A night ferry needs a master. Apply by the third of March.",
)
PRODUCE_SECONDS: Final = 600


def write_orders(folder: Path, count: int) -> list[Path]:
    """Write as many order files, each of a video of a few seconds at 360 lines."""
    folder.mkdir(parents=True)
    return [_write(folder / f"real-{number}.json", _order(number)) for number in range(count)]


def make_real_jobs(orders: list[Path], home: Path) -> list[Job]:
    """Return the orders as jobs, with the files that they name."""
    store = Store.in_memory()
    jobs = read_jobs(read_documents(orders), Reader(Library(store, home)))
    commissions = [job.commission for job in jobs if job.commission is not None]
    assert len(commissions) == len(orders), [job.complaints for job in jobs]
    return [_job(commission, store) for commission in commissions]


def produced(orders: list[Path], home: Path, out: Path) -> dict[str, Files]:
    """Return the files that `rostrum produce` makes of the orders, by order name."""
    command = [sys.executable, "-m", "services.studio", "produce", *map(str, orders)]
    settings = {**os.environ, "ROSTRUM_HOME": str(home)}
    subprocess.run(
        [*command, "-o", str(out)], cwd=ROOT, env=settings, check=True, timeout=PRODUCE_SECONDS,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return {folder.name: dict(_digests(folder)) for folder in out.iterdir() if folder.is_dir()}


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.iterdir():
        if path.name != "production.json":
            yield path.name, digest_of(path.read_bytes())


def _order(number: int) -> dict[str, Any]:
    return {
        "name": f"real-{number}",
        "presenter": PRESENTERS[number % len(PRESENTERS)],
        "channel": "nordhaven",
        "script": SCRIPTS[number % len(SCRIPTS)],
        "data": {"title": f"Real {number}"},
        "formats": [{"aspect": "16:9", "height": 360}],
    }


def _write(path: Path, order: dict[str, Any]) -> Path:
    path.write_text(json.dumps(order), encoding="utf-8")
    return path


def _job(commission: Commission, store: Store) -> Job:
    order = commission.order
    order.presenter, order.channel = commission.presenter.name, commission.channel.name
    request = CreateVideoRequest(
        request_id=order.name,
        order=order,
        presenter=commission.presenter,
        channel=commission.channel,
    )
    return Job(
        request, tuple(File(store.intake.get(f.digest), f.extension) for f in _files(commission))
    )


def _files(commission: Commission) -> Iterator[MediaFile]:
    yield commission.presenter.portrait
    if commission.channel.HasField("logo"):
        yield commission.channel.logo
