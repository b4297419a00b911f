"""Support vector machines with the kernels of the field: linear, RBF, χ², histogram intersection.

scikit-learn's SVC (libsvm; Chang and Lin 2011) finds the support vectors; the kernels are ours.
χ²: exp(−γ Σ (x − y)² / (x + y)), with γ = 1 / mean distance (Zhang et al., IJCV 2007, section 4.2),
the kernel of Pronobis et al. for place recognition (IROS 2006; ImageCLEF 2009 to 2012).
The training kernel is computed once and serves the final machine and those that calibration holds
out. A frame is compared with the support vectors alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import (
    HoldingOut,
    Scores,
    Vectors,
    checked,
    mean_and_scale,
    non_negative,
)
from robotvision.classifiers.folds import Fold
from robotvision.classifiers.kernels import Bank, pairs
from robotvision.errors import RobotVisionError
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields

KERNELS = {"linear": "dot", "rbf": "squared", "chi2": "chi2", "intersection": "min"}
MAX_FRAMES = 15_000
"""Above it a kernel matrix takes more than 1.8 GB."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """Trained machines over common support vectors: decisions are ``kernel @ coef + bias``."""

    support: NDArray[np.int64]
    coef: Scores
    bias: Scores


@parameter_fields
class SVM(HoldingOut):
    """Support vector machine.

    Parameters
    ----------
    kernel : {'chi2', 'intersection', 'rbf', 'linear'}
        ``chi2`` and ``intersection`` need histograms: features of at least 0.
    C : float
        Price of a training error.
    gamma : float or 'auto'
        Width of ``chi2`` and ``rbf``; ``auto``: 1 / mean distance between training vectors.
    multiclass : {'one_vs_all', 'one_vs_one'}
        A machine for each room, or for each pair of rooms.
    balanced : bool
        Weigh each room's errors by the inverse of its share of the frames.
    standardize : bool
        Bring each feature to mean 0 and deviation 1 or less first (``linear`` and ``rbf`` alone).
    """

    kernel: str = "chi2"
    C: float = 10.0
    gamma: float | str = "auto"
    multiclass: str = "one_vs_all"
    balanced: bool = False
    standardize: bool = False

    def _check(self) -> None:
        params.choice("kernel", self.kernel, KERNELS)
        params.number("C", self.C)
        if self.gamma != "auto":
            params.number("gamma", self.gamma)
        params.choice("multiclass", self.multiclass, ("one_vs_all", "one_vs_one"))
        params.flag("balanced", self.balanced)
        params.flag("standardize", self.standardize)
        if self.standardize and self._needs_histograms:
            raise ValueError(
                f"standardize: expected false with the kernel {self.kernel!r}, which needs "
                "features of at least 0"
            )

    def check_features(self, x: Vectors, blocks: Sequence[slice] = ()) -> None:
        """Raise where a feature is negative and the kernel needs histograms."""
        if self._needs_histograms:
            who = f"svm with the kernel {self.kernel!r}"
            non_negative(x, who, "use histograms, or the kernel 'rbf' or 'linear'", blocks)

    @property
    def _needs_histograms(self) -> bool:
        return self.kernel in ("chi2", "intersection")

    def _learn(self, x: Vectors, y: NDArray[np.int64], folds: Sequence[Fold]) -> Scores:
        x = self._scaled(x, learn=True)
        kernel = self._training_kernel(x)
        held_out = np.full((len(x), len(self.classes_)), np.nan)
        for fold in folds:
            rooms, numbers = np.unique(y[fold.train], return_inverse=True)
            machine = self._solve(kernel[np.ix_(fold.train, fold.train)], numbers)
            support = fold.train[machine.support]
            decisions = kernel[np.ix_(fold.test, support)] @ machine.coef + machine.bias
            scores = np.full((len(fold.test), len(self.classes_)), -np.inf)
            scores[:, rooms] = self._combined(decisions, len(rooms))
            held_out[fold.test] = scores
        machine = self._solve(kernel, y)
        self.coef_, self.bias_ = machine.coef, machine.bias
        self.support_ = machine.support
        self.bank_ = Bank(x[machine.support], KERNELS[self.kernel])
        return held_out

    def _scaled(self, x: Vectors, *, learn: bool) -> Vectors:
        self.check_features(x)
        if not self.standardize:
            return x
        if learn:
            mean, scale = mean_and_scale(x)
            self.mean_, self.scale_ = mean.astype(np.float32), scale.astype(np.float32)
        scaled: Vectors = (x - self.mean_) / self.scale_
        return scaled

    def _training_kernel(self, x: Vectors) -> Scores:
        if len(x) > MAX_FRAMES:
            raise RobotVisionError(
                f"svm: expected at most {MAX_FRAMES} training frames, got {len(x)}: their kernel "
                "would not fit into memory; train on every second frame or so, or use linear_svm"
            )
        measured = pairs(x, KERNELS[self.kernel])
        if self.kernel in ("chi2", "rbf"):
            n = len(x)
            mean = float(measured.mean(dtype=np.float64)) * n / max(n - 1, 1)
            auto = 1 / mean if mean > 0 else 1.0
            self.gamma_ = auto if self.gamma == "auto" else float(self.gamma)
        return np.asarray(self._kernel(measured), np.float64)

    def _kernel(self, measured: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn what `Bank` measured into kernel values, in place."""
        if self.kernel in ("chi2", "rbf"):
            measured *= np.float32(-self.gamma_)
            np.exp(measured, out=measured)
        return measured

    def _solve(self, kernel: Scores, y: NDArray[np.int64]) -> _Machine:
        n_rooms = int(y.max()) + 1
        if n_rooms == 1:
            return _Machine(np.zeros(1, np.int64), np.zeros((1, 1)), np.zeros(1))
        if n_rooms == 2 or self.multiclass == "one_vs_one":
            return _pairwise(self._svc().fit(kernel, y), n_rooms)
        solved = [self._svc().fit(kernel, y == c) for c in range(n_rooms)]
        support = np.unique(np.concatenate([s.support_ for s in solved])).astype(np.int64)
        coef = np.zeros((len(support), n_rooms))
        for c, s in enumerate(solved):
            coef[np.searchsorted(support, s.support_), c] = s.dual_coef_[0]
        return _Machine(support, coef, np.array([s.intercept_[0] for s in solved]))

    def _svc(self) -> Any:
        from sklearn.svm import SVC

        weight = "balanced" if self.balanced else None
        return SVC(C=self.C, kernel="precomputed", class_weight=weight)

    def _combined(self, decisions: Scores, n_rooms: int) -> Scores:
        """Turn the machines' decisions (n, machines) into a score for each room (n, rooms)."""
        if n_rooms == 1:
            return np.zeros((len(decisions), 1))
        if n_rooms == 2:
            return np.concatenate([-decisions, decisions], axis=1)
        if self.multiclass == "one_vs_all":
            return decisions
        return decisions @ _signs(n_rooms)

    def decision_function(self, x: Any) -> Scores:
        """Return what the machines say, (n, machines): rooms, or pairs of rooms in SVC's order."""
        vectors = checked(x, type(self).__name__, self.n_features_in_)
        return np.array([self._decisions(row) for row in vectors])

    def _decisions(self, x: NDArray[np.float32]) -> Scores:
        x = self._scaled(x[None], learn=False)[0]
        row = self._kernel(self.bank_.row(x)).astype(np.float64)
        decisions: Scores = row @ self.coef_ + self.bias_
        return decisions

    def _row(self, x: NDArray[np.float32]) -> Scores:
        scores: Scores = self._combined(self._decisions(x)[None], len(self.classes_))[0]
        return scores


def _pairwise(svc: Any, n_rooms: int) -> _Machine:
    """Return SVC's pairwise machines as one matrix; positive: the first room of the pair.

    Of two rooms, positive is the second, as SVC has it.
    """
    support = svc.support_.astype(np.int64)
    if n_rooms == 2:
        return _Machine(support, svc.dual_coef_.T.copy(), svc.intercept_.copy())
    owner = np.repeat(np.arange(n_rooms), svc.n_support_)
    couples = [(i, j) for i in range(n_rooms) for j in range(i + 1, n_rooms)]
    coef = np.zeros((len(support), len(couples)))
    for p, (i, j) in enumerate(couples):
        coef[owner == i, p] = svc.dual_coef_[j - 1, owner == i]
        coef[owner == j, p] = svc.dual_coef_[i, owner == j]
    return _Machine(support, coef, svc.intercept_.copy())


def _signs(n_rooms: int) -> Scores:
    """Return the matrix that turns pairwise decisions into each room's mean margin."""
    couples = [(i, j) for i in range(n_rooms) for j in range(i + 1, n_rooms)]
    signs = np.zeros((len(couples), n_rooms))
    for p, (i, j) in enumerate(couples):
        signs[p, i], signs[p, j] = 1, -1
    mean: Scores = signs / (n_rooms - 1)
    return mean
