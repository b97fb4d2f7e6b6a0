"""Prepares the database, and puts in place what comes with the product: presenters, channels."""

from __future__ import annotations

from pathlib import Path

from services.chassis.store import Store
from services.director import library as shelf
from services.director.database import open_database
from services.director.migrations import upgrade
from services.studio.library import Library

NOWHERE = Path("/nonexistent")
"""A home that adds nothing to what is shipped."""


def prepare(database_url: str, store_url: str) -> None:
    """Make the tables, and the shipped presenters and channels known, as far as need be.

    Raises StageError.
    """
    shipped = Library(Store.open(store_url, shelf.SHIPPED), NOWHERE)
    names = shipped.names("presenters"), shipped.names("channels")
    presenters = [shipped.presenter(name, NOWHERE).presenter for name in names[0]]
    channels = [shipped.channel(name, NOWHERE) for name in names[1]]
    engine = open_database(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        shelf.seed(connection, presenters, channels)
    engine.dispose()
