"""The published networks by the names their golden vectors have; a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from torch import nn

NETWORKS: Final[Mapping[str, Callable[[], nn.Module]]] = {}
"""Build a network without weights; its state dict has the published names and shapes."""
