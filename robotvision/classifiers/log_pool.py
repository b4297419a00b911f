"""The logarithmic opinion pool of two classifiers: one of the last feature, one of all others.

Each looks at its features alone; their probabilities are multiplied to fixed powers (Heskes,
"Selecting weighting factors in logarithmic opinion pools", NIPS 1997), which is the mean of their
logarithms. Both are calibrated first, on frames held out, so that neither drowns the other; the
result is calibrated as any classifier's is. Where ``integration`` trains copies of one classifier,
a copy a feature, this lets a feature have a classifier that suits it: `nearest_patches`, say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.base import HoldingOut, Scores, Vectors, softmax
from robotvision.classifiers.calibration import (
    fit_held_out,
    fit_temperature,
    scores_of,
    seeded,
)
from robotvision.classifiers.folds import Fold
from robotvision.errors import RobotVisionError
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.plugins.registry import named

_LEAST = 1e-12
"""Probabilities below it count as this much."""

Named = str | Mapping[str, Any]


@parameter_fields
class LogPool(HoldingOut):
    """Two classifiers whose probabilities are multiplied to fixed powers.

    Parameters
    ----------
    others : str or mapping, default 'ridge'
        The classifier of all features but the last, joined: its name, or ``{name: ridge, alpha:
        0.3}``.
    last : str or mapping, default 'knn'
        The classifier of the last feature.
    share : float, default 0.5
        Power of the last feature's probabilities, in [0, 1); the others' power is 1 - share. 0: the
        last feature is not looked at.
    last_numbers : int or None, default None
        Length of the last feature's vector, at least 1; None: as the features say. Only who trains
        it without the features' help, in scikit-learn say, has to give it.
    random_state : int or None, default None
        Seed of the classifiers that take one; None: the run's seed.

    Notes
    -----
    Without anything to hold out, both temperatures are 1. With integration: concatenation alone.
    Where a task asks for objects, those are told by the classifier of the others alone: a second
    one for every object would take too long.
    """

    others: Named = "ridge"
    last: Named = "knn"
    share: float = 0.5
    last_numbers: int | None = None
    random_state: int | None = None

    def _check(self) -> None:
        params.share("share", self.share)
        if self.share == 1:
            raise params.refuse("share", "a number in [0, 1)", self.share)
        if self.last_numbers is not None:
            params.whole("last_numbers", self.last_numbers)
        self._members()

    def inner_classifiers(self) -> tuple[Any, ...]:
        """Return the two classifiers, not fitted: their code and files count as its own."""
        return tuple(self._members())

    def _members(self) -> list[Any]:
        seed = self.random_state or 0
        named = [("others", self.others), ("last", self.last)]
        return [seeded(_built(name, given), seed) for name, given in named]

    def for_objects(self) -> LogPool:
        """Return the classifier to train for each object: the last feature is not looked at."""
        return LogPool(**{**self.get_params(deep=False), "share": 0.0})

    def name_features(self, features: Sequence[str], blocks: Sequence[slice] = ()) -> None:
        """Note which features the vectors are of, for the classifiers that want to know."""
        self.features_ = list(features)
        self.places_ = [(int(b.start), int(b.stop)) for b in blocks]

    def check_features(self, x: Vectors, blocks: Sequence[slice] = ()) -> None:
        """Note where the last feature starts, and let each classifier look at its own.

        Raises
        ------
        RobotVisionError
            There are fewer than two features, or a classifier cannot take its own.
        """
        if self.last_numbers is not None:
            blocks = (slice(0, x.shape[1] - self.last_numbers), slice(0, x.shape[1]))
        if len(blocks) < 2 or blocks[-2].stop < 1:
            raise RobotVisionError(
                "log_pool: expected at least two features and integration: concatenation, got "
                "vectors of one feature; the last feature is for the classifier 'last'"
            )
        self.start_ = int(blocks[-2].stop)
        own = (blocks[:-1], (slice(0, x.shape[1] - self.start_),))
        for member, part, its in zip(self._members(), self._parts(x), own, strict=True):
            if hasattr(member, "check_features"):
                member.check_features(part, its)

    def _tell_features(self) -> None:
        features = getattr(self, "features_", [])
        blocks = [slice(*p) for p in getattr(self, "places_", [])]
        own = ((features[:-1], blocks[:-1]), (features[-1:], ()))
        for member, (names, places) in zip(self.members_, own, strict=False):
            if hasattr(member, "name_features"):
                member.name_features(names, places)

    def _parts(self, x: Vectors) -> tuple[Vectors, Vectors]:
        return x[:, : self.start_], x[:, self.start_ :]

    def _learn(self, x: Vectors, y: NDArray[np.int64], folds: Sequence[Fold]) -> Scores:
        if self.last_numbers is not None or not hasattr(self, "start_"):
            self.check_features(x)
        rooms = self.classes_[y]
        powers = self._powers()
        self.members_, self.temperatures_ = self._members()[: len(powers)], []
        held_out = np.zeros((len(x), len(self.classes_)))
        self._tell_features()
        for member, part, power in zip(self.members_, self._parts(x), powers, strict=False):
            scores = fit_held_out(member, np.ascontiguousarray(part), rooms, folds)
            self.temperatures_.append(fit_temperature(scores, y, len(folds)))
            held_out += power * _log(scores / self.temperatures_[-1])
        return held_out

    def _row(self, x: NDArray[np.float32]) -> Scores:
        total = np.zeros(len(self.classes_))
        members = zip(self.members_, self._parts(x[None]), self.temperatures_, strict=False)
        for power, (member, part, temperature) in zip(self._powers(), members, strict=False):
            total += power * _log(scores_of(member, part) / temperature)[0]
        return total

    def _powers(self) -> tuple[float, ...]:
        """Return the power of each classifier that is used."""
        return (1 - self.share, self.share) if self.share else (1.0,)


def _built(name: str, given: Named) -> Any:
    if isinstance(given, str):
        return CLASSIFIERS.create(given, {})
    if (part := named(given)) is None:
        raise params.refuse(name, "a classifier's name, or {name: ..., parameters}", given)
    return CLASSIFIERS.create(*part)


def _log(scores: Scores) -> Scores:
    """Return the logarithms of probabilities; rooms ruled out stay so, frames not held out NaN."""
    log = np.log(np.maximum(softmax(scores), _LEAST))
    return np.where(np.isneginf(scores), -np.inf, log)
