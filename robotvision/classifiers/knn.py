"""k nearest neighbours: the rooms of the training frames most like this one.

Cover and Hart (1967); votes weighed by inverse distance after Dudani (1976, in scikit-learn's
form). Brute force: at a few thousand frames one product of a matrix with a vector beats any tree.

With ``metric: intersection`` on histograms with ``grids`` of their own (``sift_bow``, ``phog``,
``hsv_histogram``, ...) it is the spatial pyramid match with k-NN: 1 - distance is the mean of the
levels' histogram intersections (Grauman and Darrell, ICCV 2005; Lazebnik, Schmid and Ponce, CVPR
2006, who weigh finer levels more, where here every level counts the same).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import FLOOR, Classifier, Scores, Vectors, non_negative
from robotvision.classifiers.kernels import Bank
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields

METRICS = ("euclidean", "cosine", "chi2", "intersection")


@parameter_fields
class KNN(Classifier):
    """k nearest neighbours.

    Parameters
    ----------
    k : int
        Neighbours asked; all training frames where there are fewer.
    weights : {'distance', 'uniform'}
        What a neighbour's vote counts: the inverse of its distance, or 1.
    metric : {'euclidean', 'cosine', 'chi2', 'intersection'}
        ``chi2`` and ``intersection`` need histograms; the distance of the latter is half of
        Σ |x − y|, that is (Σx + Σy) / 2 − Σ min(x, y).
    """

    k: int = 5
    weights: str = "distance"
    metric: str = "euclidean"

    def _check(self) -> None:
        params.whole("k", self.k)
        params.choice("weights", self.weights, ("distance", "uniform"))
        params.choice("metric", self.metric, METRICS)

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        self.check_features(x)
        measure = {"euclidean": "squared", "cosine": "dot", "intersection": "min"}
        if self.metric == "cosine":
            x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)
        self.bank_ = Bank(x, measure.get(self.metric, self.metric))
        self.rooms_ = y.astype(np.int64)

    def check_features(self, x: Vectors, blocks: Sequence[slice] = ()) -> None:
        """Raise where a feature is negative and the metric needs histograms."""
        if self.metric in ("chi2", "intersection"):
            who = f"knn with the metric {self.metric!r}"
            non_negative(x, who, "use histograms, or the metric 'euclidean' or 'cosine'", blocks)

    def distances(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the distances of one vector from the training frames, (n,), at least 0."""
        self.check_features(x[None])
        if self.metric == "cosine":
            out = 1 - self.bank_.row(x / np.maximum(np.linalg.norm(x), np.float32(1e-30)))
        elif self.metric == "intersection":
            half = (self.bank_.sums + x.sum(dtype=np.float64)) / 2
            out = half.astype(np.float32) - self.bank_.row(x)
        else:
            out = self.bank_.row(x)
            if self.metric == "euclidean":
                np.sqrt(out, out=out)
        return np.maximum(out, 0)

    def _row(self, x: NDArray[np.float32]) -> Scores:
        distances = self.distances(x)
        k = min(self.k, len(distances))
        nearest = np.argpartition(distances, k - 1)[:k] if k < len(distances) else slice(None)
        closest = distances[nearest].astype(np.float64)
        weights = np.ones(k) if self.weights == "uniform" else 1 / np.maximum(closest, 1e-9)
        votes = np.bincount(self.rooms_[nearest], weights, minlength=len(self.classes_))
        scores: Scores = np.log(np.maximum(votes / votes.sum(), FLOOR))
        return scores
