"""A private folder for one process's temporary files; what the dead left behind is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from services.chassis.errors import Invalid

LOCK: Final = ".lock"
"""Who holds the lock on this file of a folder lives and works there."""


class Scratch:
    """A folder, 0700, empty when it is entered and gone afterwards.

    folder: this process's own. None: a new one beside those of this user's other processes in the
    system's temporary folder; those among them whose process has died are removed. Raises Invalid
    for a folder that another process works in, or that cannot be used.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._root = Path(tempfile.gettempdir(), f"rostrum-{os.getuid()}")
        self._is_own = folder is not None
        self.folder = folder or self._root / uuid4().hex

    def __enter__(self) -> Self:
        try:
            self._prepare()
        except OSError as error:
            remedy = f"{error.filename} cannot be used: {error.strerror}"
            raise Invalid("ROSTRUM_SCRATCH", "SCRATCH_UNUSABLE", remedy) from error
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    def _prepare(self) -> None:
        if self._is_own:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_ours(self.folder)
            self._take()
            return
        self._root.mkdir(mode=0o700, exist_ok=True)
        check_private(self._root)
        with_one = _lock(self._root / LOCK, wait=True)  # nobody sweeps what is not yet locked
        try:
            for path in self._root.iterdir():
                remove_if_dead(path)
            self.folder.mkdir(mode=0o700)
            self._take()
        finally:
            os.close(with_one)

    def _take(self) -> None:
        try:
            self._lock = _lock(self.folder / LOCK, wait=False)
        except BlockingIOError:
            remedy = f"another process works in {self.folder}; give each its own"
            raise Invalid("ROSTRUM_SCRATCH", "SCRATCH_TAKEN", remedy) from None
        self.folder.chmod(0o700)
        for path in self.folder.iterdir():
            if path.name != LOCK:
                _remove(path)


def check_ours(folder: Path) -> None:
    """Raise Invalid for a folder that holds what is not ours to remove."""
    if any(folder.iterdir()) and not (folder / LOCK).exists():
        remedy = f"{folder} holds files already; name a folder for this process alone"
        raise Invalid("ROSTRUM_SCRATCH", "SCRATCH_NOT_EMPTY", remedy)


def check_private(folder: Path) -> None:
    """Raise Invalid for a folder, where everybody may make one, that is not only ours."""
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        remedy = f"{folder} is somebody else's, or open to others"
        raise Invalid("ROSTRUM_SCRATCH", "SCRATCH_UNUSABLE", remedy)


def remove_if_dead(folder: Path) -> None:
    """Remove a process's folder unless the process lives."""
    if not folder.is_dir() or folder.is_symlink():
        return
    with suppress(BlockingIOError, FileNotFoundError):  # it lives, or has just cleared up itself
        lock = _lock(folder / LOCK, wait=False)
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _lock(file: Path, *, wait: bool) -> int:
    """Return the descriptor that holds the lock until it is closed, or until the process dies."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
