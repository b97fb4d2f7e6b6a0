"""Licences of what was trained, and whether a use allows an engine: `licences.yaml`, read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import yaml

from services.chassis.errors import Violation

COMMERCIAL: Final = "commercial"
USES: Final = (COMMERCIAL, "research")
"""What a channel's videos may be for; who says nothing is commercial."""


@dataclass(frozen=True)
class Licence:
    """What may be done with something that was trained."""

    id: str
    name: str
    reference: str
    """The text it stands in, in words."""
    uses: tuple[str, ...]
    checked: date
    """When somebody read that text."""
    why: str

    def as_json(self) -> dict[str, object]:
        """Return it as lists and records say it."""
        return asdict(self) | {"checked": self.checked.isoformat()}


def _read() -> tuple[Mapping[str, Licence], Mapping[str, tuple[Licence, ...]]]:
    text = resources.files("services.chassis").joinpath("licences.yaml").read_text("utf-8")
    said = yaml.safe_load(text)
    licences = {id_: _licence(id_, fields) for id_, fields in said["licences"].items()}
    engines = {
        engine: tuple(licences[each] for each in needed)
        for engine, needed in said["engines"].items()
    }
    return MappingProxyType(licences), MappingProxyType(engines)


def _licence(id_: str, said: dict[str, Any]) -> Licence:
    return Licence(id_, **said | {"uses": tuple(said["uses"])})


LICENCES, ENGINES = _read()
"""Licences by id, and those that an engine needs by the engine's name."""


def use_complaints(field: str, engine: str, use: str) -> Iterator[Violation]:
    """Yield why an engine is not for videos of this use, as complaints about `field`.

    use: one of USES; "" is commercial. An engine nobody has listed is refused: a licence that was
    never read allows nothing.
    """
    use = use or COMMERCIAL
    if engine not in ENGINES:
        remedy = f"nobody has checked the licences of engine {engine!r}; choose another"
        yield Violation(field, "LICENCE_UNKNOWN", remedy)
        return
    for licence in ENGINES[engine]:
        if use not in licence.uses:
            yield Violation(field, "LICENCE_FORBIDS_USE", _refusal(engine, use, licence))


def ledger_of(engines: Iterable[str]) -> list[dict[str, object]]:
    """Return the licences that these engines need, each with those that need it, for records."""
    needing: dict[str, list[str]] = {}
    for engine in sorted(set(engines)):
        for licence in ENGINES.get(engine, ()):
            needing.setdefault(licence.id, []).append(engine)
    return [LICENCES[id_].as_json() | {"engines": needing[id_]} for id_ in sorted(needing)]


def _refusal(engine: str, use: str, licence: Licence) -> str:
    return (
        f"engine {engine!r} is not for a {use} channel: {licence.why} ({licence.reference});"
        f" choose another engine, or say `use: {licence.uses[0]}` in the channel if that is true"
    )
