"""How Triton is started over a model repository: its arguments and its environment."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.chassis.addresses import on_loopback
from services.chassis.errors import Invalid
from services.models.served.description import Device

MINUTE_MS: Final = 60_000
CONNECTION_AGE_MS: Final = 2 * MINUTE_MS
"""After which clients connect anew, and find servers that were added meanwhile."""
LONGEST_CALL_MS: Final = 30 * MINUTE_MS
START_SECONDS: Final = 1800
"""For loading weights, compiling, getting warm."""
LOADED_AT_ONCE: Final = 4
"""Models, on GPUs; on few cores those that start together starve one another."""
CLOSED_TO_ALL: Final = "shared-memory,model-repository,trace,logging"
"""Parts of Triton's door that nobody of ours needs."""


@dataclass(frozen=True)
class Door:
    """Where a server listens, and its certificates; without them on loopback alone."""

    host: str
    port: int
    metrics_port: int = 0
    """0: no metrics."""
    key: Path | None = None
    certificate: Path | None = None
    client_ca: Path | None = None

    def __post_init__(self) -> None:
        """Raise Invalid for half a pair, and for what would be open to the network unencrypted."""
        if (self.key is None) != (self.certificate is None):
            raise Invalid("door", "DOOR_HALF_A_PAIR", "give both key and certificate, or neither")
        if self.key is None and (self.client_ca or not on_loopback(self.host)):
            remedy = f"give {self.host} a key and a certificate, or listen on 127.0.0.1 alone"
            raise Invalid("door", "DOOR_NOT_ENCRYPTED", remedy)


def arguments(repository: Path, backends: Path, door: Door, device: Device) -> list[str]:
    """Return what `tritonserver` is called with.

    backends: the folder with Triton's Python backend. Needs Triton 2.51 or newer.
    """
    shared = f"rostrum-{door.port}-"
    return [
        f"--model-repository={repository}",
        f"--backend-directory={backends}",
        f"--backend-config=python,shm-region-prefix-name={shared}",
        f"--backend-config=python,stub-timeout-seconds={START_SECONDS}",
        f"--model-load-thread-count={LOADED_AT_ONCE if device.on_gpu else 1}",
        "--model-control-mode=none",
        "--disable-auto-complete-config",
        "--strict-readiness=true",
        "--exit-timeout-secs=30",
        "--allow-http=false",
        f"--grpc-address={door.host}",
        f"--grpc-port={door.port}",
        *_connections(),
        *_certificates(door),
        *_metrics(door),
    ]


def environment() -> dict[str, str]:
    """Return the variables Triton runs with: models run by the interpreter that runs us."""
    folder = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{folder}:{os.environ.get('PATH', '')}"}


def shared_memory(port: int) -> list[Path]:
    """Return the shared memory of the server on a port; one that was killed leaves it behind."""
    return sorted(Path("/dev/shm").glob(f"rostrum-{port}-*"))  # noqa: S108  # the kernel's name


def _connections() -> list[str]:
    """Match what clients are told in services/chassis/triton.py."""
    return [
        f"--grpc-max-connection-age={CONNECTION_AGE_MS}",
        f"--grpc-max-connection-age-grace={LONGEST_CALL_MS}",
        "--grpc-keepalive-permit-without-calls=true",
        "--grpc-http2-min-recv-ping-interval-without-data=5000",
        f"--grpc-restricted-protocol={CLOSED_TO_ALL}:rostrum={secrets.token_hex(16)}",
    ]


def _certificates(door: Door) -> list[str]:
    if door.key is None or door.certificate is None:
        return []
    ours = [f"--grpc-server-key={door.key}", f"--grpc-server-cert={door.certificate}"]
    callers = ["--grpc-use-ssl-mutual=true", f"--grpc-root-cert={door.client_ca}"]
    return ["--grpc-use-ssl=true", *ours, *(callers if door.client_ca else ())]


def _metrics(door: Door) -> list[str]:
    if not door.metrics_port:
        return ["--allow-metrics=false"]
    return [f"--metrics-address={door.host}", f"--metrics-port={door.metrics_port}"]
