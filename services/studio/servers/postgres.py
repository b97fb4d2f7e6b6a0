"""PostgreSQL, from Debian's package: the installed one, else one unpacked into the cache."""

from __future__ import annotations

import os
import pwd
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, LiteralString

from services.studio.servers.debian import unpack
from services.studio.servers.installing import installed, program, run
from services.studio.servers.processes import Server, listens
from services.studio.servers.trouble import Unavailable

PACKAGE: Final = "postgresql-15"
PROGRAMS: Final = Path("usr/lib/postgresql/15/bin")
REMEDY: Final = f"Debian: apt install {PACKAGE}"
NAME: Final = "rostrum"
ELSEWHERE: Final = Path("/var/lib/rostrum")
"""Where data lie when root runs us in a folder that nobody else may enter."""
ORPHAN_SECONDS: Final = 5.0
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "dynamic_shared_memory_type": "mmap",  # leaves nothing in /dev/shm when it is killed
    "jit": "off",
}


class PostgresServer(Server):
    """A server on loopback whose databases stay over restarts; everybody here may connect.

    It never runs as root: root runs it as the user `postgres` or `nobody`, who owns the data.
    """

    name = "postgres"
    death = signal.SIGQUIT  # its processes have sessions of their own: it ends them itself

    @property
    def url(self) -> str:
        """The database `rostrum`, for SQLAlchemy."""
        return self.database_url(NAME)

    def database_url(self, name: str) -> str:
        """Return a database's address for SQLAlchemy."""
        return f"postgresql+psycopg://{NAME}@{self.address}/{name}"

    def kill(self) -> None:
        """End it with all its processes at once; the next start recovers from its log."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Close every connection, write everything down, end."""
        self._end(signal.SIGINT)

    def create_database(self, name: str) -> str:
        """Make an empty database and return its address for SQLAlchemy."""
        self._say("create database {}", name)
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and whoever is connected to it."""
        self._say("drop database {} with (force)", name)

    def _say(self, words: LiteralString, name: str) -> None:
        import psycopg  # noqa: PLC0415  # only who runs a server needs it
        from psycopg import sql  # noqa: PLC0415

        with psycopg.connect(self._maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL(words).format(sql.Identifier(name)))

    def _identity(self) -> Sequence[str]:
        return _as_somebody_else() if os.geteuid() == 0 else ()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **_libraries()}

    def _prepare(self) -> None:
        if not self._data.is_dir():
            self._initialise()
        self._wait_for_orphans()

    def _command(self) -> list[str | Path]:
        settings = {**SETTINGS, "port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [programs() / "postgres", "-D", self._data.resolve(), *options]

    def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415

        if not listens(self.port):
            return False
        with suppress(psycopg.OperationalError):
            with psycopg.connect(self._maintenance, connect_timeout=5) as connection:
                query = "select from pg_database where datname = %s"
                known = connection.execute(query, [NAME]).fetchone() is not None
            if not known:
                self.create_database(NAME)
            return True
        return False

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _maintenance(self) -> str:
        return f"postgresql://{NAME}@{self.address}/postgres"

    def _initialise(self) -> None:
        place = self.folder if _enterable(self.folder) else ELSEWHERE
        place.mkdir(parents=True, exist_ok=True)
        data = Path(mkdtemp(prefix="data-", dir=place))
        if os.geteuid() == 0:
            user = _somebody_else()
            os.chown(data, user.pw_uid, user.pw_gid)
        options = ["--auth=trust", f"--username={NAME}", "--no-locale", "--encoding=UTF8"]
        initdb: list[str | Path] = [programs() / "initdb", "-D", data, *options]
        setpriv = [program("setpriv", "Debian: apt install util-linux"), *self._identity()]
        run([*setpriv, *initdb], self.folder, **_libraries())
        self._data.unlink(missing_ok=True)  # leads to a folder that is gone
        self._data.symlink_to(data if place is ELSEWHERE else data.name)

    def _wait_for_orphans(self) -> None:
        """Let the rest of a killed server end, for some seconds: until then none may start."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while any(_works_in(process, self._data.resolve()) for process in _processes()):
            if time.monotonic() > deadline:
                return  # the server itself says what is wrong
            time.sleep(0.05)


def _processes() -> Iterator[Path]:
    return Path("/proc").glob("[0-9]*")


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:  # it has ended, or is somebody else's
        return False


def programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises Unavailable where there are none."""
    here = Path("/") / PROGRAMS
    if (here / "postgres").is_file():
        return here
    folder = installed(PACKAGE, partial(unpack, PACKAGE)) / PROGRAMS
    if os.geteuid() == 0 and not _enterable(folder):
        raise Unavailable(
            f"PostgreSQL must not run as root, and no other may read {folder}: {REMEDY}"
        )
    return folder


def _libraries() -> dict[str, str]:
    root = programs().parents[len(PROGRAMS.parts) - 1]
    if root == Path("/"):
        return {}
    folders = [root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"]
    return {"LD_LIBRARY_PATH": ":".join(map(str, folders))}


def _somebody_else() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _as_somebody_else() -> Sequence[str]:
    user = _somebody_else()
    return (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")


def _enterable(folder: Path) -> bool:
    """Return whether every user may enter a folder."""
    path = folder.resolve()
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))
