"""Regularised least squares: a plane for each room that gives 1 at its frames and -1 at others.

Hoerl and Kennard, "Ridge regression", Technometrics 1970; as a classifier Rifkin, Yeo and Poggio,
"Regularized least-squares classification", 2003, and Suykens and Vandewalle, "Least squares support
vector machine classifiers", 1999. Every frame has its say, not the support vectors alone; with long
vectors of few sequences that carries over better to other light and buildings. The answer to a
frame is one product with a matrix, however many frames were trained on.

The products of all training vectors are computed once and serve the final planes and those that
calibration holds out; where vectors are more than numbers in one, those of the numbers serve.
What is held out is scored from those products, too: its planes are never written out. Systems of
products are factored in float32 and their solutions refined in float64, as LAPACK's DSGESV does
(Langou and others, "Exploiting the performance of 32 bit floating point arithmetic in obtaining 64
bit accuracy", 2006): half the time, the same digits.

Directions in which places change (`robotvision.classifiers.directions`) may be weighed down in the
vectors first. That is linear, so it ends up in the planes: a frame costs no more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import HoldingOut, Scores, Vectors, plane_scores
from robotvision.classifiers.directions import PACKAGED, Outside, lessened, outside
from robotvision.classifiers.folds import Fold
from robotvision.errors import RobotVisionError
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields

MAX_SIDE = 15_000
"""Above it the matrix of products takes more than 1.8 GB."""

_AT_ONCE = 2_048
"""Vectors whose products are added up together."""

_IN_CACHE = 256
"""Vectors that become float64 at a time."""

_EXACT = 1e-8
"""Refinement ends where what is left of the right side is smaller, as a share of it."""

_ROUNDS = 8
"""Rounds of refinement; one gains three digits and more where the penalty is of the usual size."""


@parameter_fields
class Ridge(HoldingOut):
    """Least squares on the rooms, the planes' steepness penalised.

    Parameters
    ----------
    alpha : float
        Price of the squared steepness beside the squared errors of all training vectors.
    balanced : bool
        Weigh each room's errors by the inverse of its share of the frames.
    without : path or None, default None
        A file of directions in which places change, which are weighed down in the features they
        were learnt of: its path, or ``packaged``, the one of this package. None: none are.
    left : float, default 0.01
        What stays of them, in [0, 1): of a direction's variance ``left / (left + share)``, where
        ``share`` is its variance inside places beside the largest direction's. 0: nothing.

    Notes
    -----
    With ``without``, it must know which features it is trained on, as it does in a configuration.
    """

    words_for_paths: ClassVar[tuple[str, ...]] = (PACKAGED,)

    alpha: float = 0.3
    balanced: bool = True
    without: str | os.PathLike[str] | None = None
    left: float = 0.01

    def _check(self) -> None:
        params.number("alpha", self.alpha)
        params.flag("balanced", self.balanced)
        if self.without is not None:
            is_path = isinstance(self.without, os.PathLike)
            params.word("without", os.fspath(self.without) if is_path else self.without)
        params.share("left", self.left)
        if self.left == 1:
            raise params.refuse("left", "a number in [0, 1)", self.left)

    def name_features(self, features: Sequence[str], blocks: Sequence[slice] = ()) -> None:
        """Note which features the vectors are of, and where each lies; no blocks: a single one.

        Raises
        ------
        RobotVisionError
            The file of directions cannot be read, or is for none of the features.
        """
        if self.without is None or not features:
            return
        self.outside_ = outside(os.fspath(self.without), features, blocks)

    def _learn(self, x: Vectors, y: NDArray[np.int64], folds: Sequence[Fold]) -> Scores:
        if min(x.shape) > MAX_SIDE:
            raise RobotVisionError(
                f"ridge: expected at most {MAX_SIDE} training vectors, or numbers in one, got "
                f"{x.shape[0]} of {x.shape[1]}: their products would not fit into memory; train on "
                "every second frame or so, or use linear_svm"
            )
        centre = x.mean(axis=0)  # moves the planes and nothing else; keeps the products exact
        x = x - centre
        if self.without is not None:
            x = lessened(x, self._outside(), self.left)
        solver = _ByVectors(x) if len(x) <= x.shape[1] else _ByNumbers(x)
        held_out = np.full((len(x), len(self.classes_)), np.nan)
        for fold in folds:
            rooms, numbers = np.unique(y[fold.train], return_inverse=True)
            scores = np.full((len(fold.test), len(self.classes_)), -np.inf)
            scores[:, rooms] = solver.scores(fold.test, self._wanted(fold.train, numbers))
            held_out[fold.test] = scores
        self.weights_, bias = solver.planes(self._wanted(np.arange(len(x)), y))
        if self.without is not None:  # the step is symmetric: planes take it as vectors do
            self.weights_ = lessened(self.weights_.T, self._outside(), self.left).T
            del self.outside_
        self.bias_ = bias - centre @ self.weights_
        return held_out

    def _outside(self) -> Sequence[Outside]:
        if not hasattr(self, "outside_"):
            raise RobotVisionError(
                "ridge: without: expected to be told which features the vectors are of, got "
                "vectors alone; train it by a configuration, or call name_features first"
            )
        return self.outside_

    def _wanted(self, rows: NDArray[np.int64], y: NDArray[np.int64]) -> _Wanted:
        """Return what is wanted of the planes at rows of rooms ``y``, from 0 up."""
        n_rooms = int(y.max()) + 1
        importance = np.ones(len(y))
        if self.balanced:
            importance = len(y) / (n_rooms * np.bincount(y))[y]
        target = np.where(y[:, None] == np.arange(n_rooms), 1.0, -1.0)
        return _Wanted(rows, importance, target, self.alpha)

    def _row(self, x: NDArray[np.float32]) -> Scores:
        return plane_scores(x, self.weights_, self.bias_)


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """Rows to learn from, the importance of each, what is wanted there, and the penalty."""

    rows: NDArray[np.int64]
    importance: Scores
    target: Scores
    alpha: float

    @property
    def target_mean(self) -> Scores:
        mean: Scores = self.importance @ self.target / len(self.rows)
        return mean


class _ByVectors:
    """The solver that works on the products of vectors, (n, n): the dual.

    Each row has a share in the planes, ``planes = x.T @ shares``. Where the squared errors are
    least, ``(products + alpha / importance) shares + bias = target``, and each plane's shares sum
    to 0.
    """

    def __init__(self, x: Vectors) -> None:
        self.x = x
        self.products: NDArray[np.float32] = x @ x.T

    def planes(self, wanted: _Wanted) -> tuple[Scores, Scores]:
        """Return the planes, (d, k), and their biases, (k,)."""
        shares, bias = self._shares(wanted)
        planes = np.zeros((self.x.shape[1], shares.shape[1]))
        for part in _parts(len(self.x), _IN_CACHE):
            planes += self.x[part].T.astype(np.float64) @ shares[part]
        return planes, bias

    def scores(self, asked: NDArray[np.int64], wanted: _Wanted) -> Scores:
        """Return the scores of rows ``asked`` under those planes."""
        shares, bias = self._shares(wanted)
        scores: Scores = self.products[asked] @ shares + bias
        return scores

    def _shares(self, wanted: _Wanted) -> tuple[Scores, Scores]:
        """Return all rows' shares in the planes, (n, k), 0 for those not wanted, and the biases."""
        solved = self._solved(wanted, np.column_stack([wanted.target, np.ones(len(wanted.rows))]))
        of_target, of_one = solved[:, :-1], solved[:, -1:]
        bias = of_target.sum(axis=0) / of_one.sum()
        return of_target - of_one * bias, bias

    def _solved(self, wanted: _Wanted, right: Scores) -> Scores:
        """Solve ``(products + alpha / importance) z = right`` on the rows wanted; 0 elsewhere."""
        from scipy.linalg.lapack import spotrf, spotrs

        rows, penalty = wanted.rows, wanted.alpha / wanted.importance
        system = self.products.take(rows, axis=0).take(rows, axis=1)
        system.flat[:: len(system) + 1] += penalty
        factor, info = spotrf(system.T, clean=False, overwrite_a=True)  # transposed: no copy
        z = np.zeros((len(self.x), right.shape[1]))
        left = right
        for _ in range(_ROUNDS if info == 0 else 0):
            z[rows] += spotrs(factor, left.astype(np.float32))[0]
            left = right - self._times(z)[rows] - penalty[:, None] * z[rows]
            if np.abs(left).max() < _EXACT * np.abs(right).max():
                return z
        exact = self.products[np.ix_(rows, rows)].astype(np.float64)  # a penalty near rounding
        exact.flat[:: len(exact) + 1] += penalty
        z[rows] = _solved(exact, right)
        return z

    def _times(self, z: Scores) -> Scores:
        """Return the products times ``z``, (n, k), added up in float64."""
        parts = _parts(len(self.x), _IN_CACHE)
        return np.concatenate([self.products[part].astype(np.float64) @ z for part in parts])


class _ByNumbers:
    """The solver that works on the products of numbers, (d, d): the primal."""

    def __init__(self, x: Vectors) -> None:
        self.x = x

    def planes(self, wanted: _Wanted) -> tuple[Scores, Scores]:
        """Return the planes, (d, k), and their biases, (k,)."""
        rows, importance, target_mean = wanted.rows, wanted.importance, wanted.target_mean
        dim = self.x.shape[1]
        mean = importance @ self.x[rows] / len(rows)
        system, right = np.zeros((dim, dim)), np.zeros((dim, wanted.target.shape[1]))
        for part in _parts(len(rows), _AT_ONCE):
            own = self.x[rows[part]] - mean.astype(np.float32)
            weighted = own * importance[part, None].astype(np.float32)
            system += weighted.T @ own
            right += weighted.T @ (wanted.target[part] - target_mean)
        system.flat[:: dim + 1] += wanted.alpha
        weights = _solved(system, right)
        return weights, target_mean - mean @ weights

    def scores(self, asked: NDArray[np.int64], wanted: _Wanted) -> Scores:
        """Return the scores of rows ``asked`` under those planes."""
        weights, bias = self.planes(wanted)
        scores: Scores = self.x[asked] @ weights + bias
        return scores


def _parts(n: int, at_once: int) -> list[slice]:
    """Return the slices that cut ``n`` rows into parts of at most ``at_once``."""
    return [slice(start, start + at_once) for start in range(0, n, at_once)]


def _solved(system: Scores, right: Scores) -> Scores:
    """Solve ``system z = right`` for a positive system, which is overwritten.

    LAPACK's own solver: `scipy.linalg.solve` gives the same digits and spends as much again on a
    condition number, which the penalty bounds.
    """
    from scipy.linalg.lapack import dposv

    _, solved, info = dposv(system.T, right, overwrite_a=True)  # transposed: no copy by column
    if info:
        raise np.linalg.LinAlgError(f"ridge: the system of {len(system)} rows is not positive")
    return np.asarray(solved, np.float64)
