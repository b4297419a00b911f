"""Recall@K of visual place recognition, by the rule of VPR-methods-evaluation.

A database image within a distance of a query (25 m by UTM, the limit itself included) is a positive
of it. Database images are ranked by the Euclidean distance of their descriptors; a query counts at
K where any of the first K is a positive. Recall@K is the share of all queries: one without any
positive counts as missed. Equal distances are ranked by the image's place in the database, as the
reference's exact index (faiss ``IndexFlatL2``) ranks them; there are K of fewer than K images.

Source: G. Berton and others, VPR-methods-evaluation, ``main.py`` and ``test_dataset.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Numbers

Vectors = NDArray[np.float32]
Places = NDArray[np.float64]


def positives_within(database: Places, queries: Places, within_m: float) -> list[Numbers]:
    """Return the positions of each query's positives in the database, in no order.

    Parameters
    ----------
    database, queries : (N, 2) and (M, 2) float64
        East and north in metres.
    within_m : float
        The largest distance of a positive, itself included.
    """
    from sklearn.neighbors import NearestNeighbors

    neighbours = NearestNeighbors(radius=within_m).fit(database)
    found = neighbours.radius_neighbors(queries, return_distance=False)
    return [np.asarray(f, np.int64) for f in found]


class DescriptorIndex:
    """An exact index of descriptors by Euclidean distance, ties by position.

    Parameters
    ----------
    descriptors : (N, dim) float32
        Of the database.
    """

    def __init__(self, descriptors: Vectors) -> None:
        self.descriptors = np.ascontiguousarray(descriptors, np.float32)
        self._squares = np.einsum("ij,ij->i", self.descriptors, self.descriptors, dtype=np.float64)
        self._largest = float(self._squares.max(initial=0.0))

    @property
    def n_bytes(self) -> int:
        """Bytes that the index holds."""
        return int(self.descriptors.nbytes + self._squares.nbytes)

    def search(self, query: Vectors, k: int) -> Numbers:
        """Return the positions of the ``k`` nearest descriptors (all where there are fewer).

        Distances by one product in float32 leave out what cannot be among them, by the bound on
        that product's rounding; the rest are compared exactly, in float64.
        """
        query = np.asarray(query, np.float32)
        n, dim = self.descriptors.shape
        k = min(k, n)
        rough = self._squares - 2.0 * (self.descriptors @ query)
        if k < n:
            length = float(query.astype(np.float64) @ query)
            error = (dim + 2) * float(np.finfo(np.float32).eps) * (self._largest + length)
            limit = np.partition(rough, k - 1)[k - 1] + 2 * error
            candidates = np.flatnonzero(rough <= limit)
        else:
            candidates = np.arange(n)
        offsets = self.descriptors[candidates].astype(np.float64) - query
        distances = np.einsum("ij,ij->i", offsets, offsets)
        return candidates[np.lexsort((candidates, distances))[:k]]


def recall_counts(
    rankings: Sequence[Numbers], positives: Sequence[Numbers], at: Sequence[int]
) -> dict[int, int]:
    """Return for each K of ``at`` how many queries have a positive among their first K.

    Parameters
    ----------
    rankings : sequence of (k,) int64
        Of each query, the database from the nearest on.
    positives : sequence of int64
        Of each query.
    at : sequence of int
    """
    first = [
        int(hits[0]) if len(hits := np.flatnonzero(np.isin(r, p))) else None
        for r, p in zip(rankings, positives, strict=True)
    ]
    return {k: sum(f is not None and f < k for f in first) for k in at}
