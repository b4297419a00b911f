"""Local descriptors: SIFT at detected key points, or on a regular grid.

Key points: OpenCV's SIFT (Lowe, "Distinctive image features from scale-invariant keypoints", IJCV
60(2), 2004). Grid: the same 4 × 4 × 8 histograms of gradient orientation, upright and at one scale,
by convolution of eight orientation maps with a triangular kernel and one Gaussian weight a bin, as
in VLFeat's flat-window ``dsift`` (Vedaldi and Fulkerson, 2008), which is many times as fast as key
point by key point. RootSIFT is Arandjelović and Zisserman, "Three things everyone should know to
improve object retrieval", CVPR 2012.
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
_BINS, _ORIENTATIONS = 4, 8
_BIN_SIZE = 4
"""Pixels of one spatial bin of the grid's descriptors, whose patches are 16 × 16."""
_CLIP = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class LocalFeatures:
    """N descriptors, (N, 128) float32 of unit length or zero, at (N,) pixels ``y``, ``x``."""

    y: NDArray[np.float32]
    x: NDArray[np.float32]
    descriptors: NDArray[np.float32]


def keypoint_sift(gray: NDArray[np.uint8], limit: int) -> LocalFeatures:
    """Return SIFT at the (at most) ``limit`` key points of strongest contrast."""
    sift = cv2.SIFT.create(nfeatures=limit, contrastThreshold=_CONTRAST)
    points, found = sift.detectAndCompute(gray, np.empty(0, np.uint8))
    if found is None or not len(points):
        nothing = np.zeros(0, np.float32)
        return LocalFeatures(nothing, nothing, np.zeros((0, LENGTH), np.float32))
    # points of equal contrast at the limit come on top of it
    x, y = np.array([p.pt for p in points[:limit]], np.float32).T
    return LocalFeatures(y, x, _unit(np.asarray(found[:limit], np.float32)))


def dense_sift(gray: NDArray[np.uint8], step: int) -> LocalFeatures:
    """Return upright SIFT of 16 × 16 patches centred every ``step`` pixels; at least one."""
    rows, cols = (_centres(n, step) for n in gray.shape)
    maps = _orientation_maps(gray)
    margin = _BINS * _BIN_SIZE
    maps = np.pad(maps, ((margin, margin), (margin, margin), (0, 0)))
    kernel = (1 - np.abs(np.arange(1 - _BIN_SIZE, _BIN_SIZE)) / _BIN_SIZE).astype(np.float32)
    maps = np.asarray(cv2.sepFilter2D(maps, cv2.CV_32F, kernel, kernel), np.float32)
    offset = ((np.arange(_BINS) - (_BINS - 1) / 2) * _BIN_SIZE).astype(int)
    at_y = (rows[:, None] + offset + margin).ravel()
    at_x = (cols[:, None] + offset + margin).ravel()
    bins = maps[at_y[:, None], at_x].reshape(len(rows), _BINS, len(cols), _BINS, _ORIENTATIONS)
    weight = np.exp(-((np.arange(_BINS) - (_BINS - 1) / 2) ** 2) / (_BINS**2 / 2))
    bins = bins.transpose(0, 2, 1, 3, 4) * np.outer(weight, weight)[:, :, None].astype(np.float32)
    unit = _unit(bins.reshape(-1, LENGTH))
    y, x = np.meshgrid(rows.astype(np.float32), cols.astype(np.float32), indexing="ij")
    return LocalFeatures(y.ravel(), x.ravel(), _unit(np.minimum(unit, _CLIP)))


def root_sift(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the square roots of descriptors of unit sum: their dot product is Hellinger's."""
    total = descriptors.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(descriptors / np.where(total > 0, total, 1)), np.float32)


def _centres(length: int, step: int) -> NDArray[np.int64]:
    """Return positions every ``step``, as many as have their patch inside, in the middle."""
    count = max((length - _BINS * _BIN_SIZE) // step + 1, 1)
    first = (length - 1 - (count - 1) * step) // 2
    return first + step * np.arange(count)


def _orientation_maps(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return gradient magnitude shared between the two nearest of 8 orientations, (H, W, 8)."""
    kernel = np.array([-1, 0, 1], np.float32)
    one = np.ones(1, np.float32)
    dx = cv2.sepFilter2D(gray, cv2.CV_32F, kernel, one, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.sepFilter2D(gray, cv2.CV_32F, one, -kernel, borderType=cv2.BORDER_REPLICATE)
    magnitude, angle = cv2.cartToPolar(dx, dy)
    position = (np.asarray(angle, np.float32) * np.float32(_ORIENTATIONS / (2 * np.pi))).ravel()
    lower = position.astype(np.int64)
    share = (position - lower) * np.asarray(magnitude).ravel()
    maps = np.zeros((gray.size, _ORIENTATIONS), np.float32)
    flat, start = maps.reshape(-1), np.arange(gray.size) * _ORIENTATIONS
    flat[start + lower % _ORIENTATIONS] = np.asarray(magnitude).ravel() - share
    flat[start + (lower + 1) % _ORIENTATIONS] = share
    return maps.reshape(*gray.shape, _ORIENTATIONS)


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 1e-6, length, 1), np.float32)
