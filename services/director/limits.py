"""How much an order may ask for."""

from __future__ import annotations

from typing import Final

NAME_CHARACTERS: Final = 80
SCRIPT_CHARACTERS: Final = 20_000
TITLE_CHARACTERS: Final = 200
FORMATS: Final = 12
HEIGHT_PIXELS: Final = (360, 1080)
WORDS_PER_MINUTE: Final = (120, 220)
PITCH: Final = (1, 100)
FACE_PERCENT: Final = (50, 120)
"""Jaw and teeth of a presenter, in hundredths of the usual."""
PRONUNCIATIONS: Final = 1_000
TICKER_ITEMS: Final = 100
TEXT_CHARACTERS: Final = 2_000
"""Any one text of the data or the brand kit."""
DATA_BYTES: Final = 65_536
"""Serialised: a request travels in one message."""
DATA_DEPTH: Final = 16
