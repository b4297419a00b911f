"""Regularised least squares: a plane for each room that gives 1 at its frames and -1 at others.

Hoerl and Kennard, "Ridge regression", Technometrics 1970; as a classifier Rifkin, Yeo and Poggio,
"Regularized least-squares classification", 2003, and Suykens and Vandewalle, "Least squares support
vector machine classifiers", 1999. Every frame has its say, not the support vectors alone; with long
vectors of few tours that carries over better to other light and other buildings. The answer to a
frame is one product with a matrix, however many frames were trained on.

The products of all training vectors are computed once and serve the final planes and those that
calibration holds out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import HoldingOut, Scores, Vectors
from robotvision.classifiers.folds import Fold
from robotvision.errors import RobotVisionError
from robotvision.features import params

MAX_FRAMES = 15_000
"""Above it the matrix of products takes more than 1.8 GB."""


class Ridge(HoldingOut):
    """Least squares on the rooms, the planes' steepness penalised.

    Parameters
    ----------
    alpha : float
        Price of the squared steepness beside the squared errors of all training vectors.
    balanced : bool
        Weigh each room's errors by the inverse of its share of the frames.
    """

    def __init__(self, alpha: float = 0.3, balanced: bool = True) -> None:
        self.alpha = alpha
        self.balanced = balanced
        self._check()

    def _check(self) -> None:
        params.number("alpha", self.alpha)
        params.flag("balanced", self.balanced)

    def _learn(self, x: Vectors, y: NDArray[np.int64], folds: Sequence[Fold]) -> Scores:
        if len(x) > MAX_FRAMES:
            raise RobotVisionError(
                f"ridge: expected at most {MAX_FRAMES} training vectors, got {len(x)}: their "
                "products would not fit into memory; train on every second frame or so"
            )
        centre = x.mean(axis=0)  # moves the planes and nothing else; keeps the products exact
        x = x - centre
        exact = x.astype(np.float64) if x.shape[1] < len(x) else x  # many frames add up errors
        products = np.asarray(exact @ exact.T, np.float64)
        held_out = np.full((len(x), len(self.classes_)), np.nan)
        for fold in folds:
            rooms, numbers = np.unique(y[fold.train], return_inverse=True)
            shares, bias = self._solve(products[np.ix_(fold.train, fold.train)], numbers)
            scores = np.full((len(fold.test), len(self.classes_)), -np.inf)
            scores[:, rooms] = products[np.ix_(fold.test, fold.train)] @ shares + bias
            held_out[fold.test] = scores
        shares, bias = self._solve(products, y)
        self.weights_ = x.T @ shares
        self.bias_ = bias - centre @ self.weights_
        return held_out

    def _solve(
        self, products: Scores, y: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each frame's share in the planes, (n, k), and the biases, (k,)."""
        from scipy.linalg import solve

        n, n_rooms = len(y), int(y.max()) + 1
        if n_rooms == 1:
            return np.zeros((n, 1)), np.ones(1)
        weights = np.ones(n)
        if self.balanced:
            weights = n / (n_rooms * np.bincount(y))[y]
        target = np.where(y[:, None] == np.arange(n_rooms), 1.0, -1.0)
        mean = weights @ products / n
        target_mean = weights @ target / n
        root = np.sqrt(weights)[:, None]
        system = products - mean - mean[:, None] + weights @ mean / n
        system *= root * root.T
        system.flat[:: n + 1] += self.alpha
        solved = solve(system, root * (target - target_mean), assume_a="pos", overwrite_a=True)
        shares = root * solved
        return shares, target_mean - mean @ shares

    def _row(self, x: NDArray[np.float32]) -> Scores:
        scores: Scores = x.astype(np.float64) @ self.weights_ + self.bias_
        return scores
