"""Where the director is that the commands talk to, and how it knows us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import Field, field_validator

from services.chassis.addresses import on_loopback, split
from services.chassis.errors import Invalid
from services.chassis.settings import Address, ExistingFile, Settings
from services.studio.settings import read_settings

DOORS: Final = Path("line") / "doors.json"
"""In the home folder: the doors of the line that runs on this machine."""


class RemoteSettings(Settings):
    """Read once by each command; options go before them."""

    director: Address | None = Field(
        default=None, description="host:port of the director; unset: the line that runs here"
    )
    ca: ExistingFile | None = Field(
        default=None, description="PEM file of who vouches for the director; unset: plaintext"
    )
    certificate: ExistingFile | None = Field(
        default=None, description="PEM file of the certificate that shows who we are"
    )
    key: ExistingFile | None = Field(default=None, description="PEM file of its key")

    @field_validator("director", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return value or None


def read_remote_settings(**given: object) -> RemoteSettings:
    """Return the settings; what is given and not empty goes before the environment.

    Raises Invalid where they are wrong, or name no director and no line runs here.
    """
    settings = RemoteSettings.read(**{name: value for name, value in given.items() if value})
    address = settings.director or address_of_line(read_settings().folder)
    if settings.ca is None and not on_loopback(split(address)[0]):
        remedy = f"{address} is not this machine, and plaintext does not leave it: give --ca"
        raise Invalid("ROSTRUM_CA", "SETTING_REQUIRED", remedy)
    if (settings.certificate is None) != (settings.key is None):
        remedy = "a certificate and its key go together: give both or neither"
        raise Invalid("ROSTRUM_CERTIFICATE", "SETTING_INVALID", remedy)
    return settings.model_copy(update={"director": address})


def address_in(settings: RemoteSettings) -> str:
    """Return the director's address, which `read_remote_settings` has found."""
    assert settings.director is not None
    return settings.director


def address_of_line(home: Path) -> str:
    """Return the director's address that `rostrum line` wrote down. Raises Invalid for none."""
    try:
        doors = json.loads((home / DOORS).read_bytes())
        return str(doors["director"])
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "no line runs here: start `rostrum line`, or give --to HOST:PORT"
        raise Invalid("ROSTRUM_DIRECTOR", "SETTING_REQUIRED", remedy) from None
