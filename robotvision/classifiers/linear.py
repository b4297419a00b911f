"""Linear scores for each room on standardised features: logistic regression and linear SVM.

scikit-learn finds the weights (L-BFGS; LIBLINEAR, Fan et al., JMLR 2008); standardisation is folded
into them, so a frame costs one product of a matrix with a vector.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Classifier, Scores, Vectors, mean_and_scale, plane_scores
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


class _Linear(Classifier):
    """Base of both: what they have in common.

    Parameters
    ----------
    balanced : bool
        Weigh each room by the inverse of its share of the frames.
    max_iter : int
        Steps of the solver at most; where they run out, the weights reached are kept.
    """

    C: float
    balanced: bool
    max_iter: int

    def _check(self) -> None:
        params.number("C", self.C)
        params.flag("balanced", self.balanced)
        params.whole("max_iter", self.max_iter)

    def _solver(self, weight: str | None) -> Any:
        raise NotImplementedError

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        from sklearn.exceptions import ConvergenceWarning

        mean, scale = mean_and_scale(x)
        solver = self._solver("balanced" if self.balanced else None)
        with warnings.catch_warnings():  # the weights reached are kept, as max_iter says
            warnings.simplefilter("ignore", ConvergenceWarning)
            solver.fit((x - mean) / scale, y)
        self.n_iter_ = int(np.max(solver.n_iter_))
        coef = solver.coef_ / scale
        self.bias_ = solver.intercept_ - coef @ mean
        self.weights_ = np.ascontiguousarray(coef.T)

    def _row(self, x: NDArray[np.float32]) -> Scores:
        decision = plane_scores(x, self.weights_, self.bias_)
        return np.concatenate([-decision, decision]) / 2 if len(decision) == 1 else decision


@parameter_fields
class LogisticRegression(_Linear):
    """Multinomial logistic regression, L2 penalty, on standardised features.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty.
    """

    C: float = 0.1
    balanced: bool = False
    max_iter: int = 500

    def _solver(self, weight: str | None) -> Any:
        from sklearn.linear_model import LogisticRegression as Solver

        return Solver(C=self.C, class_weight=weight, max_iter=self.max_iter)


@parameter_fields
class LinearSVM(_Linear):
    """Linear SVM, one room against all others, on standardised features.

    For more frames than a kernel matrix can hold; `robotvision.classifiers.svm.SVM` has kernels.

    Parameters
    ----------
    C : float
        Price of a training error.
    random_state : int or None
        Seed of the solver's order; None: the run's seed where calibration trains it, else 0.
    """

    C: float = 0.01
    balanced: bool = False
    max_iter: int = 2000
    random_state: int | None = None

    def _solver(self, weight: str | None) -> Any:
        from sklearn.svm import LinearSVC

        return LinearSVC(
            C=self.C,
            class_weight=weight,
            max_iter=self.max_iter,
            dual="auto",
            random_state=self.random_state or 0,
        )
