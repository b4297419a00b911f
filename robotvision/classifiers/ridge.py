"""Regularised least squares: a plane for each room that gives 1 at its frames and -1 at others.

Hoerl and Kennard, "Ridge regression", Technometrics 1970; as a classifier Rifkin, Yeo and Poggio,
"Regularized least-squares classification", 2003, and Suykens and Vandewalle, "Least squares support
vector machine classifiers", 1999. Every frame has its say, not the support vectors alone; with long
vectors of few sequences that carries over better to other light and buildings. The answer to a
frame is one product with a matrix, however many frames were trained on.

The products of all training vectors are computed once and serve the final planes and those that
calibration holds out; where vectors are more than numbers in one, those of the numbers serve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import HoldingOut, Scores, Vectors
from robotvision.classifiers.folds import Fold
from robotvision.errors import RobotVisionError
from robotvision.plugins import params

MAX_SIDE = 15_000
"""Above it the matrix of products takes more than 1.8 GB."""


_Planes = Callable[[NDArray[np.int64], Scores, Scores, float], tuple[Scores, Scores]]
"""From rows, the importance of each, what is wanted there, and alpha: planes and biases."""

_AT_ONCE = 2_048
"""Vectors whose products are added up together."""


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
        if min(x.shape) > MAX_SIDE:
            raise RobotVisionError(
                f"ridge: expected at most {MAX_SIDE} training vectors, or numbers in one, got "
                f"{x.shape[0]} of {x.shape[1]}: their products would not fit into memory; train on "
                "every second frame or so, or use linear_svm"
            )
        centre = x.mean(axis=0)  # moves the planes and nothing else; keeps the products exact
        x = x - centre
        planes = _by_vectors(x) if len(x) <= x.shape[1] else _by_numbers(x)
        held_out = np.full((len(x), len(self.classes_)), np.nan)
        for fold in folds:
            rooms, numbers = np.unique(y[fold.train], return_inverse=True)
            weights, bias = self._solve(planes, fold.train, numbers)
            scores = np.full((len(fold.test), len(self.classes_)), -np.inf)
            scores[:, rooms] = x[fold.test] @ weights + bias
            held_out[fold.test] = scores
        self.weights_, bias = self._solve(planes, np.arange(len(x)), y)
        self.bias_ = bias - centre @ self.weights_
        return held_out

    def _solve(
        self, planes: _Planes, rows: NDArray[np.int64], y: NDArray[np.int64]
    ) -> tuple[Scores, Scores]:
        """Return the planes that rows and their rooms give: (d, k) and the biases, (k,)."""
        n_rooms = int(y.max()) + 1
        importance = np.ones(len(y))
        if self.balanced:
            importance = len(y) / (n_rooms * np.bincount(y))[y]
        target = np.where(y[:, None] == np.arange(n_rooms), 1.0, -1.0)
        return planes(rows, importance, target, self.alpha)

    def _row(self, x: NDArray[np.float32]) -> Scores:
        scores: Scores = x.astype(np.float64) @ self.weights_ + self.bias_
        return scores


def _by_vectors(x: Vectors) -> _Planes:
    """Return the solver that works on the products of vectors, (n, n): the dual."""
    products = np.asarray(x @ x.T, np.float64)

    def planes(
        rows: NDArray[np.int64], importance: Scores, target: Scores, alpha: float
    ) -> tuple[Scores, Scores]:
        n = len(rows)
        own = products[np.ix_(rows, rows)]
        mean, target_mean = importance @ own / n, importance @ target / n
        root = np.sqrt(importance)[:, None]
        system = own - mean - mean[:, None] + importance @ mean / n
        system *= root * root.T
        shares = root * _solved(system, root * (target - target_mean), alpha)
        return x[rows].T @ shares, target_mean - mean @ shares

    return planes


def _by_numbers(x: Vectors) -> _Planes:
    """Return the solver that works on the products of numbers, (d, d): the primal."""

    def planes(
        rows: NDArray[np.int64], importance: Scores, target: Scores, alpha: float
    ) -> tuple[Scores, Scores]:
        dim = x.shape[1]
        mean, target_mean = importance @ x[rows] / len(rows), importance @ target / len(rows)
        system, right = np.zeros((dim, dim)), np.zeros((dim, target.shape[1]))
        for start in range(0, len(rows), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            own = x[rows[part]] - mean.astype(np.float32)
            weighted = own * importance[part, None].astype(np.float32)
            system += weighted.T @ own
            right += weighted.T @ (target[part] - target_mean)
        weights = _solved(system, right, alpha)
        return weights, target_mean - mean @ weights

    return planes


def _solved(system: Scores, right: Scores, alpha: float) -> Scores:
    """Solve ``(system + alpha I) z = right``; the system is overwritten."""
    from scipy.linalg import solve

    system.flat[:: len(system) + 1] += alpha
    solved: Scores = solve(system, right, assume_a="pos", overwrite_a=True)
    return solved
