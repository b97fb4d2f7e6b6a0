"""Orders that come at once share a transaction."""

from __future__ import annotations

import time
from threading import Lock
from typing import Final

from services.chassis.errors import Transient
from services.director.line.admission import Admission, admit_new
from services.director.messages import Row
from services.director.rpc.desk import Desk

MOST_AT_ONCE: Final = 64
GATHER_SECONDS: Final = 0.004
"""How long a lot waits for more, where the one before it was of several."""


class Wish:
    """One order that waits to be taken in."""

    def __init__(self, team: str, asked: Admission) -> None:
        self.team = team
        self.asked = asked
        self.row: Row | None = None
        self.error: Exception | None = None
        self.is_done = False


class Admissions:
    """Takes orders in. For many threads: while one writes, those who come wait to be the next lot.

    So a director that is asked a lot commits once for many, and one that is not waits for nobody.
    Source: group commit, as databases do it; PostgreSQL's commit_delay and commit_siblings.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = Lock()
        self._guard = Lock()
        self._waiting: list[Wish] = []
        self._were_several = False

    def admit(self, team: str, asked: Admission) -> Row | None:
        """Take an order in; None where the team has used the request id before."""
        wish = Wish(team, asked)
        with self._guard:
            self._waiting.append(wish)
        while not wish.is_done:
            with self._turn:
                if not wish.is_done:
                    self._work()
        if wish.error is not None:
            raise wish.error
        return wish.row

    def _work(self) -> None:
        if self._were_several:
            time.sleep(GATHER_SECONDS)
        with self._guard:
            lot, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        self._were_several = len(lot) > 1
        try:
            self._write(lot)
        except Transient as error:
            _refuse(lot, error)
        except Exception as error:  # noqa: BLE001  # whoever caused it hears of it, and nobody else
            self._write_singly(lot, error)

    def _write_singly(self, lot: list[Wish], error: Exception) -> None:
        if len(lot) == 1:
            _refuse(lot, error)
            return
        for wish in lot:
            try:
                self._write([wish])
            except Exception as its_own:  # noqa: BLE001  # it is raised where it belongs
                _refuse([wish], its_own)

    def _write(self, lot: list[Wish]) -> None:
        with self._desk.writing() as connection:
            asked = [(wish.team, wish.asked) for wish in lot]
            rows = admit_new(connection, asked, self._desk.now_ms())
        for wish, row in zip(lot, rows, strict=True):
            wish.row, wish.is_done = row, True


def _refuse(lot: list[Wish], error: Exception) -> None:
    for wish in lot:
        wish.error, wish.is_done = error, True
