"""What a work process and the libraries in it print past our log: lines of its parent's log.

C++ libraries write to the standard streams themselves, and some of their last words are worth more
than any other line: the parent has them even where the process has died.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.context import SpawnContext
from typing import Final

from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.sieve import Sieve, kind_of

AT_ONCE: Final = 65_536
LONGEST: Final = 2_000
"""Bytes of a line; what is longer is cut into such lines."""
GLOG: Final = re.compile(rb"([IWEF])\d{4} ")
LEVELS: Final[Mapping[bytes, int]] = {
    b"W": logging.WARNING,
    b"E": logging.ERROR,
    b"F": logging.CRITICAL,
}
"""By the first letter of lines as Google's libraries write them; all else is INFO."""


class Noise:
    """Hears what one work process prints. Belongs to its pool's thread."""

    def __init__(self, context: SpawnContext) -> None:
        self.reader, self.writer = context.Pipe(duplex=False)
        os.set_blocking(self.reader.fileno(), False)
        self.is_over = False
        """Whether nobody can write any more."""
        self._rest = b""
        self._sieve = Sieve()

    def hear(self) -> None:
        """Log the lines that have come, `AT_ONCE` bytes at most: a flood must not keep its pool."""
        with suppress(BlockingIOError):
            self._hear_some()

    def close(self) -> None:
        """Log what is left, and listen no more."""
        with suppress(BlockingIOError):
            while not self.is_over:
                self._hear_some()
        self._say(self._rest)
        self.is_over = True
        self.reader.close()

    def _hear_some(self) -> None:
        data = os.read(self.reader.fileno(), AT_ONCE)
        self.is_over = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._say(line)

    def _say(self, line: bytes) -> None:
        found = GLOG.match(line)
        level = LEVELS.get(found[1], logging.INFO) if found else logging.INFO
        for begin in range(0, len(line), LONGEST):
            text = line[begin : begin + LONGEST].decode(errors="replace").rstrip()
            held = self._sieve.passes(kind_of(text)) if text else None
            if held is not None:
                more = {"held_back": held} if held else {}
                get_log().log(level, text, logger="work process", **more)
