"""Lays a posed puppet into one picture, band by band, blending only where its outline runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.rig import GRID
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain import puppet_matte
from services.compositing.domain.box import Box
from services.compositing.domain.placement import Placement
from services.compositing.domain.puppet_matte import EDGE, EMPTY, SOLID
from services.compositing.engines.puppet import Puppet

NODE: Final = 16
"""Picture pixels between the nodes that the head's map is computed at."""
BAND_NODES: Final = 6
"""Nodes in a band: its map and pixels stay in the processor's cache."""
WHOLE_MAP: Final = np.empty(0, np.float32)
"""Stands where OpenCV would take a map's second half."""
CELL: Final = 8
"""Texels per cell of the outline's classes."""


@dataclass(frozen=True)
class _Run:
    """A stretch of columns of a band, of one class."""

    kind: int
    left: int
    """Pixels from the bounds' left edge."""
    right: int


class View:
    """The presenter in one format. Paints what `Puppet.pose` said last."""

    bounds: Box
    """The only part of the picture that ever changes; even numbers."""

    def __init__(self, puppet: Puppet, placement: Placement, background: Bytes) -> None:
        """Prepare a view. background: (H, W, 3) BGR of the whole picture; it is not copied."""
        self._puppet = puppet
        self._background = background
        height, width = background.shape[:2]
        picture = Box(0, 0, width & ~1, height & ~1)
        clip = placement.clip.meet(picture)
        self.bounds = reach(puppet, placement).meet(clip).even().meet(picture)
        across, down = self._canvas_points(placement)
        self._rest = np.stack(np.meshgrid(across, down), axis=-1)
        self._across, self._down = self._weights(across), self._weights(down)
        texels = puppet.scale.ratio / placement.scale * NODE
        self._classes = puppet_matte.classify(puppet.alpha, int(0.65 * texels) + CELL, CELL)
        self._fade = _fade_rows(placement, self.bounds)
        pixels = (self.bounds.width + 3 * NODE) * (BAND_NODES + 2) * NODE
        self._map = np.empty(2 * pixels, np.float32)
        self._layer, self._wall = np.empty(4 * pixels, np.uint8), np.empty(3 * pixels, np.uint8)
        self._alpha = np.empty(pixels, np.uint8)

    def paint(self, out: Bytes) -> None:
        """Draw background and presenter inside `bounds` of a picture (H, W, 3) BGR."""
        nodes = self._puppet.scale.texels(self._at_nodes(self._puppet.shift))
        kinds = self._kinds(nodes)
        for first in range(0, len(kinds), BAND_NODES):
            band = slice(first, min(first + BAND_NODES, len(kinds)))
            self._paint_band(out, nodes[band.start : band.stop + 2], kinds[band], first * NODE)

    def _paint_band(self, out: Bytes, nodes: Floats, kinds: Bytes, top: int) -> None:
        """Paint rows from `top` on, whose nodes stand in `nodes` with one more on every side."""
        y0 = self.bounds.top + top
        y1 = min(y0 + NODE * len(kinds), self.bounds.bottom)
        fade = self._fade[top : top + y1 - y0]
        runs = list(_runs(kinds, self.bounds.width, solid=bool((fade == 255).all())))
        seen = [run for run in runs if run.kind != EMPTY]
        start, end = (seen[0].left, seen[-1].right) if seen else (0, 0)
        layer = self._warp(nodes, start, end, y1 - y0) if seen else self._layer
        if not (fade == 255).all() and seen:
            cv2.multiply(layer, np.broadcast_to(fade[:, None, None], layer.shape), layer, 1 / 255)
        for run in runs:
            x0, x1 = self.bounds.left + run.left, self.bounds.left + run.right
            wall, picture = self._background[y0:y1, x0:x1], out[y0:y1, x0:x1]
            if run.kind == EMPTY:
                picture[:] = wall
                continue
            person = layer[:, run.left - start : run.right - start]
            cv2.cvtColor(person, cv2.COLOR_BGRA2BGR, dst=picture)
            if run.kind == EDGE:
                self._add_wall(person, wall, picture)

    def _warp(self, nodes: Floats, start: int, end: int, height: int) -> Bytes:
        """Return the presenter's layer (height, end - start, 4) of a band, premultiplied BGRA."""
        first, last = start // NODE, -(-end // NODE)
        width, rows = (last - first + 2) * NODE, len(nodes) * NODE
        fine = self._map[: 2 * width * rows].reshape(rows, width, 2)
        cv2.resize(nodes[:, first : last + 2], (width, rows), dst=fine)
        layer = self._layer[: 4 * (end - start) * height].reshape(height, end - start, 4)
        inner = fine[NODE : NODE + height, NODE : NODE + end - start]
        cv2.remap(
            self._puppet.layers,
            inner,
            WHOLE_MAP,
            cv2.INTER_LINEAR,
            dst=layer,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return layer

    def _add_wall(self, person: Bytes, wall: Bytes, picture: Bytes) -> None:
        """Add what the wall shows through the presenter to a premultiplied picture."""
        height, width = person.shape[:2]
        alpha = self._alpha[: height * width].reshape(height, width)
        shown = self._wall[: 3 * height * width].reshape(height, width, 3)
        cv2.extractChannel(person, 3, dst=alpha)
        cv2.bitwise_not(alpha, dst=alpha)
        cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR, dst=shown)
        cv2.multiply(wall, shown, dst=shown, scale=1 / 255)
        cv2.add(picture, shown, dst=picture)

    def _canvas_points(self, placement: Placement) -> tuple[Floats, Floats]:
        """Return x and y on the canvas of the nodes, with one more on every side."""

        def along(start: int, length: int, origin: float) -> Floats:
            count = -(-length // NODE) + 2
            pixels = start + NODE * (np.arange(count) - 1) + (NODE - 1) / 2
            return np.asarray((pixels + 0.5 - origin) / placement.scale - 0.5, np.float32)

        across = along(self.bounds.left, self.bounds.width, placement.left)
        return across, along(self.bounds.top, self.bounds.height, placement.top)

    def _weights(self, canvas: Floats) -> Floats:
        """Return how the head's grid weighs in at points (N,) along one axis: (N, GRID).

        A matrix, because OpenCV would round the place on the grid to a thirty-second: a tenth of a
        pixel.
        """
        place = canvas * ((GRID - 1) / (self._puppet.rig.canvas_pixels - 1))
        away = np.abs(np.clip(place, 0, GRID - 1)[:, None] - np.arange(GRID))
        return np.asarray(np.maximum(0, 1 - away), np.float32)

    def _at_nodes(self, shift: Floats) -> Floats:
        """Return the canvas point seen at each node, from shifts on the head's grid."""
        moves = [self._down @ shift[..., k] @ self._across.T for k in (0, 1)]
        return self._rest + np.stack(moves, axis=-1)

    def _kinds(self, nodes: Floats) -> Bytes:
        """Return the class of the pixels round each node but the outermost."""
        last = len(self._classes) - 1
        cells = np.clip(nodes[1:-1, 1:-1] * np.float32(1 / CELL), 0, last).astype(np.intp)
        kinds: Bytes = self._classes[cells[..., 1], cells[..., 0]]
        return kinds


def reach(puppet: Puppet, placement: Placement) -> Box:
    """Return the picture's part that the presenter can ever come to, however motion goes."""
    alpha = cv2.resize(puppet.alpha, (GRID, GRID), interpolation=cv2.INTER_AREA)
    person = cv2.dilate(alpha, np.ones((3, 3), np.uint8)) > 0
    along = np.linspace(0, puppet.rig.canvas_pixels - 1, GRID, dtype=np.float32)
    grid_x, grid_y = np.meshgrid(along, along)
    rest = np.stack([grid_x[person], grid_y[person]], axis=1)
    far = np.float32(1e3)
    places = [
        rest + puppet.head.displacement(far * np.array(signs, np.float32), 0.0)[person]
        for signs in itertools.product((-1, 1), repeat=6)
    ]
    low, high = np.min(places, axis=(0, 1)), np.max(places, axis=(0, 1))
    origin = np.array([placement.left, placement.top])
    x0, y0 = np.floor(origin + low * placement.scale) - 2
    x1, y1 = np.ceil(origin + (high + 1) * placement.scale) + 2
    below = placement.clip.bottom if puppet.rig.person.cut_bottom else int(y1)
    return Box(int(x0), int(y0), int(x1), max(int(y1), below))


def _runs(kinds: Bytes, width: int, *, solid: bool) -> Iterator[_Run]:
    """Join a band's columns of one class; solid: whether any may go unblended."""
    low, high = kinds.min(axis=0), kinds.max(axis=0)
    whole = SOLID if solid else EDGE
    classes = np.where(high == EMPTY, EMPTY, np.where(low == SOLID, whole, EDGE)).tolist()
    node = 0
    for kind, members in itertools.groupby(classes):
        start, node = node, node + len(list(members))
        yield _Run(kind, start * NODE, min(node * NODE, width))


def _fade_rows(placement: Placement, bounds: Box) -> Bytes:
    """Return how much of the presenter is left in each row of the bounds, 0 to 255."""
    rows = np.arange(bounds.top, bounds.bottom, dtype=np.float32) + np.float32(0.5)
    if not placement.fade_pixels:
        return np.full(len(rows), 255, np.uint8)
    left = np.clip((placement.clip.bottom - rows) / placement.fade_pixels, 0, 1)
    return np.asarray(left * left * (3 - 2 * left) * 255 + 0.5, np.uint8)
