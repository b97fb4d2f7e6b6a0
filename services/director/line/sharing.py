"""The fair shares of channels, as rows."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from services.director.database import insert_into
from services.director.fairness import Shares
from services.director.tables import shares

STAGE_ITSELF = ("", "")
"""The row that holds a stage's virtual time: no team has an empty name."""


def read_shares(connection: Connection, stage: str) -> Shares:
    """Return what the channels were served at a stage."""
    rows = connection.execute(select(shares).where(shares.c.stage == stage)).all()
    served = {(row.team, row.channel): row.served for row in rows}
    return Shares(served.pop(STAGE_ITSELF, 0.0), served)


def write_shares(connection: Connection, stage: str, before: Shares, after: Shares) -> None:
    """Write what has changed; channels that are level with the stage need no row."""
    changed = {f: served for f, served in after.served.items() if before.served.get(f) != served}
    if after.now != before.now:
        changed[STAGE_ITSELF] = after.now
    if not changed:
        return
    rows = [
        {"stage": stage, "team": team, "channel": channel, "served": served}
        for (team, channel), served in sorted(changed.items())
    ]
    new = insert_into(connection, shares)
    upsert = new.on_conflict_do_update(
        index_elements=["stage", "team", "channel"], set_={"served": new.excluded.served}
    )
    connection.execute(upsert, rows)
    rested = (shares.c.stage == stage) & (shares.c.team != "") & (shares.c.served < after.now)
    connection.execute(delete(shares).where(rested))
