"""Fonts: the families that come with the packages, read once."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from services.compositing.domain.typeface import Typeface
from services.compositing.domain.typesetting import Family, Fonts

HANKEN: Final = "Hanken Grotesk"
NOTO: Final = "Noto Sans"
CUTS: Final = {400: "Regular", 500: "Medium", 600: "SemiBold", 700: "Bold"}
PACKAGES: Final = ("font-hanken-grotesk", "fontpkg-noto-sans", "pillow", "fonttools")


@cache
def load() -> Fonts:
    """Return the families that can be set in: Hanken Grotesk, and Noto Sans for Greek and more."""
    return Fonts({HANKEN: _hanken(), NOTO: _noto()}, fallback=NOTO)


def fingerprint() -> str:
    """Return the versions that shape the letters, for an engine's fingerprint."""
    return ",".join(f"{package}-{version(package)}" for package in PACKAGES)


def _hanken() -> Family:
    folder = files("font_hanken_grotesk") / "files"
    return {
        weight: Typeface((folder / f"HankenGrotesk-{cut}.otf").read_bytes())
        for weight, cut in CUTS.items()
    }


def _noto() -> Family:
    data = (files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf").read_bytes()
    return {weight: Typeface(data, {"Weight": weight, "Width": 100}) for weight in CUTS}
