"""A director that is frozen, or out of reach, does not keep its duties from the others."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import InterfaceError

from services.director.database import open_database
from services.director.line.locks import AdvisoryLocks


class Refused(Exception):
    """The test's own: nobody is called up."""


class Database:
    """A connection, and the engine that gives it: holds every lock until it breaks."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.broken = False

    def connect(self) -> "Database":
        return self

    def execution_options(self, **_: object) -> "Database":
        return self

    def execute(self, statement: Any, _: object = None) -> "Database":
        if self.broken:
            raise InterfaceError("", None, Exception("the connection is closed"))
        self.said.append(str(statement))
        return self

    def scalars(self) -> list[int]:
        return []

    def scalar(self) -> bool:
        return True

    def invalidate(self) -> None:
        pass

    def close(self) -> None:
        self.said.append("closed")


def test_a_database_or_a_director_out_of_reach_is_noticed_in_seconds() -> None:
    told: dict[str, Any] = {}
    engine = open_database("postgresql+psycopg://nobody@nowhere/none")

    def refuse(_: object, __: object, ___: object, options: Mapping[str, Any]) -> None:
        told.update(options)
        raise Refused

    event.listen(engine, "do_connect", refuse)
    with pytest.raises(Refused):
        engine.connect()
    silence = told["keepalives_idle"] + told["keepalives_interval"] * told["keepalives_count"]
    assert silence <= 15
    assert told["tcp_user_timeout"] <= 15_000


def test_the_database_ends_the_duties_of_a_director_that_is_frozen() -> None:
    database = Database()
    locks = AdvisoryLocks(database, ("intake",))  # type: ignore[arg-type]
    locks.renew()
    locks.renew()
    assert locks.holds("intake")
    (limit,) = (text for text in database.said if "idle_session_timeout" in text)
    assert limit == "SET idle_session_timeout = '30s'"


def test_duties_are_given_up_with_the_connection_however_it_ends() -> None:
    database = Database()
    locks = AdvisoryLocks(database, ("intake",))  # type: ignore[arg-type]
    locks.renew()
    database.broken = True
    with pytest.raises(InterfaceError):
        locks.renew()
    assert not locks.holds("intake")
    assert database.said[-1] == "closed"
