"""Debian packages that this machine lacks, unpacked into a folder instead of being installed."""

from __future__ import annotations

import shutil
from pathlib import Path

from services.studio.servers.installing import program, run


def unpack(package: str, folder: Path) -> None:
    """Fetch a package with what it needs and this machine lacks, and unpack all of it.

    Raises Unavailable where there is no apt, or it has no such package.
    """
    remedy = f"Debian: apt install {package}"
    apt = [program("apt-get", f"or {package} installed"), "-q", "-y"]
    places = {"Dir::State": folder / "state", "Dir::Cache": folder / "cache"}
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    options = [f"-o{key}={path}/" for key, path in places.items()]
    options += ["-oDir::State::status=/var/lib/dpkg/status", "-oDebug::NoLocking=1"]
    run([*apt, *options, "update"], folder)
    fetch = ["install", "--download-only", "--no-install-recommends", "--reinstall", package]
    run([*apt, *options, *fetch], folder)
    for archive in sorted((folder / "cache/archives").glob("*.deb")):
        run([program("dpkg", remedy), "-x", archive, folder], folder)
    for path in places.values():
        shutil.rmtree(path)
