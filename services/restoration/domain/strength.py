"""How much of a restored mouth to take, so that it is as sharp as the face around it."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Bytes, Floats

SHARP_ENOUGH: Final = 0.8
"""A mouth with this share of the wanted sharpness is left as it is: nobody sees the difference."""
SIGMA_SECONDS: Final = 0.12
"""Strength changes slowly: a mouth whose sharpness flickers looks worse than a soft one."""

Reals = npt.NDArray[np.floating[Any]]


def sharpness(picture: Bytes, mask: Floats) -> float:
    """Return the variance of the Laplacian of a picture (h, w, 3) BGR under a mask (h, w).

    Source: Pertuz, Puig and Garcia 2013, LAPV.
    """
    return _covariance(edges := _edges(picture), edges, mask)


def strength(raw: Bytes, restored: Bytes, mask: Floats, wanted: float) -> float:
    """Return which share of the restored mouth makes the mixture as sharp as wanted, 0 to 1.

    raw, restored: (h, w, 3) BGR; mask: (h, w), 0 to 1; wanted: the `sharpness` of the same part of
    the loop's restored frame. 0 where the raw mouth is sharp enough, 1 where even the restored one
    is too soft. The variance of a mixture's Laplacian is a parabola over the share; its rising arm
    is solved.
    """
    before, after = _edges(raw), _edges(restored)
    soft, sharp = (_covariance(edges, edges, mask) for edges in (before, after))
    if soft >= SHARP_ENOUGH * wanted or sharp <= soft:
        return 0.0
    if sharp <= wanted:
        return 1.0
    common = _covariance(before, after, mask)
    curvature, slope = soft - 2 * common + sharp, 2 * (common - soft)
    root = np.sqrt(slope**2 + 4 * curvature * (wanted - soft))
    return float(np.clip((root - slope) / (2 * curvature), 0, 1))


def smoothed(strengths: Reals, frame_rate: int) -> Floats:
    """Return strengths (n,) that change no faster than eyes forgive, 0 to 1: (n,)."""
    sigma = SIGMA_SECONDS * frame_rate
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(np.asarray(strengths, np.float64), reach, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid").clip(0, 1).astype(np.float32)


def _edges(picture: Bytes) -> Floats:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.Laplacian(grey, cv2.CV_32F), np.float32)


def _covariance(one: Floats, other: Floats, mask: Floats) -> float:
    weight = mask / max(float(mask.sum()), 1e-6)
    means = [float((weight * edges).sum()) for edges in (one, other)]
    return float((weight * one * other).sum()) - means[0] * means[1]
