"""Is this a room the training never saw? A score, and a threshold from rooms left out of training.

Each training room in turn plays the unknown one: a classifier is trained without it, and its frames
are scored beside frames of the other rooms that this classifier did not see either: a third of each
room, in a row, so that as many visits are left to calibrate on as the whole training has. The
threshold is where the task's own points are most to be expected, with a stated share of unknown
frames. After Hendrycks and Gimpel (ICLR 2017) for ``max_probability``; ``entropy`` in nats;
``distance`` is that to the nearest training vector, the nearest-neighbour novelty test (Markou and
Singh 2003). Which of them is looked at is chosen likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from robotvision.arrays import Floats
from robotvision.classifiers.base import FittedClassifier, Vectors
from robotvision.classifiers.folds import GAP, N_BLOCKS, Fold, blocks
from robotvision.classifiers.kernels import Bank
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.plugins import params
from robotvision.tasks.model import RoomPoints

METHODS = ("max_probability", "entropy", "distance")
AUTO = "auto"
SHARE = 0.03
"""Share of unknown frames to reckon with. Less than a test that shows unknown rooms has: the thirds
held out are easier than a test's frames of known rooms, so what these lose is underrated."""
Train = Callable[[TrainingSet], FittedClassifier]


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

    thresholds: Floats
    false_alarms: Floats
    hits: Floats

    @property
    def area(self) -> float:
        """Area under the curve: 0.5 is chance, 1 is perfect."""
        from sklearn.metrics import auc

        return float(auc(self.false_alarms, self.hits))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFrames:
    """Frames of one room: how strange each is, and what it earns where unknown is no answer.

    Parameters
    ----------
    scores, earned : (n,)
    """

    scores: Floats
    earned: Floats


@dataclass(frozen=True, slots=True)
class Stake:
    """Points a frame that a threshold is expected to win or lose, on rooms left out of training.

    Parameters
    ----------
    known, unknown : float
        What a frame of a known room loses (at most 0, as a rule) and one of an unknown room wins,
        beside never answering unknown; rooms weigh alike.
    expected : float
        The two, weighed by the share of unknown frames that was reckoned with.
    """

    known: float
    unknown: float
    expected: float


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """What a detector must know of the answers that its threshold turns into unknown.

    Parameters
    ----------
    points : RoomPoints
        The task's.
    answer_from : float
        Confidence up to which nothing is answered.
    """

    points: RoomPoints
    answer_from: float

    @classmethod
    def of(cls, points: RoomPoints) -> Self:
        """Return the rule that answers above the points' break-even confidence."""
        return cls(points, points.break_even)

    def earned(self, p: NDArray[Any], is_right: NDArray[np.bool_]) -> Floats:
        """Return the points of frames of probabilities ``p`` (n, k), unknown never answered."""
        given = np.where(is_right, self.points.correct, self.points.wrong)
        is_silent = (self.answer_from > 0) & ~(p.max(axis=1) > self.answer_from)
        return np.where(is_silent, self.points.unanswered, given)


class UnknownDetector(BaseEstimator):  # type: ignore[misc]
    """A score of being unknown, and the threshold above which that is believed.

    Parameters
    ----------
    method : {'auto', 'max_probability', 'entropy', 'distance'}
        1 minus the likeliest room's probability; the entropy of all; how far the nearest training
        vector lies; ``auto``: of the three, the one that is expected to win most, ties to the
        first.
    share : float
        Share of unknown frames to reckon with, in (0, 1): weighs what known rooms lose against what
        unknown ones win.

    Attributes
    ----------
    method_ : str
        As given or chosen.
    threshold_ : float
    roc_ : ROC
        On training rooms left out, for the report.
    stake_ : Stake
        What the threshold is expected to win and lose there.
    """

    def __init__(self, method: str = AUTO, share: float = SHARE) -> None:
        self.method = method
        self.share = share
        params.choice("method", method, (AUTO, *METHODS))
        params.number("share", share, high=0.999)

    def fit(
        self,
        train: Train,
        training: TrainingSet,
        seed: int,
        rule: AnswerRule | None = None,
    ) -> Self:
        """Choose the threshold.

        Parameters
        ----------
        train : callable
            ``train(training)`` returns a calibrated classifier. Called once a room.
        training : TrainingSet
        seed : int
            Which third of the rooms is held out first.
        rule : AnswerRule, optional
            Of the answers; left out: +1, -0.5 and 0, silent up to the break-even confidence.

        Raises
        ------
        RobotVisionError
            There are fewer than three rooms, so that one left out leaves nothing to tell apart, or
            no room has frames enough to hold some out.
        """
        rooms, numbers = np.unique(training.y, return_inverse=True)
        if len(rooms) < 3:
            raise RobotVisionError(
                f"unknown rooms: expected at least three training rooms, got {len(rooms)}: one is "
                "left out to choose the threshold; give the threshold as a number"
            )
        rule = AnswerRule.of(RoomPoints()) if rule is None else rule
        methods = METHODS if self.method == AUTO else (self.method,)
        known: dict[str, list[ScoredFrames]] = {m: [] for m in methods}
        strange: dict[str, list[ScoredFrames]] = {m: [] for m in methods}
        for room in range(len(rooms)):
            fold = _third(training, numbers, room, room + seed)
            part = training.rows(fold.train)
            left_out = np.flatnonzero(numbers == room)[:: training.n_views]
            model = train(part)
            banks = {m: _bank(m, part) for m in methods}
            for rows, into in ((fold.test, known), (left_out, strange)):
                x = training.x[rows]
                p = model.predict_proba(x)
                is_right = np.asarray(model.classes_)[p.argmax(axis=1)] == training.y[rows]
                earned = rule.earned(p, is_right)
                for m in methods:
                    into[m].append(ScoredFrames(_scores(m, p, x, banks[m]), earned))
        best = -np.inf
        for m in methods:
            curve, stake, threshold = _best(known[m], strange[m], self.share, rule.points)
            if stake.expected > best + 1e-12:
                best, self.method_ = stake.expected, m
                self.roc_, self.stake_, self.threshold_ = curve, stake, threshold
        self.bank_ = _bank(self.method_, training)
        return self

    def score(self, p: NDArray[Any], x: NDArray[np.float32]) -> float:
        """Return how strange a frame is: the higher, the likelier unknown.

        Parameters
        ----------
        p : (k,)
            Its probabilities.
        x : (d,) float32
            Its vector.
        """
        if self.method_ == "distance" and self.bank_ is not None:
            return float(np.sqrt(self.bank_.row(x).min()))
        return float(_scores(self.method_, p[None], x[None], None)[0])

    def is_unknown(self, p: NDArray[Any], x: NDArray[np.float32]) -> bool:
        """Return whether the frame's score lies above the threshold."""
        return self.score(p, x) > self.threshold_

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a detector of this state; one from before had the method that was given."""
        super().__setstate__({"method_": state.get("method"), **state})

    def __repr__(self, N_CHAR_MAX: int = 0) -> str:
        return f"UnknownDetector(method={self.method!r}, share={self.share!r})"


def roc(known: list[Floats], strange: list[Floats]) -> ROC:
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


def _bank(method: str, training: TrainingSet) -> Bank | None:
    """Return the training vectors where the method compares with them."""
    if method != "distance":
        return None
    return Bank(np.asarray(training.x, np.float32), "squared")


def _scores(method: str, p: NDArray[Any], x: Vectors, bank: Bank | None) -> Floats:
    """Return how strange frames of probabilities (n, k) and vectors (n, d) are."""
    if method == "max_probability":
        return np.asarray(1 - p.max(axis=1), np.float64)
    if method == "entropy":
        return np.asarray(-(p * np.log(np.maximum(p, 1e-12))).sum(axis=1), np.float64)
    if bank is None:
        raise ValueError("distance: expected the training vectors")
    return np.sqrt(bank.nearest(x)).astype(np.float64)


def _best(
    known: list[ScoredFrames], strange: list[ScoredFrames], share: float, points: RoomPoints
) -> tuple[ROC, Stake, float]:
    """Return the curve of left-out rooms, what its best threshold is worth, and that threshold."""
    curve = roc([k.scores for k in known], [s.scores for s in strange])
    loss = _change(curve, known, points.wrong)
    gain = _change(curve, strange, points.correct)
    expected = (1 - share) * loss + share * gain
    best = int(np.argmax(expected))
    below = curve.thresholds[min(best + 1, len(expected) - 1)]
    threshold = float((curve.thresholds[best] + below) / 2)
    return curve, Stake(float(loss[best]), float(gain[best]), float(expected[best])), threshold


def _change(curve: ROC, frames: list[ScoredFrames], unknown: float) -> Floats:
    """Return what each threshold of ``curve`` adds to the points a frame, rooms weighing alike.

    Parameters
    ----------
    unknown : float
        What these frames earn by the answer unknown.
    """
    total = np.zeros(len(curve.thresholds))
    for room in frames:
        order = np.argsort(-room.scores, kind="stable")
        change = np.append(0.0, np.cumsum(unknown - room.earned[order]))
        n_above = np.searchsorted(-room.scores[order], -curve.thresholds, side="right")
        total += change[n_above] / len(order)
    return total / len(frames)


def _third(training: TrainingSet, numbers: NDArray[np.int64], room: int, turn: int) -> Fold:
    """Return rows without a room: to train on, and a third of each other room to ask about.

    The frames beside the third are neither; a room of too few frames is trained on whole.

    Raises
    ------
    RobotVisionError
        No room has frames enough.
    """
    n_views = training.n_views
    plain = numbers[::n_views]
    is_test, is_left = np.zeros(len(plain), bool), plain == room
    for other in np.unique(plain[~is_left]):
        units = blocks(np.flatnonzero(plain == other), N_BLOCKS, GAP)
        if units:
            unit = units[turn % len(units)]
            is_test[unit.rows], is_left[unit.gap] = True, True
    if not is_test.any():
        raise RobotVisionError(
            "unknown rooms: too few training frames to hold some out; give the threshold as a "
            "number"
        )
    train = np.flatnonzero(~is_left & ~is_test)
    views = (train[:, None] * n_views + np.arange(n_views)).ravel()
    return Fold(views, np.flatnonzero(is_test) * n_views)
