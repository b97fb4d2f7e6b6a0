"""What is kept of a loop is found again, also where the loop is longer than what may be kept."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from services.models.served.keeping import Kept

ROOM = 80
"""Frames that may be kept."""


def play(kept: Kept, frames: Iterable[int]) -> int:
    """Ask for frames in turn, as a loop is played; return how many were there."""
    found = 0
    for frame in frames:
        digest = frame.to_bytes(32, "big")
        found += kept.find(digest) is not None
        kept.keep(digest, (torch.zeros(1),))
        assert kept.bytes <= 4 * ROOM
    return found


def test_most_of_a_loop_that_is_too_long_is_found_every_time() -> None:
    kept, loop = Kept(4 * ROOM), range(100)
    play(kept, loop)
    assert all(play(kept, loop) > 40 for _ in range(20))


def test_a_new_loop_takes_the_place_of_an_old_one() -> None:
    kept, new = Kept(4 * ROOM), range(1000, 1060)
    for _ in range(5):
        play(kept, range(100))
    for _ in range(8):
        found = play(kept, new)
    assert found == len(new)
