"""One classifier a room, each telling its room from all others (Rifkin and Klautau, JMLR 2004)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.base import Classifier, Scores, Vectors
from robotvision.classifiers.calibration import scores_of, seeded
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class OneVsAll(Classifier):
    """Any classifier with two answers, made one for all rooms.

    Parameters
    ----------
    base : str
        Name of the classifier: ``knn``, ``sklearn.ensemble.AdaBoostClassifier``.
    params : Mapping
        Its parameters.
    random_state : int or None
        Seed of the classifiers that take one.
    """

    base: str = "logistic_regression"
    params: Mapping[str, Any] | None = None
    random_state: int | None = None

    def _check(self) -> None:
        self._build()

    def inner_classifiers(self) -> tuple[Any, ...]:
        """Return the classifier, not fitted: its code and files count as its own."""
        return (self._build(),)

    def _build(self) -> Any:
        return CLASSIFIERS.create(self.base, self.params or {})

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        base = seeded(self._build(), self.random_state or 0)
        rooms = range(len(self.classes_))
        self.classifiers_ = [clone(base).fit(x, (y == room).astype(np.int64)) for room in rooms]

    def _row(self, x: NDArray[np.float32]) -> Scores:
        margins = [scores_of(c, x[None])[0] for c in self.classifiers_]
        return np.array([m[1] - m[0] for m in margins])
