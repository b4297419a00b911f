"""CENTRIST: histograms of census transforms over a pyramid of overlapping blocks.

After Wu and Rehg, "CENTRIST: a visual descriptor for scene categorization", TPAMI 33(8), 2011. A
pixel's census transform compares it with its eight neighbours (bit 1: the pixel is at least as
bright), from the upper left one row by row, the first in the highest bit; pixels of the border
have none. Level L of the pyramid cuts the image into 2^L × 2^L blocks and adds the
(2^L − 1)² blocks that lie on their corners; level L − 1 does so on the image of half the size:
31 blocks for level 2. Of each histogram the bins of 0 and 255 (flat or saturated) are left out.

What differs: the paper reduces each block's 254 bins to 40 by principal components and adds the
block's mean and deviation; here the bins stand as they are, normalised to sum 1 in each block.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Extractor, Vector, gray_of
from robotvision.features.cells import bin_counts
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_NEIGHBOURS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


@parameter_fields
class Centrist(Extractor):
    """Census transform histograms of overlapping blocks.

    Parameters
    ----------
    level : int, default 2
        The finest level of the pyramid, 0 to 4: 1, 6, 31, 144 or 625 blocks.

    Notes
    -----
    254 numbers a block, level 0 first; each block sums to at most 1.
    """

    level: int = 2
    channel: str = "rgb"

    def _check(self) -> None:
        params.whole("level", self.level, low=0, high=4)
        params.word("channel", self.channel)

    @property
    def dim(self) -> int:
        """Length of the vector: 254 times blocks."""
        return 254 * sum(int(4**k + (2**k - 1) ** 2) for k in range(self.level + 1))

    def extract(self, frame: Frame) -> Vector:
        """Return the descriptor of one frame, (dim,) float32."""
        gray = gray_of(frame, self.channel, self)
        parts = []
        for level in range(self.level, -1, -1):
            parts.append(_block_histograms(census(gray), 2**level))
            half = (max(gray.shape[1] // 2, 1), max(gray.shape[0] // 2, 1))
            gray = np.asarray(cv2.resize(gray, half, interpolation=cv2.INTER_AREA), np.uint8)
        return np.concatenate(parts[::-1]).ravel()


def census(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the census transform of the inner pixels, (H - 2, W - 2) or empty, uint8."""
    height, width = (max(n - 2, 0) for n in gray.shape)
    code = np.zeros((height, width), np.uint8)
    centre = gray[1 : 1 + height, 1 : 1 + width]
    if not code.size:
        return code
    for bit, (dy, dx) in zip(range(7, -1, -1), _NEIGHBOURS, strict=True):
        neighbour = gray[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        code |= (centre >= neighbour).view(np.uint8) << np.uint8(bit)
    return code


def _block_histograms(code: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Return the histograms of the ``side``² blocks, then of those on their corners."""
    # quarter cells, half a block wide: every block, shifted or not, is four of them
    cells = 2 * side
    height, width = code.shape
    rows = np.arange(height)[:, None] * cells // max(height, 1)
    cols = np.arange(width)[None] * cells // max(width, 1)
    index = (rows * cells + cols) * 256 + code
    counts = bin_counts(index, cells * cells * 256)
    quarter = counts.reshape(cells, cells, 256)
    four = quarter[:-1, :-1] + quarter[:-1, 1:] + quarter[1:, :-1] + quarter[1:, 1:]
    blocks = [four[::2, ::2].reshape(-1, 256), four[1::2, 1::2].reshape(-1, 256)]
    histograms = np.concatenate(blocks).astype(np.float32)
    histograms /= np.maximum(histograms.sum(axis=1, keepdims=True), 1)
    return histograms[:, 1:255]
