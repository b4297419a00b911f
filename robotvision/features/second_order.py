"""Second-order pooling: which of a network's channels answer together, at the same places.

The mean over places, the usual pooling, forgets that two channels answered at one place. Their
products, averaged over the places, keep it: Carreira, Caseiro, Batista and Sminchisescu, "Semantic
segmentation with second-order pooling", ECCV 2012; Lin, RoyChowdhury and Maji, "Bilinear CNN models
for fine-grained visual recognition", ICCV 2015. The square root of that matrix keeps a few strong
channels from speaking for all: Lin and Maji, "Improved bilinear pooling with CNNs", BMVC 2017;
Li, Xie, Wang and Zuo, "Is second-order information helpful for large-scale visual recognition?",
ICCV 2017.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector

MAX_CHANNELS = 320
"""Above it the vector has more than 51,360 numbers."""


def length(channels: int) -> int:
    """Return how many numbers `second_order` gives for that many channels."""
    return channels * (channels + 1) // 2


def second_order(answers: NDArray[np.float32]) -> Vector:
    """Return the square root of the channels' mean products, of unit length.

    Parameters
    ----------
    answers : (channels, places) float32
        What each channel answers at each place of the image.

    Returns
    -------
    (channels * (channels + 1) / 2,) float32
        The upper triangle row by row; what stands off the diagonal counts for its mirror image,
        too, so that the product of two vectors is that of their matrices. Zeros where every answer
        is zero.
    """
    channels, places = answers.shape
    a = answers.astype(np.float64)
    if places < channels:  # the same root through the smaller of the two products
        values, vectors = np.linalg.eigh(a.T @ a / places)
        kept = values > values[-1] * 1e-12
        spread = (a @ vectors[:, kept]) / np.sqrt(places) / values[kept] ** 0.25
    else:
        values, vectors = np.linalg.eigh(a @ a.T / places)
        spread = vectors * np.maximum(values, 0) ** 0.25
    root = spread @ spread.T
    triangle, weights = _triangle(channels)
    vector = root.ravel().take(triangle) * weights
    size = float(np.linalg.norm(vector))
    if size > 0:
        vector /= size
    return np.asarray(vector, np.float32)


@lru_cache(maxsize=16)
def _triangle(n: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return where the upper triangle lies in a matrix row by row, and what each number counts."""
    rows, columns = np.triu_indices(n)
    return rows * n + columns, np.where(rows == columns, 1.0, np.sqrt(2.0))
