"""Histograms of local binary patterns.

After Ojala, Pietikäinen and Mäenpää, "Multiresolution gray-scale and rotation invariant texture
classification with local binary patterns", TPAMI 24(7), 2002. Eight points on a circle around each
pixel, interpolated between pixels; a point at least as bright as the centre sets a bit. The first
point lies to the right, the next ones follow counter-clockwise; beyond the border the image is 0.
These are the conventions of ``skimage.feature.local_binary_pattern``, the oracle of the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector, gray_of
from robotvision.features.cells import CellExtractor, n_cells, pyramid_counts, unit_sum
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_POINTS = 8
_STEPS = 256
"""Interpolation weights are multiples of 1/256: then float32 holds every sum exactly, so a flat
area compares as equal, whatever the radius."""


@parameter_fields
class LBP(CellExtractor):
    """Histogram of local binary patterns.

    Parameters
    ----------
    radius : float, default 1.0
        Of the circle, in pixels, 1 to 32.
    patterns : str, default 'uniform'
        ``uniform``: the 58 patterns with at most two changes around the circle, all others as
        one; ``rotation``: the uniform ones by their number of set bits, all others as one (10);
        ``all``: 256.

    Notes
    -----
    The vector sums to 1.
    """

    radius: float = 1.0
    patterns: str = "uniform"
    grids: Sequence[int] = (1, 2, 4)
    channel: str = "rgb"

    def _check(self) -> None:
        params.number("radius", self.radius, high=32)
        if self.radius < 1:
            raise params.refuse("radius", "a number of at least 1", self.radius)
        params.choice("patterns", self.patterns, ("uniform", "rotation", "all"))
        self._check_cells("cells")

    @property
    def dim(self) -> int:
        """Length of the vector: patterns times cells."""
        return int(pattern_table(self.patterns).max() + 1) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        gray = gray_of(frame, self.channel, self)
        table = pattern_table(self.patterns)
        bins = np.asarray(cv2.LUT(binary_patterns(gray, float(self.radius)), table), np.uint8)
        return unit_sum(pyramid_counts(bins, int(table.max()) + 1, self.grids))


def binary_patterns(gray: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """Return each pixel's pattern, (H, W) uint8, bit k for the point at k times 45°."""
    margin = math.ceil(radius) + 1
    padded = np.pad(gray, margin).astype(np.float32)
    centre = gray.astype(np.float32)
    code = np.zeros(gray.shape, np.uint8)
    for bit, (dy, dx) in enumerate(_circle(radius)):
        point = _interpolated(padded, dy + margin, dx + margin, gray.shape)
        code |= (point >= centre).view(np.uint8) << np.uint8(bit)
    return code


def _circle(radius: float) -> list[tuple[float, float]]:
    angles = [2 * math.pi * p / _POINTS for p in range(_POINTS)]
    return [(-radius * math.sin(a), radius * math.cos(a)) for a in angles]


def _interpolated(
    padded: NDArray[np.float32], y: float, x: float, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Return the window of ``shape`` whose corner lies at ``(y, x)``, fractions interpolated."""
    (row, wy), (col, wx) = divmod(round(y * _STEPS), _STEPS), divmod(round(x * _STEPS), _STEPS)
    height, width = shape
    if not wy and not wx:
        return padded[row : row + height, col : col + width]
    kernel = np.outer((_STEPS - wy, wy), (_STEPS - wx, wx)).astype(np.float32) / _STEPS**2
    window = padded[row : row + height + 1, col : col + width + 1]
    filtered = cv2.filter2D(window, cv2.CV_32F, kernel, anchor=(0, 0))
    return np.asarray(filtered, np.float32)[:-1, :-1]


@lru_cache(maxsize=3)
def pattern_table(patterns: str) -> NDArray[np.uint8]:
    """Return the bin of each of the 256 patterns."""
    code = np.arange(256)
    if patterns == "all":
        return code.astype(np.uint8)
    bits = code[:, None] >> np.arange(_POINTS) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    if patterns == "rotation":
        return np.where(uniform, bits.sum(axis=1), _POINTS + 1).astype(np.uint8)
    table = np.full(256, uniform.sum())
    table[uniform] = np.arange(uniform.sum())
    return table.astype(np.uint8)
