"""Distances and similarities between one vector and many, laid out for one frame at a time.

``chi2``: Σ (x − y)² / (x + y), the exponent of the χ² kernel (Zhang, Marszałek, Lazebnik and
Schmid, IJCV 2007; scikit-learn's ``additive_chi2_kernel`` with the sign turned). ``min``:
Σ min(x, y), the histogram intersection (Swain and Ballard, IJCV 1991). Both need x, y >= 0.

Two facts make χ² cheap. (x − y)² / (x + y) = y − 3x + 4x² / (x + y), so one addition, one
reciprocal and one product with a matrix do; and a bin that is empty in x adds y alone, so only the
bins in use are visited. The many vectors lie bin by bin, which makes picking bins a row copy.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Vectors

Row = NDArray[np.float32]

_TINY = np.float32(1e-30)
"""Keeps 0 / 0 out of χ²: squares of what lies below it vanish in float32 anyway."""
_CACHE = 2**17
"""Numbers of a working block: 512 KB, a core's cache."""
_AT_ONCE = 2**20
"""Distances of a block of vectors to all others: 4 MB."""
_NEAR = 0.2
"""Distances below this share of x's mass are computed by the definition: in the short form, large
numbers cancel there."""
_CHAIN = 64
"""Most terms summed in float32 before the sum goes into float64."""
_SPARSE = 0.7
"""Share of bins in use below which picking them costs less than visiting all."""


class Bank:
    """Many vectors, ready to be compared with one.

    Parameters
    ----------
    vectors : (n, d) float32
    measure : str
        ``dot`` (x·y), ``squared`` (Euclidean distance squared), ``chi2`` or ``min``.
    """

    def __init__(self, vectors: Vectors, measure: str) -> None:
        self.measure = measure
        self.center: Row | None = None
        if measure in ("dot", "squared"):
            if measure == "squared":  # distances do not change, their rounding errors shrink
                self.center = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
                vectors = vectors - self.center
            self.data = np.ascontiguousarray(vectors)
            self.sums = np.einsum("ij,ij->i", self.data, self.data)
        else:
            self.data = np.ascontiguousarray(vectors.T)
            if measure == "chi2":
                self.data = self.data + _TINY
            self.sums = vectors.sum(axis=1, dtype=np.float64)

    def __len__(self) -> int:
        return len(self.sums)

    def row(self, x: Row, start: int = 0) -> Row:
        """Return the measure between ``x`` (d,) and each vector from number ``start`` on."""
        if self.measure in ("dot", "squared"):
            return self._products(x, start)
        return self._bins(x, start)

    def nearest(self, x: Vectors) -> Row:
        """Return the squared distance of each of ``x`` (m, d) to the nearest vector, (m,)."""
        if self.measure != "squared" or self.center is None:
            raise ValueError(f"nearest: expected squared distances, got {self.measure!r}")
        x = np.asarray(x, np.float32) - self.center
        step = max(1, _AT_ONCE // len(self))
        closest = np.concatenate(
            [
                (self.sums - 2 * (x[i : i + step] @ self.data.T)).min(axis=1)
                for i in range(0, len(x), step)
            ]
        )
        out: Row = np.maximum(closest + np.einsum("ij,ij->i", x, x), 0)
        return out

    def _products(self, x: Row, start: int) -> Row:
        if self.center is None:
            out: Row = self.data[start:] @ x
            return out
        x = x - self.center
        out = self.data[start:] @ x
        out *= -2
        out += self.sums[start:]
        out += x @ x
        return np.maximum(out, 0, out=out)

    def _bins(self, x: Row, start: int) -> Row:
        (used,) = np.nonzero(x)
        sparse = len(used) < _SPARSE * len(x)
        data = self.data[:, start:]
        values = (x[used] if sparse else x)[:, None]
        n = data.shape[1]
        step = min(max(1, _CACHE // max(n, 1)), _CHAIN)
        block = np.empty((min(step, len(values)), n), np.float32)
        total = np.zeros(n)
        for i in range(0, len(values), step):
            v = values[i : i + step]
            part = block[: len(v)]
            y = data[used[i : i + step]] if sparse else data[i : i + step]
            if self.measure == "chi2":
                np.reciprocal(np.add(y, v, out=part), out=part)
                total += np.square(v[:, 0]) @ part
            else:
                total += np.minimum(y, v, out=part).sum(axis=0)
        if self.measure == "chi2":
            mass = float(x.sum(dtype=np.float64))
            total *= 4
            total += self.sums[start:]
            total -= 3 * mass
            near = np.flatnonzero(total < _NEAR * mass)
            if len(near):
                total[near] = _chi2(data[:, near], x)
        return total.astype(np.float32)


def _chi2(data: NDArray[np.float32], x: Row) -> NDArray[np.float64]:
    """Return χ² by its definition, in double, between ``x`` (d,) and columns (d, m)."""
    y, v = data.astype(np.float64), x.astype(np.float64)[:, None]
    distances: NDArray[np.float64] = ((y - v) ** 2 / (y + v)).sum(axis=0)
    return distances


def pairs(vectors: Vectors, measure: str) -> NDArray[np.float32]:
    """Return the measure between every two vectors, (n, n) float32, exactly symmetric."""
    bank = Bank(vectors, measure)
    n = len(vectors)
    if measure in ("dot", "squared"):
        return _products(bank)
    out = np.empty((n, n), np.float32)

    def fill(i: int) -> None:
        out[i, i:] = bank.row(vectors[i], i)
        out[i:, i] = out[i, i:]

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for _ in pool.map(fill, range(n)):
            pass
    if measure == "chi2":
        np.fill_diagonal(out, 0)
    return out


def _products(bank: Bank) -> NDArray[np.float32]:
    out: NDArray[Any] = bank.data @ bank.data.T
    if bank.measure == "squared":
        out *= -2
        out += bank.sums[:, None]
        out += bank.sums
        np.maximum(out, 0, out=out)
        np.fill_diagonal(out, 0)
    return np.asarray((out + out.T) / 2, np.float32)
