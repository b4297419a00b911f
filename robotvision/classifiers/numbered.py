"""Labels as numbers, for classifiers that refuse words (gradient boosting libraries, say)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone


class NumberedLabels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that is given the numbers 0, 1, 2, ... in place of rooms.

    Parameters
    ----------
    estimator : classifier
        Not changed; trained as ``estimator_``. Rooms are numbered in the order of ``classes_``.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, x: Any, y: Any) -> Self:
        """Learn from vectors (n, d) and their rooms (n,); return self."""
        self.classes_, numbers = np.unique(np.asarray(y), return_inverse=True)
        self.estimator_ = clone(self.estimator, safe=False).fit(x, numbers)
        return self

    def predict_proba(self, x: Any) -> Any:
        """Return the classifier's probabilities, (m, k)."""
        return self.estimator_.predict_proba(x)

    def predict(self, x: Any) -> Any:
        """Return the likeliest room of each vector, (m,)."""
        return self.classes_[np.argmax(self.predict_proba(x), axis=1)]
