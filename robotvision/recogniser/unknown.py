"""Is this a room the training never saw? A score, and a threshold from rooms left out of training.

Each training room in turn plays the unknown one: a classifier is trained without it, and its frames
are scored beside frames of the other rooms that this classifier did not see either. The threshold
is where the two kinds of mistake cost least. After Hendrycks and Gimpel (ICLR 2017) for
``max_probability``; ``entropy`` in nats; ``distance`` is that to the nearest training vector, the
nearest-neighbour novelty test (Markou and Singh 2003).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from robotvision.classifiers.base import FittedClassifier, Vectors
from robotvision.classifiers.folds import Fold, held_out
from robotvision.classifiers.kernels import Bank
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.plugins import params

METHODS = ("max_probability", "entropy", "distance")
Train = Callable[[TrainingSet], FittedClassifier]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ROC:
    """What each threshold costs and brings, thresholds descending.

    Parameters
    ----------
    thresholds : (n,)
        Unknown is said of scores above it.
    false_alarms : (n,)
        Share of frames of known rooms that are called unknown, weighed alike by room.
    hits : (n,)
        Share of frames of unknown rooms that are called so, weighed alike by room.
    """

    thresholds: Numbers
    false_alarms: Numbers
    hits: Numbers

    @property
    def area(self) -> float:
        """Area under the curve: 0.5 is chance, 1 is perfect."""
        from sklearn.metrics import auc

        return float(auc(self.false_alarms, self.hits))


class UnknownDetector(BaseEstimator):  # type: ignore[misc]
    """A score of being unknown, and the threshold above which that is believed.

    Parameters
    ----------
    method : {'max_probability', 'entropy', 'distance'}
        1 minus the likeliest room's probability; the entropy of all; how far the nearest training
        vector lies.
    share : float
        Share of unknown frames to expect, in (0, 1): weighs the two kinds of mistake.

    Attributes
    ----------
    threshold_ : float
    roc_ : ROC
        On training rooms left out, for the report.
    """

    def __init__(self, method: str = "max_probability", share: float = 0.5) -> None:
        self.method = method
        self.share = share
        params.choice("method", method, METHODS)
        params.number("share", share, high=0.999)

    def fit(self, train: Train, training: TrainingSet, seed: int) -> Self:
        """Choose the threshold.

        Parameters
        ----------
        train : callable
            ``train(training)`` returns a calibrated classifier. Called once a room.
        training : TrainingSet
        seed : int
            As for `robotvision.classifiers.calibration.fit_calibrated`.

        Raises
        ------
        RobotVisionError
            There are fewer than three rooms, so that one left out leaves nothing to tell apart.
        """
        rooms, numbers = np.unique(training.y, return_inverse=True)
        if len(rooms) < 3:
            raise RobotVisionError(
                f"unknown rooms: expected at least three training rooms, got {len(rooms)}: one is "
                "left out to choose the threshold; give the threshold as a number"
            )
        known, strange = [], []
        for room in range(len(rooms)):
            a, b = self._without(room, train, training, numbers, seed)
            known.append(a)
            strange.append(b)
        self.bank_ = Bank(np.asarray(training.x, np.float32), "squared")
        self.roc_ = roc(known, strange)
        cost = self.share * (1 - self.roc_.hits) + (1 - self.share) * self.roc_.false_alarms
        best = int(np.argmin(cost))
        below = self.roc_.thresholds[min(best + 1, len(cost) - 1)]
        self.threshold_ = float((self.roc_.thresholds[best] + below) / 2)
        return self

    def _without(
        self,
        room: int,
        train: Train,
        training: TrainingSet,
        numbers: NDArray[np.int64],
        seed: int,
    ) -> tuple[Numbers, Numbers]:
        """Return scores of known frames held out, and of the room left out."""
        others = np.flatnonzero(numbers != room)
        fold = _fold(training.rows(others), seed, room)
        rows, test = others[fold.train], others[fold.test]
        test = test[np.isin(numbers[test], numbers[rows])]
        known = training.rows(rows)
        bank = Bank(np.asarray(known.x, np.float32), "squared")
        model = train(known)
        strange = np.flatnonzero(numbers == room)[:: training.n_views]
        scores = [self._scores(model, bank, training.x[r]) for r in (test, strange)]
        return scores[0], scores[1]

    def _scores(self, model: FittedClassifier, bank: Bank, x: Vectors) -> Numbers:
        p = model.predict_proba(x)
        return np.array([self._score(q, v, bank) for q, v in zip(p, x, strict=True)])

    def _score(self, p: NDArray[Any], x: NDArray[np.float32], bank: Bank) -> float:
        if self.method == "max_probability":
            return 1 - float(p.max())
        if self.method == "entropy":
            return float(-(p * np.log(np.maximum(p, 1e-12))).sum())
        return float(np.sqrt(bank.row(x).min()))

    def score(self, p: NDArray[Any], x: NDArray[np.float32]) -> float:
        """Return how strange a frame is: the higher, the likelier unknown.

        Parameters
        ----------
        p : (k,)
            Its probabilities.
        x : (d,) float32
            Its vector.
        """
        return self._score(p, x, self.bank_)

    def is_unknown(self, p: NDArray[Any], x: NDArray[np.float32]) -> bool:
        """Return whether the frame's score lies above the threshold."""
        return self.score(p, x) > self.threshold_

    def __repr__(self, N_CHAR_MAX: int = 0) -> str:
        return f"UnknownDetector(method={self.method!r}, share={self.share!r})"


def roc(known: list[Numbers], strange: list[Numbers]) -> ROC:
    """Return the curve of scores of known and unknown frames, given a room at a time.

    Each list entry weighs alike, however many frames it has.
    """
    scores = np.concatenate([*known, *strange])
    weights = [np.full(len(s), 1 / max(len(s), 1)) for s in (*known, *strange)]
    is_strange = np.repeat([False, True], [sum(map(len, known)), sum(map(len, strange))])
    order = np.argsort(-scores, kind="stable")
    weight = np.concatenate(weights)[order]
    hits = np.cumsum(weight * is_strange[order])
    alarms = np.cumsum(weight * ~is_strange[order])
    last = np.append(np.diff(scores[order]) != 0, True)
    thresholds = np.append(np.inf, scores[order][last])
    # The curve starts where no frame is answered unknown.
    return ROC(
        np.nan_to_num(thresholds, posinf=float(scores.max()) + 1e-9),
        np.append(0.0, alarms[last] / alarms[-1]),
        np.append(0.0, hits[last] / hits[-1]),
    )


def _fold(training: TrainingSet, seed: int, number: int) -> Fold:
    """Return one of the folds that leave something to test on, a different one for each room."""
    numbers = np.unique(training.y, return_inverse=True)[1]
    folds = held_out(numbers, training.groups, seed, n_views=training.n_views).folds
    if not folds:
        raise RobotVisionError(
            "unknown rooms: too few training frames to hold some out; give the threshold as a "
            "number"
        )
    return folds[number % len(folds)]
