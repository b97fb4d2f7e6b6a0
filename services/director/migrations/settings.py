"""Which database is brought up to date."""

from __future__ import annotations

from pydantic import Field

from services.chassis.settings import Settings


class DatabaseSettings(Settings):
    """Where the director's tables are."""

    database_url: str = Field(
        description="postgresql+psycopg://user@host/name, or sqlite:////folder/file",
        pattern=r"^(postgresql\+psycopg://|sqlite:///).+",
    )
