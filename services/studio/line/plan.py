"""Which processes a line has, on which ports, with which settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from services.studio.servers.processes import free_port
from services.studio.stages import STAGES

DIRECTOR: Final = "director"
HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Wish:
    """What a person may say of a line."""

    port: int = 0
    """Of the director; 0: any free one."""
    compositors: int = 1
    """Processes that draw: most of a video's work."""
    team: str = "house"


@dataclass(frozen=True)
class Seat:
    """One process of ours."""

    name: str
    """As the line calls it: "director", "speech", "compositing-2"."""
    service: str
    """Its room: `python -m services.<service>`."""
    port: int
    """Of its gRPC door."""
    ops_port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    """Its own settings, beside those that all have."""
    movable: bool = True
    """False where a person has chosen its port."""

    @property
    def address(self) -> str:
        """Where its gRPC door is."""
        return f"{HOST}:{self.port}"

    @property
    def ops_address(self) -> str:
        """Where its metrics and its health are."""
        return f"{HOST}:{self.ops_port}"

    def environment(self, shared: Mapping[str, str], folder: Path) -> dict[str, str]:
        """Return all its settings as variables; what it needs of disk lies in `folder`."""
        own = {"listen": self.address, "ops_listen": self.ops_address, **self.settings}
        if self.service in STAGES:
            own |= {"scratch": str(folder / "scratch" / self.name), "worker": self.name}
        else:
            own |= {"uploads_folder": str(folder / "uploads")}
        return {**shared, **{f"ROSTRUM_{name}".upper(): value for name, value in own.items()}}


def seats(wish: Wish, database_url: str) -> list[Seat]:
    """Return the processes of a line, in the order in which they are started."""
    names = [(name, stage) for stage in STAGES for name in _names(stage, wish)]
    ports = iter(free_ports(2 * len(names) + 2))
    port, own = wish.port or next(ports), {"database_url": database_url}
    director = Seat(DIRECTOR, DIRECTOR, port, next(ports), own, movable=not wish.port)
    return [director, *(Seat(name, stage, next(ports), next(ports)) for name, stage in names)]


def moved(seat: Seat) -> Seat:
    """Return a seat with other ports: somebody was quicker."""
    port, ops_port = free_ports(2)
    return replace(seat, port=port, ops_port=ops_port)


def free_ports(count: int) -> list[int]:
    """Return so many ports that nobody listens on now, each another one."""
    ports: dict[int, None] = {}
    while len(ports) < count:
        ports[free_port()] = None
    return list(ports)


def shared_settings(wish: Wish, brokers: str, store: Path) -> dict[str, str]:
    """Return the settings that all processes have, as variables."""
    return {
        "ROSTRUM_BROKERS": brokers,
        "ROSTRUM_STORE_URL": store.as_uri(),
        "ROSTRUM_TEAM": wish.team,
        "ROSTRUM_REFLECTION": "true",
    }


def _names(stage: str, wish: Wish) -> Iterator[str]:
    count = wish.compositors if stage == "compositing" else 1
    for number in range(1, count + 1):
        yield stage if count == 1 else f"{stage}-{number}"
