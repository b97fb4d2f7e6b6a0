"""Every sample on every shipped presenter in every format, made and measured: `make samples`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import yaml
from google.protobuf.json_format import MessageToDict

from services.director.storylines import storyline
from tests.e2e.gates import GATES, failed
from tests.e2e.measure import measure
from tests.e2e.programme import timing_of

STUDIO: Final = Path("services/studio")
SAMPLES: Final = STUDIO / "samples"
PRESENTERS: Final = tuple(sorted(p.name for p in (STUDIO / "presenters").iterdir() if p.is_dir()))
ASPECTS: Final = ("16:9", "9:16", "1:1")
GATED_SECONDS: Final = 10
"""Gates are set for videos of at least so long."""


def samples() -> Iterator[dict[str, Any]]:
    """Yield every shipped order."""
    for path in sorted(SAMPLES.rglob("*.yaml")):
        if path.name not in {"channel.yaml", "rundown.yaml"}:
            yield yaml.safe_load(path.read_text())
    for line in (SAMPLES / "batch.jsonl").read_text().splitlines():
        yield json.loads(line)
    for path in sorted((SAMPLES / "job-data").glob("*.json")):
        order = MessageToDict(storyline("job-ad", json.loads(path.read_text())))
        yield {**order, "name": f"data-{path.stem}"}


def orders(height: int) -> Iterator[dict[str, Any]]:
    """Yield every sample on every presenter, in all formats at one height."""
    formats = [{"aspect": aspect, "height": height} for aspect in ASPECTS]
    for number, sample in zip(count(1), samples()):
        for presenter in PRESENTERS:
            name = f"{number:02d}-{sample['name']}-{presenter}"
            own = {key: value for key, value in sample.items() if key not in {"voice", "quality"}}
            yield {**own, "name": name, "presenter": presenter, "formats": formats}


def produce(written: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Make the videos, and return what the summary says of them."""
    (folder / "channels").unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "channels").symlink_to((SAMPLES / "channels").resolve())
    batch = folder / "orders.jsonl"
    batch.write_text("".join(json.dumps(order) + "\n" for order in written))
    made = subprocess.run(
        [sys.executable, "-m", "services.studio", "produce", batch, "-o", folder, "--json"],
        env={**os.environ, "ROSTRUM_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    summary: list[dict[str, Any]] = json.loads(made.stdout.splitlines()[-1])["videos"]
    return summary


def judge(made: dict[str, Any], folder: Path, aspects: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what each of a video's formats measures, and which gates it fails."""
    cv2.setNumThreads(1)
    presenter = made["name"].rsplit("-", 1)[1]
    record = Path(made["dir"], "production.json")
    portrait = STUDIO / "presenters" / presenter / "portrait.png"
    timing = timing_of(record, folder / "home")
    verdicts = []
    for path in sorted(Path(made["dir"]).glob("*.mp4")):
        if not any(aspect.replace(":", "x") in path.name for aspect in aspects):
            continue
        found = measure(path, timing, portrait)
        verdicts.append({"video": path.name, "found": found, "failed": sorted(failed(found))})
    return verdicts


def report(verdicts: list[dict[str, Any]]) -> str:
    """Return the range of every gated number over all videos, and what fell out of its gate."""
    lines = [f"{'probe':18}{'least':>9}{'most':>9}   gate"]
    for name, gate in GATES.items():
        values = [verdict["found"][name] for verdict in verdicts if name in verdict["found"]]
        if values:
            lines.append(f"{name:18}{min(values):9.3f}{max(values):9.3f}   {gate[0]} .. {gate[1]}")
    lines += [f"{v['video']}: outside {', '.join(v['failed'])}" for v in verdicts if v["failed"]]
    return "\n".join(lines)


def main() -> int:
    """Make and judge; the exit code is 0 where all finished and all gates hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=540)
    parser.add_argument("--aspects", nargs="*", default=list(ASPECTS), help="formats to measure")
    parser.add_argument("--only", default="", help="samples with this in their name")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/samples"))
    given = parser.parse_args()
    wanted = [order for order in orders(given.height) if given.only in order["name"]]
    summary = produce(wanted, given.out.resolve())
    finished = [video for video in summary if video["status"] == "finished"]
    for video in summary:
        if video["status"] != "finished":
            sys.stdout.write(f"{video['name']}: {video['status']}: {video['error']}\n")
    long = [video for video in finished if video["video_seconds"] >= GATED_SECONDS]
    work = partial(judge, folder=given.out.resolve(), aspects=tuple(given.aspects))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        verdicts = [verdict for judged in pool.map(work, long) for verdict in judged]
    (given.out / "verdicts.json").write_text(json.dumps(verdicts, indent=1))
    said = f"{len(finished)} of {len(wanted)} finished, {len(verdicts)} videos measured"
    sys.stdout.write(f"{report(verdicts)}\n{said}\n")
    outside = any(verdict["failed"] for verdict in verdicts)
    return int(outside or len(finished) < len(wanted))


if __name__ == "__main__":
    sys.exit(main())
