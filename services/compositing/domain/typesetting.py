"""Typesetting: a line of text measured and drawn, each word in the first family that covers it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from services.chassis.timeline import Bytes
from services.compositing.domain.raster import FINE
from services.compositing.domain.typeface import Typeface

Family = Mapping[int, Typeface]
"""A family's typefaces by weight."""

SOFT_HYPHEN: Final = "\u00ad"
FOREIGN: Final = 0.1
"""More letters than this share from a fallback, and it sets the whole text."""
DRAWN: Final = 512
"""Drawn lines and words that are kept."""
MEASURED: Final = 1 << 14
"""Widths that are kept: a line is measured in many sizes and places until it fits."""


@dataclass(frozen=True)
class Style:
    """How a line is set."""

    size: float
    """Pixels to the em."""
    weight: int
    spacing: float = 0.0
    """Added between letters, ems."""

    def sized(self, size: float) -> Style:
        """Return the style in another size."""
        return Style(size, self.weight, self.spacing)


@dataclass(frozen=True)
class Ink:
    """What a line's letters reach from its pen point: right and down are positive."""

    left: float
    top: float
    right: float
    bottom: float


class Fonts:
    """The families that are here, by name."""

    def __init__(self, families: Mapping[str, Family], fallback: str) -> None:
        """Take families; fallback: the one that sets the words which another cannot."""
        self.names: Final = tuple(families)
        self._typesetters = {
            name: Typesetter([family, families[fallback]]) for name, family in families.items()
        }

    def typesetter(self, family: str) -> Typesetter:
        """Return what sets text in a family."""
        return self._typesetters[family]


@dataclass(frozen=True)
class _Letter:
    face: Typeface
    cluster: str
    x: float
    """Pen point, in ems."""
    scale: float
    """Brings the face's capitals to the height of the family's."""


class Typesetter:
    """Sets lines of text in a family, and in its fallbacks what that does not cover."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families
        self._led: dict[int, Typesetter] = {0: self}
        # Captions draw the same words again each time the next one is spoken.
        self.draw = lru_cache(maxsize=DRAWN)(self._draw)
        self._advance = lru_cache(maxsize=MEASURED)(self._measure)
        self._reach = lru_cache(maxsize=MEASURED)(self._measure_ink)

    def lacks(self, text: str) -> str:
        """Return the characters no family covers, each once, in order."""
        missing = text
        for family in self._families:
            missing = _nearest(family, 400).lacks(missing)
        return "".join(dict.fromkeys(missing))

    def suited(self, texts: Iterable[str]) -> Typesetter:
        """Return what sets these texts: led by a fallback where it must set much of them anyway.

        Two families in one line look like a ransom note.
        """
        letters = [character for character in "".join(texts) if character.isalpha()]
        foreign = _nearest(self._families[0], 400).lacks("".join(letters))
        if len(foreign) <= FOREIGN * len(letters):
            return self
        left = [len(_nearest(family, 400).lacks(foreign)) for family in self._families]
        return self._led_by(left.index(min(left)))

    def width(self, text: str, style: Style) -> float:
        """Return the advance of a line in pixels."""
        return self._advance(text, style.weight, style.spacing) * style.size

    def ink(self, text: str, style: Style) -> Ink:
        """Return what the letters of a line reach."""
        ems = self._reach(text, style.weight, style.spacing)
        return Ink(*(side * style.size for side in (ems.left, ems.top, ems.right, ems.bottom)))

    def cap_height(self, style: Style) -> float:
        """Return the height of capitals in pixels."""
        return _nearest(self._families[0], style.weight).cap_height * style.size

    def _led_by(self, first: int) -> Typesetter:
        if first not in self._led:
            rest = [*self._families[:first], *self._families[first + 1 :]]
            self._led[first] = Typesetter([self._families[first], *rest])
        return self._led[first]

    def _draw(self, text: str, style: Style, x: float, baseline: float) -> tuple[Bytes, int, int]:
        """Return the coverage (h, w) of a line in the picture, and its left and top.

        x, baseline: pen point in pixels; the baseline is taken to whole pixels.
        """
        letters, _ = self._set(text, style)
        ink = self.ink(text, style)
        baseline = round(baseline)
        left, top = floor(x + ink.left) - 1, floor(baseline + ink.top) - 1
        right, bottom = ceil(x + ink.right) + 1, ceil(baseline + ink.bottom) + 1
        canvas = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
        pen = ImageDraw.Draw(canvas)
        for letter in letters:
            across = round((x - left + letter.x * style.size) * FINE)
            down = (baseline - top) * FINE
            size = style.size * letter.scale * FINE
            letter.face.draw(pen, across, down, letter.cluster, size)
        reduced = (right - left, bottom - top)
        fine = cv2.resize(np.asarray(canvas), reduced, interpolation=cv2.INTER_AREA)
        return np.asarray(fine, np.uint8), left, top

    def _measure(self, text: str, weight: int, spacing: float) -> float:
        return self._set(text, Style(1, weight, spacing))[1]

    def _measure_ink(self, text: str, weight: int, spacing: float) -> Ink:
        letters, width = self._set(text, Style(1, weight, spacing))
        if not letters:
            return Ink(0, 0, width, 0)
        reaches = [(own.x, own.scale, own.face.reach(own.cluster)) for own in letters]
        return Ink(
            min(x + reach[0] * scale for x, scale, reach in reaches),
            -max(reach[3] * scale for _, scale, reach in reaches),
            max(x + reach[2] * scale for x, scale, reach in reaches),
            -min(reach[1] * scale for _, scale, reach in reaches),
        )

    def _set(self, text: str, style: Style) -> tuple[list[_Letter], float]:
        """Return a line's letters and its advance, in ems."""
        capitals = _nearest(self._families[0], style.weight).cap_height
        letters: list[_Letter] = []
        x = 0.0
        for face, cluster in self._clusters(text.replace(SOFT_HYPHEN, ""), style.weight):
            if letters:
                before = letters[-1]
                x += style.spacing
                if before.face is face:
                    x += face.kerning(before.cluster[0], cluster[0]) * before.scale
            scale = capitals / face.cap_height
            letters.append(_Letter(face, cluster, x, scale))
            x += face.advance(cluster) * scale
        return letters, x

    def _clusters(self, text: str, weight: int) -> Iterator[tuple[Typeface, str]]:
        """Yield letters with their marks; a word keeps to one family wherever one covers it."""
        faces = [_nearest(family, weight) for family in self._families]
        words = text.split(" ")
        for index, word in enumerate(words):
            whole = next((face for face in faces if not face.lacks(word)), None)
            for cluster in _split(word):
                yield whole or next((f for f in faces if not f.lacks(cluster)), faces[-1]), cluster
            if index + 1 < len(words):
                yield faces[0], " "


def _nearest(family: Family, weight: int) -> Typeface:
    return family[min(family, key=lambda own: (abs(own - weight), own))]


def _split(word: str) -> Iterator[str]:
    cluster = ""
    for character in word:
        if cluster and not unicodedata.combining(character):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster
