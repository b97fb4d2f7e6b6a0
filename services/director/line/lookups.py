"""Looks rows up by state in the words that partial indexes are found by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, bindparam

NAME_CHARACTERS: Final = 120


def plain(name: str) -> str:
    """Return a name that came from outside as a column takes it: short, and without NUL."""
    return name.replace("\0", "")[:NAME_CHARACTERS]


def among(column: Column[Any], states: Iterable[str]) -> ColumnElement[bool]:
    """Return a condition with the states written out.

    A database finds an index of the few open rows among all only where it reads the states in the
    statement itself: a parameter may be anything.
    """
    words = tuple(states)
    if len(words) == 1:
        return column == bindparam(None, words[0], literal_execute=True)
    return column.in_(bindparam(None, words, expanding=True, literal_execute=True))
