"""A neural presenter moved by our own tracks, without a driving clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from services.chassis.timeline import TRACKS, Floats
from services.motion.domain.liveportrait.calibration import Curve, invert, steered
from services.motion.domain.liveportrait.pose import POINTS, Motion, rotations
from services.motion.domain.liveportrait.relative import Drive
from services.motion.domain.waves import Reals

SHUT: Final = 0.15
"""Ratio of a shut eye by that of the open one; asked for less, the network tears lids."""
GAZES: Final = ("gaze_x", "gaze_y")


def drive_of(source: Motion, tracks: Floats, curves: Mapping[str, Curve], pupils: float) -> Drive:
    """Return the source's own motion when it follows tracks (n, 12).

    source: one picture. curves: of "brows", "gaze_x" and "gaze_y", which stay still without; of
    "pitch", "yaw" and "roll" where degrees asked for and degrees seen differ. pupils: distance
    between the pupils in the crop, in its halves, which are the unit of key points.
    Degrees are added to the source's, shifts and scale too; lids are `wanted_eyes`.
    """
    turns = [_turn(name, tracks, curves) for name in ("pitch", "yaw", "roll")]
    angles = source.angles + np.stack(turns, 1).astype(np.float32)
    shift = np.repeat(source.shift, len(tracks), 0)
    shift[:, :2] += _columns(tracks, "shift_x", "shift_y") * np.float32(pupils)
    shift[:, 2] = 0
    scale = source.scale * np.exp(_columns(tracks, "log_scale")[:, 0])
    expression = source.expression + face_of(tracks, curves)
    return Drive(rotations(angles), expression, scale, shift)


def face_of(tracks: Floats, curves: Mapping[str, Curve]) -> Floats:
    """Return what brows and gaze of tracks (n, 12) add to the expression (n, 21, 3)."""
    added = np.zeros((len(tracks), POINTS, 3), np.float32)
    if "brows" in curves:
        lift = _columns(tracks, "brow_right", "brow_left").mean(1)
        added += steered("brows", curves["brows"], lift)
    for name in GAZES:
        if name in curves:
            added += steered(name, curves[name], _columns(tracks, name)[:, 0])
    return added


def wanted_eyes(tracks: Floats, own: Floats) -> Floats:
    """Return the eye ratio to ask the eyes' network for (n,), of lids in tracks (n, 12).

    own: the source's eye ratios (1, 2). The network knows one ratio for both eyes: the lid that is
    more closed rules, so that blinks shut.
    """
    closure = _columns(tracks, "lid_right", "lid_left").max(1).clip(0, 1)
    return np.asarray(own.mean() * (1 - (1 - SHUT) * closure), np.float32)


def _turn(name: str, tracks: Floats, curves: Mapping[str, Curve]) -> Reals:
    wanted = _columns(tracks, name)[:, 0]
    return invert(curves[name], wanted) if name in curves else wanted


def _columns(tracks: Floats, *names: str) -> Floats:
    return tracks[:, [TRACKS.index(name) for name in names]]
