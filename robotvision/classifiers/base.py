"""The contract of a place classifier: vectors and rooms in, a probability for each room out.

Any scikit-learn classifier keeps it: ``fit(x, y)``, ``predict_proba`` or ``decision_function``,
``classes_``. Nothing special to inherit. Rejection and *unknown* are decided elsewhere: a
classifier answers with one of the rooms it was trained on. Six things it may offer besides:

* ``scores(x) -> (n, k)``: what calibration works on, where that is not the decision function;
* ``fit_held_out(x, y, folds) -> (n, k)``: train on everything and return the scores each held-out
  row gets without its fold, where that can share work among the folds (a kernel, say);
* ``check_features(x, blocks)``: raise where it cannot take the features, naming the block; called
  before it is trained, so it may note where each feature lies;
* ``name_features(features, blocks)``: note what stands in each block of the vector; called before
  ``check_features``, with nothing where nobody knows;
* ``for_objects()``: a lighter classifier to train for each object that a task asks for;
* ``inner_classifiers()``: the classifiers that it builds by name, whose code and files its results
  depend on, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from robotvision.classifiers.folds import Fold
from robotvision.errors import RobotVisionError
from robotvision.plugins.parameters import Parameterised

Vectors = NDArray[np.float32]
Labels = NDArray[np.str_]
Scores = NDArray[np.float64]

FLOOR = 1e-3
"""What a room without a vote counts, so that its score is finite."""


class PlaceClassifier(Protocol):
    """What calibration needs of a classifier: scikit-learn's contract."""

    classes_: Labels

    def fit(self, x: Vectors, y: Labels) -> Self:
        """Learn from vectors (n, d) and their rooms (n,); return self."""


class FittedClassifier(Protocol):
    """What the pipeline needs of a trained classifier."""

    classes_: Labels

    def predict_proba(self, x: Vectors) -> Scores:
        """Return probabilities, (m, k), rows sum to 1, in the order of ``classes_``."""


class Classifier(ClassifierMixin, Parameterised):  # type: ignore[misc]
    """Base of the classifiers shipped here.

    A subclass names its parameters as fields (`robotvision.plugins.parameters.parameter_fields`),
    or has an ``__init__`` that stores each keyword under its own name and ends with
    ``self._check()``; ``_fit`` learns and ``_row`` gives the scores of one vector. Rows are scored
    one at a time, so that a frame's answer does not depend on the frames around it to the last bit.
    """

    classes_: Labels

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        """Learn from finite vectors and room numbers (positions in ``classes_``)."""
        raise NotImplementedError

    def _row(self, x: NDArray[np.float32]) -> Scores:
        """Return the scores of one vector, (k,); their softmax is the raw probability."""
        raise NotImplementedError

    def fit(self, x: Any, y: Any) -> Self:
        """Learn from vectors (n, d) and their rooms (n,); return self."""
        self._fit(*self._examples(x, y))
        return self

    def _examples(self, x: Any, y: Any) -> tuple[Vectors, NDArray[np.int64]]:
        """Return checked vectors and the numbers of their rooms, which become ``classes_``."""
        vectors = checked(x, type(self).__name__)
        self.classes_, numbers = np.unique(np.asarray(y), return_inverse=True)
        self.n_features_in_ = vectors.shape[1]
        return vectors, numbers

    def scores(self, x: Any) -> Scores:
        """Return scores, (n, k); their softmax is the raw probability."""
        vectors = checked(x, type(self).__name__, self.n_features_in_)
        out = np.empty((len(vectors), len(self.classes_)))
        for i, row in enumerate(vectors):
            out[i] = self._row(row)
        return out

    def predict_proba(self, x: Any) -> Scores:
        """Return raw probabilities, (n, k)."""
        return softmax(self.scores(x))

    def predict(self, x: Any) -> Labels:
        """Return the likeliest room of each vector, (n,)."""
        best: Labels = self.classes_[np.argmax(self.scores(x), axis=1)]
        return best


class HoldingOut(Classifier):
    """Base of the classifiers that share work among the machines calibration holds out."""

    def _learn(self, x: Vectors, y: NDArray[np.int64], folds: Sequence[Fold]) -> Scores:
        """Learn from everything; return held-out scores as `fit_held_out` does."""
        raise NotImplementedError

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        self._learn(x, y, ())

    def fit_held_out(self, x: Any, y: Any, folds: Sequence[Fold]) -> Scores:
        """Learn from everything; return the scores of each row held out, (n, k).

        Rows in no fold get NaN; rooms a fold could not train on get minus infinity.
        """
        return self._learn(*self._examples(x, y), folds)


def checked(x: Any, who: str, dim: int | None = None) -> Vectors:
    """Return vectors as (n, d) float32, finite.

    Raises
    ------
    RobotVisionError
        They have another shape or length, or hold NaN or infinity.
    """
    vectors: Vectors = np.asarray(x, np.float32)
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise RobotVisionError(f"{who}: expected vectors (n, d), got the shape {vectors.shape}")
    if dim is not None and vectors.shape[1] != dim:
        raise RobotVisionError(
            f"{who}: trained on vectors of {dim} numbers, got {vectors.shape[1]}; "
            "the features must be those of the training"
        )
    if not np.isfinite(vectors).all():
        row, column = np.argwhere(~np.isfinite(vectors))[0]
        n = int(np.count_nonzero(~np.isfinite(vectors)))
        raise RobotVisionError(
            f"{who}: expected finite features, got {n} that are NaN or infinite (first: vector "
            f"{row}, number {column}); mend the extractor or leave the frame out"
        )
    return vectors


def non_negative(x: Vectors, who: str, remedy: str, blocks: Sequence[slice] = ()) -> None:
    """Raise where a vector holds a negative number.

    Raises
    ------
    RobotVisionError
        Naming the first such place and, where ``blocks`` are given, the feature it belongs to.
    """
    if x.min() >= 0:
        return
    row, column = np.argwhere(x < 0)[0]
    inside = [i for i, b in enumerate(blocks) if b.start <= column < b.stop]
    which = f" (feature {inside[0] + 1} of {len(blocks)})" if inside else ""
    raise RobotVisionError(
        f"{who}: expected histograms, features of at least 0, got {x[row, column]:.4g} in vector "
        f"{row}, number {column}{which}; {remedy}"
    )


def mean_and_scale(x: Vectors) -> tuple[Scores, Scores]:
    """Return what standardisation subtracts and divides by, (d,) each.

    The scale is each feature's deviation, but at least the root mean square of all deviations: a
    histogram's bin that training hardly ever filled must not drown the others when a new room
    fills it.
    """
    mean = x.mean(axis=0, dtype=np.float64)
    deviation = x.std(axis=0, dtype=np.float64)
    typical = float(np.sqrt(np.mean(deviation**2)))
    return mean, np.maximum(deviation, typical if typical > 0 else 1.0)


def unit_rows(x: Vectors) -> Vectors:
    """Return vectors, (n, d), divided by their lengths; zeros stay zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", x, x))
    unit: Vectors = x / np.maximum(lengths, np.float32(1e-30))[:, None]
    return unit


def plane_scores(x: NDArray[np.float32], weights: Scores, bias: Scores) -> Scores:
    """Return the scores of a vector (d,) by k planes: (d, k) weights and (k,) biases."""
    scores: Scores = x.astype(np.float64) @ weights + bias
    return scores


def softmax(scores: Scores) -> Scores:
    """Return probabilities proportional to ``exp(scores)`` along the last axis."""
    p: Scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p
