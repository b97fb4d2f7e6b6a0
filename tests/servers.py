"""Versity's S3 gateway, which only tests need; `python -m tests.servers` installs all servers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from services.studio.servers import kafka, postgres, triton
from services.studio.servers.installing import installed, program, run
from services.studio.servers.processes import Server, listens

VERSION: Final = "1.8.0"
GO: Final = "1.25 or newer; Debian: golang-go of a release that has it"
ACCESS_KEY: Final = "rostrum"
SECRET_KEY: Final = "not-a-secret"
BUCKET: Final = "rostrum"


class VersityServer(Server):
    """An S3 gateway over a folder, on loopback without TLS, with one bucket."""

    name = "versity"

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://{self.address}"

    @property
    def settings(self) -> dict[str, str]:
        """What an S3 client reads from its environment."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    @property
    def objects(self) -> Path:
        """The bucket's objects, as files."""
        return self.folder / "data" / BUCKET

    def _prepare(self) -> None:
        self.objects.mkdir(parents=True, exist_ok=True)

    def _command(self) -> list[str | Path]:
        return [gateway(), "--port", self.address, "posix", self.objects.parent]

    def _environment(self) -> dict[str, str]:
        keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
        return {**super()._environment(), **keys}

    def _answers(self) -> bool:
        return listens(self.port)


def gateway() -> Path:
    """Return the gateway's program; Go builds it where there is none."""
    return installed(f"versitygw-{VERSION}", _build) / "versitygw"


def _build(folder: Path) -> None:
    source = f"github.com/versity/versitygw/cmd/versitygw@v{VERSION}"
    places = {"GOPATH": str(folder / "go"), "GOBIN": str(folder)}
    run([program("go", GO), "install", "-modcacherw", source], folder, **places)
    shutil.rmtree(folder / "go")


if __name__ == "__main__":
    kafka.libraries()
    postgres.programs()
    gateway()
    triton.triton()
