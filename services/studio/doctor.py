"""The work behind `rostrum doctor`: what is installed here, and what works."""
# ruff: noqa: PLC0415
# What is looked for is imported where it is looked for: to lack it is a finding.

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

from services.chassis.errors import StageError
from services.chassis.store import Store
from services.studio.home import Home
from services.studio.library import Library
from services.studio.reports import aligned, line
from services.studio.settings import read_settings, usable_cores
from services.studio.stages import STAGES, engines_of

GIB = 2**30
LITTLE_DISK_GIB = 2.0
PYTHON = (3, 11)
LACKING = (ImportError, OSError, PackageNotFoundError, StageError, subprocess.SubprocessError)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    works: bool
    text: str

    def as_json(self) -> dict[str, object]:
        """Return it as a line of JSON says it."""
        return {
            "event": "finding",
            "subject": self.subject,
            "works": self.works,
            "text": self.text,
        }


def examine(*, as_json: bool) -> int:
    """Show every finding, and return 0 where all of it works, else 1."""
    home = Home(read_settings().folder)
    findings = list(all_findings(home))
    if as_json:
        for finding in findings:
            sys.stdout.write(f"{json.dumps(finding.as_json(), ensure_ascii=False)}\n")
    else:
        print_findings(findings)
    return 0 if all(finding.works for finding in findings) else 1


def all_findings(home: Home) -> Iterator[Finding]:
    """Yield what is found, the machine first."""
    yield python_finding()
    yield Finding("cores", works=True, text=f"{usable_cores()} of {os.cpu_count()} may be used")
    yield disk_finding(home.folder)
    yield tried("ffmpeg", ffmpeg_version)
    yield tried("mediapipe", lambda: version("mediapipe"))
    yield tried("sandbox", sandbox_walls)
    for stage in STAGES:
        yield tried(f"{stage} engines", partial(engine_names, stage))
    yield tried("voices", voice_names)
    yield tried("fonts", font_names)
    yield tried("templates", template_names)
    library = Library(Store.in_memory(), home.folder)
    for kind in ("presenters", "channels", "motions"):
        names = library.names(kind)
        yield Finding(kind, works=bool(names), text=", ".join(names) or "none")


def python_finding() -> Finding:
    """Return which Python runs this."""
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", sys.version_info[:2] == PYTHON, text)


def disk_finding(folder: Path) -> Finding:
    """Return how much room there is for what is made."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free / GIB
    writable = os.access(there, os.W_OK)
    text = f"{free:.0f} GiB free for {folder}" + ("" if writable else ", which cannot be written")
    return Finding("home", writable and free > LITTLE_DISK_GIB, text)


def tried(subject: str, look: Callable[[], str]) -> Finding:
    """Return what a look finds, or why there is nothing."""
    try:
        return Finding(subject, works=True, text=look())
    except LACKING as error:
        return Finding(subject, works=False, text=f"{type(error).__name__}: {error}")


def ffmpeg_version() -> str:
    """Return the first line of what ffmpeg says of itself."""
    from imageio_ffmpeg import get_ffmpeg_exe

    told = subprocess.run(
        [get_ffmpeg_exe(), "-version"], capture_output=True, check=True, text=True, timeout=20
    )
    return told.stdout.splitlines()[0].partition(" Copyright")[0]


def sandbox_walls() -> str:
    """Return what stands between files from outside and this machine."""
    from services.chassis.sandbox import report

    return str(report())


def engine_names(stage: str) -> str:
    """Return the engines of a stage with their fingerprints."""
    engines = engines_of(stage)
    return "; ".join(engines.pick(name).fingerprint for name in engines.names())


def voice_names() -> str:
    """Return the voices of all speech engines."""
    from services.speech.engines import load

    engines = load()
    voices = [voice for name in engines.names() for voice in engines.pick(name).voices()]
    return ", ".join(f"{voice.name} ({voice.language})" for voice in voices)


def font_names() -> str:
    """Return the font families that text can be set in."""
    from services.compositing.engines.fonts import load

    return ", ".join(load().names)


def template_names() -> str:
    """Return the templates that pictures can be laid out with."""
    from services.compositing.engines.templates import names

    return ", ".join(names())


def print_findings(findings: list[Finding]) -> None:
    """Show findings to a person."""
    console = Console(highlight=False)
    rows = [(f.subject, "ok" if f.works else "MISSING", f.text) for f in findings]
    for finding, row in zip(findings, aligned(rows), strict=True):
        console.print(line(row, "" if finding.works else "red"), soft_wrap=True)
