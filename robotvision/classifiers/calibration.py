"""Train a classifier and make its scores probabilities that hold on frames it has not seen.

Temperature scaling (Guo, Pleiss, Sun and Weinberger, ICML 2017): probabilities are the softmax of
the scores divided by one number, chosen to minimise the negative log likelihood. The scores are
those of classifiers that did not see the frame's visit (`robotvision.classifiers.folds`), never
those of training frames or of their near-copies. As in Platt's method (1999), the target is not
quite 1: n visits that all went well speak for (n + 1/2) / (n + 1), so few visits never make sure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from robotvision import classifiers
from robotvision.classifiers.base import Labels, Scores, Vectors, checked, softmax
from robotvision.classifiers.folds import Fold, held_out
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.plugins.failure import failure, place_of

FLOOR = 1e-3
"""Raw probabilities below it count as this much: their logarithm is the score."""
_LOG_T = (-7.0, 7.0)


class Calibrated:
    """A trained classifier and the temperature of its probabilities.

    Parameters
    ----------
    classifier : PlaceClassifier
        Trained.
    temperature : float
        Above 0; what the scores are divided by.
    """

    def __init__(self, classifier: Any, temperature: float) -> None:
        self.classifier = classifier
        self.temperature = temperature
        self.classes_: Labels = np.asarray(classifier.classes_, np.str_)

    def predict_proba(self, x: Vectors) -> Scores:
        """Return probabilities, (m, k), rows sum to 1, in the order of ``classes_``."""
        return softmax(scores_of(self.classifier, x) / self.temperature)

    def __repr__(self) -> str:
        return f"Calibrated({self.classifier!r}, temperature={self.temperature!r})"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A classifier trained on everything, and what calibration goes by.

    Parameters
    ----------
    scores : (n, k)
        Each row's without its group; NaN: never held out; minus infinity: room not trained on.
    rooms : (n,) int
        The true columns.
    n_units : int
        Units held out.
    """

    classifier: Any
    scores: Scores
    rooms: NDArray[np.int64]
    n_units: int

    def temperature(self) -> float:
        """Return the temperature that suits the held-out scores best."""
        return fit_temperature(self.scores, self.rooms, self.n_units)


def fit_calibrated(classifier: Any, training: TrainingSet, seed: int) -> Calibrated:
    """Train a copy of ``classifier`` on everything, calibrated on held-out groups.

    Parameters
    ----------
    classifier : PlaceClassifier
        Not changed.
    training : TrainingSet
    seed : int
        For the folds, and for every ``random_state`` that the classifier leaves open.

    Raises
    ------
    RobotVisionError
        Features are NaN or infinite, or such as the classifier cannot take.
    """
    scored = fit_scored(classifier, training, seed)
    return Calibrated(scored.classifier, scored.temperature())


def fit_scored(classifier: Any, training: TrainingSet, seed: int) -> Scored:
    """Train as `fit_calibrated` does; return the classifier with its held-out scores."""
    x, blocks = checked(training.x, "training", None), training.blocks
    rooms, numbers = np.unique(np.asarray(training.y, np.str_), return_inverse=True)
    if len(rooms) < 2:
        raise RobotVisionError(
            f"training: expected at least two rooms, got {len(rooms)} ({', '.join(rooms)})"
        )
    if blocks and blocks[-1].stop != x.shape[1]:
        raise ValueError(f"blocks end at {blocks[-1].stop}, vectors have {x.shape[1]} numbers")
    model = seeded(classifier, seed)
    if hasattr(model, "name_features"):
        model.name_features(training.features, blocks)
    if hasattr(model, "check_features"):
        model.check_features(x, blocks)
    groups = np.asarray(training.groups, np.int64)
    split = held_out(numbers, groups, seed, n_views=training.n_views)
    try:
        model, scores = _fit_words_or_numbers(model, x, rooms[numbers], split.folds)
    except Exception as e:  # a classifier of the user's may raise anything
        if type(model).__module__.startswith("robotvision."):
            raise
        raise failure(model, "training the classifier", e) from e
    return Scored(model, scores, numbers, split.n_units)


def _fit_words_or_numbers(
    model: Any, x: Vectors, y: Labels, folds: Sequence[Fold]
) -> tuple[Any, Scores]:
    """Train with rooms for labels; where a classifier refuses words, with their numbers."""
    try:
        return model, fit_held_out(model, x, y, folds)
    except (TypeError, ValueError):
        if type(model).__module__.startswith("robotvision."):
            raise
        numbered = classifiers.numbered.NumberedLabels(model)
        try:
            return numbered, fit_held_out(numbered, x, y, folds)
        except Exception:  # neither works: what it says of words is what the user should read
            pass
        raise


def seeded(classifier: Any, seed: int) -> Any:
    """Return a fresh copy with every ``random_state`` that is None set to ``seed``."""
    copy = clone(classifier, safe=False)  # one without scikit-learn's parameters is copied whole
    if not hasattr(copy, "get_params"):
        return copy
    open_ = {
        name: seed
        for name, value in copy.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return copy.set_params(**open_) if open_ else copy


def fit_held_out(model: Any, x: Vectors, y: Labels, folds: Sequence[Fold]) -> Scores:
    """Train ``model`` on everything; return each row's scores without its fold, (n, k).

    Rows in no fold get NaN; rooms a fold could not train on get minus infinity.
    """
    if hasattr(model, "fit_held_out"):
        shared: Scores = model.fit_held_out(x, y, folds)
        return shared
    model.fit(x, y)
    classes = np.asarray(model.classes_)
    out = np.full((len(x), len(classes)), np.nan)
    for fold in folds:
        part = clone(model, safe=False).fit(x[fold.train], y[fold.train])
        scores = np.full((len(fold.test), len(classes)), -np.inf)
        scores[:, np.searchsorted(classes, part.classes_)] = scores_of(part, x[fold.test])
        out[fold.test] = scores
    return out


def scores_of(classifier: Any, x: Vectors) -> Scores:
    """Return a classifier's scores, (m, k): the higher, the likelier the room.

    Its ``scores`` where it has them, else its decision function, else the logarithm of its
    probabilities.
    """
    if hasattr(classifier, "scores"):
        own: Scores = classifier.scores(x)
        return own
    n_rooms = len(classifier.classes_)
    if hasattr(classifier, "decision_function"):
        decisions = np.asarray(classifier.decision_function(x), np.float64)
        if decisions.ndim == 1:
            decisions = np.stack([-decisions, decisions], axis=1)
        if decisions.shape[1] == n_rooms:
            return _without_nan(classifier, "decision_function", decisions)
    if hasattr(classifier, "predict_proba"):
        proba = np.asarray(classifier.predict_proba(x), np.float64)
        if proba.shape != (len(x), n_rooms):
            raise RobotVisionError(
                f"{_where(classifier)}: predict_proba gave an array of shape {proba.shape}, "
                f"expected ({len(x)}, {n_rooms}): one probability for each of "
                f"{', '.join(map(str, classifier.classes_))}"
            )
        return np.log(np.maximum(_without_nan(classifier, "predict_proba", proba), FLOOR))
    raise RobotVisionError(
        f"{type(classifier).__name__}: expected a classifier with predict_proba or a "
        "decision_function of one column a room, found neither"
    )


def _without_nan(classifier: Any, method: str, values: Scores) -> Scores:
    if np.isnan(values).any():
        raise RobotVisionError(f"{_where(classifier)}: {method} gave NaN")
    return values


def _where(classifier: Any) -> str:
    """Return a classifier's class with the file and line that define it."""
    return f"{type(classifier).__name__} ({place_of(classifier)})"


def fit_temperature(scores: Scores, rooms: NDArray[np.int64], n_units: int) -> float:
    """Return the temperature that suits held-out scores best.

    Parameters
    ----------
    scores : (n, k)
        NaN rows were not held out; a room at minus infinity was not trained on.
    rooms : (n,) int
        The true columns.
    n_units : int
        Number of units held out: how many independent samples the rows stand for.

    Notes
    -----
    Rows whose room was not trained on say nothing and are left out. Without any row: 1.
    """
    from scipy.optimize import minimize_scalar

    truth = np.take_along_axis(scores, rooms[:, None], axis=1)[:, 0]
    known = np.isfinite(truth)
    if not known.any():
        return 1.0
    scores, truth = scores[known], truth[known]
    finite = np.isfinite(scores)
    doubt = 0.5 / (n_units + 1)
    others = np.where(finite, scores, 0).sum(axis=1) - truth
    target = (1 - doubt) * truth + doubt * others / np.maximum(finite.sum(axis=1) - 1, 1)
    top = scores.max(axis=1)

    def loss(log_t: float) -> float:
        t = math.exp(log_t)
        spread = np.log(np.exp((scores - top[:, None]) / t).sum(axis=1))
        return float(np.mean(spread + (top - target) / t))

    best = minimize_scalar(loss, bounds=_LOG_T, method="bounded", options={"xatol": 1e-6})
    return math.exp(float(best.x))
