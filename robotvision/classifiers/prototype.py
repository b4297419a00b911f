"""Nearest prototype: each room is a few mean vectors, and the nearest wins.

With one prototype a room it is the nearest class mean (Mensink et al., PAMI 2013), the usual head
on a pretrained embedding; with more, k-means within each room.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Classifier, Scores, Vectors, unit_rows
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class Prototype(Classifier):
    """Nearest mean, or nearest of several means a room.

    Parameters
    ----------
    per_room : int
        Prototypes of a room; as many as it has frames where those are fewer.
    cosine : bool
        Bring vectors to length 1 first, so that their direction alone counts.
    random_state : int or None
        Seed of k-means; None: the run's seed where calibration trains it, else 0.
    """

    per_room: int = 1
    cosine: bool = True
    random_state: int | None = None

    def _check(self) -> None:
        params.whole("per_room", self.per_room)
        params.flag("cosine", self.cosine)

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        x = self._directed(x)
        prototypes = [self._means(x[y == room]) for room in range(len(self.classes_))]
        self.means_ = np.concatenate(prototypes).astype(np.float64)
        self.starts_ = np.cumsum([0, *map(len, prototypes[:-1])])
        nearest = np.concatenate(
            [((x[y == r] - means[0]) ** 2).sum(axis=1) for r, means in enumerate(prototypes)]
        )
        self.spread_ = max(float(nearest.mean()), 1e-12)

    def _means(self, x: Vectors) -> NDArray[np.float32]:
        n = min(self.per_room, len(np.unique(x, axis=0)))
        if n == 1:
            return np.asarray(x.mean(axis=0, dtype=np.float64, keepdims=True), np.float32)
        from sklearn.cluster import KMeans

        means = KMeans(n, n_init=3, random_state=self.random_state or 0).fit(x).cluster_centers_
        return np.asarray(means, np.float32)

    def _directed(self, x: Vectors) -> Vectors:
        return unit_rows(x) if self.cosine else x

    def _row(self, x: NDArray[np.float32]) -> Scores:
        apart = self.means_ - self._directed(x[None])[0]
        distances = np.einsum("ij,ij->i", apart, apart)
        scores: Scores = -np.minimum.reduceat(distances, self.starts_) / self.spread_
        return scores
