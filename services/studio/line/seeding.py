"""Puts what comes with the product where every team finds it: presenters, channels, their files."""

from __future__ import annotations

from pathlib import Path

from services.chassis.store import Store
from services.director import library as shelf
from services.director.database import open_database
from services.studio.library import Library

NOWHERE = Path("/nonexistent")
"""A home that adds nothing to what is shipped."""


def seed(database_url: str, store_url: str) -> None:
    """Make the shipped presenters and channels known, again if need be. Raises StageError."""
    shipped = Library(Store.open(store_url, shelf.SHIPPED), NOWHERE)
    names = shipped.names("presenters"), shipped.names("channels")
    presenters = [shipped.presenter(name, NOWHERE).presenter for name in names[0]]
    channels = [shipped.channel(name, NOWHERE) for name in names[1]]
    engine = open_database(database_url)
    with engine.begin() as connection:
        shelf.seed(connection, presenters, channels)
    engine.dispose()
