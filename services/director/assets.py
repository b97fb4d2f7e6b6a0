"""What the tables know of files that teams handed in."""

from __future__ import annotations

from rostrum.director.v1.media_pb2 import UploadHead
from sqlalchemy import Connection, func, select

from services.director.database import insert_into
from services.director.tables import assets, withheld


def stored_bytes(connection: Connection, team: str) -> int:
    """Return how much a team has handed in."""
    total = select(func.coalesce(func.sum(assets.c.size_bytes), 0)).where(assets.c.team == team)
    return int(connection.execute(total).scalar_one())


def remember(connection: Connection, team: str, head: UploadHead, now_ms: int) -> None:
    """Note that a team has handed a file in, now or once more."""
    row = {"digest": head.digest, "size_bytes": head.size_bytes, "extension": head.extension}
    fresh = insert_into(connection, assets).values(
        team=team, **row, created_ms=now_ms, used_ms=now_ms
    )
    again = fresh.on_conflict_do_update(index_elements=["team", "digest"], set_={"used_ms": now_ms})
    connection.execute(again)


def is_withheld(connection: Connection, team: str, digest: str) -> bool:
    """Return whether a file of the team's videos is not delivered any more."""
    found = select(withheld.c.digest).where(withheld.c.team == team, withheld.c.digest == digest)
    return connection.execute(found).first() is not None
