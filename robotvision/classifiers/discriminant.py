"""Linear discriminant analysis with a shrunk covariance.

Fisher, "The use of multiple measurements in taxonomic problems", 1936: each room is a Gaussian, all
of one shape, so the likeliest room is linear in the vector. With fewer frames than numbers the
shape is only guessed, and is drawn towards a ball: Friedman, "Regularized discriminant analysis",
JASA 1989. What varies within every room, the light above all, counts for little then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Classifier, Scores, Vectors, plane_scores
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class LinearDiscriminant(Classifier):
    """Gaussian rooms of one common, shrunk covariance.

    Parameters
    ----------
    shrinkage : float
        In (0, 1]: the covariance's share of a ball of the same mean variance; 1 is the nearest
        mean.
    balanced : bool
        Take all rooms for equally frequent, whatever their share of the frames.
    """

    shrinkage: float = 0.3
    balanced: bool = False

    def _check(self) -> None:
        params.number("shrinkage", self.shrinkage, high=1)
        params.flag("balanced", self.balanced)

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        from scipy.linalg import solve

        n_rooms, dim = len(self.classes_), x.shape[1]
        counts = np.bincount(y, minlength=n_rooms)
        shares = np.full(n_rooms, 1 / n_rooms) if self.balanced else counts / len(x)
        means = np.stack([x[y == room].mean(axis=0, dtype=np.float64) for room in range(n_rooms)])
        apart = (x - means[y]) * np.sqrt(shares / counts)[y, None]
        covariance = apart.T @ apart
        ball = float(np.trace(covariance)) / dim or 1.0
        covariance *= 1 - self.shrinkage
        covariance.flat[:: dim + 1] += self.shrinkage * ball
        self.weights_ = solve(covariance, means.T, assume_a="pos")
        self.bias_ = np.log(shares) - 0.5 * np.einsum("rd,dr->r", means, self.weights_)

    def _row(self, x: NDArray[np.float32]) -> Scores:
        return plane_scores(x, self.weights_, self.bias_)
