"""Local descriptors: SIFT at detected key points, or on a regular grid.

OpenCV's SIFT (Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60(2), 2004).
On the grid it is upright and of one scale, patches of 16 × 16 pixels (compare Fei-Fei and Perona,
"A Bayesian hierarchical model for learning natural scene categories", CVPR 2005). RootSIFT is
Arandjelović and Zisserman, "Three things everyone should know to improve object retrieval", CVPR
2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LENGTH = 128
_CONTRAST = 0.02
"""Half of OpenCV's threshold: walls and corridors have little contrast."""
_PATCH = 16
"""Pixels of a side of the grid's patches: four bins of four."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalFeatures:
    """N descriptors, (N, 128) float32 of unit length or zero, at (N,) pixels ``y``, ``x``."""

    y: NDArray[np.float32]
    x: NDArray[np.float32]
    descriptors: NDArray[np.float32]


def keypoint_sift(gray: NDArray[np.uint8], limit: int) -> LocalFeatures:
    """Return SIFT at the (at most) ``limit`` key points of strongest contrast."""
    sift = cv2.SIFT.create(nfeatures=limit, contrastThreshold=_CONTRAST)
    points, descriptors = sift.detectAndCompute(gray, np.empty(0, np.uint8))
    if descriptors is None or not len(points):
        nothing = np.zeros(0, np.float32)
        return LocalFeatures(nothing, nothing, np.zeros((0, LENGTH), np.float32))
    # points of equal contrast at the limit come on top of it
    x, y = np.array([p.pt for p in points[:limit]], np.float32).T
    return LocalFeatures(y, x, _unit(np.asarray(descriptors[:limit], np.float32)))


def dense_sift(gray: NDArray[np.uint8], step: int) -> LocalFeatures:
    """Return upright SIFT of 16 × 16 patches centred every ``step`` pixels; at least one."""
    rows, cols = (_centres(n, step) for n in gray.shape)
    y, x = (m.ravel().astype(np.float32) for m in np.meshgrid(rows, cols, indexing="ij"))
    # OpenCV's bins are one and a half times as wide as a key point's size
    size = _PATCH / 4 / 1.5
    points = [cv2.KeyPoint(a, b, size, 0) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    _, descriptors = cv2.SIFT.create().compute(gray, points)
    return LocalFeatures(y, x, _unit(np.asarray(descriptors, np.float32)))


def root_sift(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the square roots of descriptors of unit sum: their dot product is Hellinger's."""
    total = descriptors.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(descriptors / np.where(total > 0, total, 1)), np.float32)


def _centres(length: int, step: int) -> NDArray[np.int64]:
    """Return positions every ``step``, as many as have their patch inside, in the middle."""
    count = max((length - _PATCH) // step + 1, 1)
    first = (length - 1 - (count - 1) * step) // 2
    return first + step * np.arange(count)


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 1e-6, length, 1), np.float32)
