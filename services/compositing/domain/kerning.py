"""Kerning: what a font adds between two letters, from its glyph positioning table."""

from __future__ import annotations

from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

Table = Any
"""A part of a font as fontTools reads it: its fields are those of the specification."""


class Kerning:
    """Pair kerning of one font, in ems. Source: OpenType 1.9, GPOS lookup type 2."""

    def __init__(self, font: TTFont) -> None:
        self._units = font["head"].unitsPerEm
        self._glyphs: dict[int, str] = font.getBestCmap()
        self._lookups = _pair_lookups(font["GPOS"].table) if "GPOS" in font else []
        self._known: dict[tuple[str, str], float] = {}

    def __call__(self, before: str, after: str) -> float:
        """Return what is added between two characters."""
        if (before, after) not in self._known:
            self._known[before, after] = self._look_up(before, after)
        return self._known[before, after]

    def _look_up(self, before: str, after: str) -> float:
        first, second = self._glyphs.get(ord(before)), self._glyphs.get(ord(after))
        if first is None or second is None:
            return 0.0
        units = sum(_pair_value(lookup, first, second) for lookup in self._lookups)
        return units / float(self._units)


def _pair_lookups(table: Table) -> list[list[Table]]:
    """Return the pair adjustments of the kerning feature, grouped by lookup."""
    indices = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "kern"
        for index in record.Feature.LookupListIndex
    }
    lookups = [table.LookupList.Lookup[index].SubTable for index in sorted(indices)]
    plain = [[getattr(sub, "ExtSubTable", sub) for sub in lookup] for lookup in lookups]
    return [[sub for sub in lookup if sub.LookupType == 2] for lookup in plain]


def _pair_value(lookup: list[Table], first: str, second: str) -> int:
    """Return what a lookup adds to the first glyph's advance.

    Its first subtable that knows the pair decides; one of classes knows every pair it begins.
    """
    for sub in lookup:
        if first not in sub.Coverage.glyphs:
            continue
        if sub.Format == 2:
            row = sub.Class1Record[sub.ClassDef1.classDefs.get(first, 0)]
            return _advance(row.Class2Record[sub.ClassDef2.classDefs.get(second, 0)])
        for pair in sub.PairSet[sub.Coverage.glyphs.index(first)].PairValueRecord:
            if pair.SecondGlyph == second:
                return _advance(pair)
    return 0


def _advance(record: Table) -> int:
    return int(getattr(record.Value1, "XAdvance", 0) or 0)
