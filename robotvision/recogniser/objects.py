"""Which objects are in view: one calibrated yes-or-no classifier an object, and what to state.

An object is stated present, stated absent, or left out, whichever is worth most points in
expectation under the task. An object that training frames always or never show keeps that share,
drawn towards a half as by two frames more (Laplace's rule), as its probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.integration import FittedClassifier, fit_cues
from robotvision.tasks.model import ObjectPoints, Task

YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Statement:
    """Turns an object's probability into a statement: True, False or None (nothing)."""

    points: ObjectPoints

    def best(self, p: float) -> bool | None:
        """Return what is worth most where the object is in view with probability ``p``.

        Silence wins a tie, and "absent" one against "present".
        """
        stated: list[tuple[bool | None, Any]] = [
            (None, self.points.not_stated),
            (False, self.points.stated_absent),
            (True, self.points.stated_present),
        ]
        worth = [p * cell.present + (1 - p) * cell.absent for _, cell in stated]
        return stated[int(np.argmax(worth))][0]


class ObjectRecogniser:
    """Says which of a task's objects are in view.

    Parameters
    ----------
    names : sequence of str
        The task's objects.
    classifiers : sequence of FittedClassifier or float
        One an object; a number is a constant probability.
    points : ObjectPoints
        Of the task.
    """

    def __init__(
        self,
        names: Sequence[str],
        classifiers: Sequence[FittedClassifier | float],
        points: ObjectPoints,
    ) -> None:
        self.names = tuple(names)
        self.classifiers = tuple(classifiers)
        self.statement = Statement(points)
        self.points = points

    def probabilities(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability that each object is in view, (objects,), for one vector (1, d)."""
        return np.array([_probability(c, x) for c in self.classifiers])

    def state(self, x: NDArray[np.float32]) -> Mapping[str, bool]:
        """Return what is stated of the objects in the frame of one vector (1, d)."""
        stated = {}
        for name, p in zip(self.names, self.probabilities(x), strict=True):
            said = self.statement.best(float(p))
            if said is not None:
                stated[name] = said
        return stated


def _probability(classifier: FittedClassifier | float, x: NDArray[np.float32]) -> float:
    if isinstance(classifier, float):
        return classifier
    yes = int(np.flatnonzero(np.asarray(classifier.classes_) == YES)[0])
    return float(classifier.predict_proba(x)[0, yes])


def fit_objects(
    classifier: Any,
    integration: str,
    task: Task,
    x: NDArray[np.float32],
    seen: NDArray[np.bool_],
    groups: NDArray[np.int64],
    seed: int,
    blocks: tuple[slice, ...],
    n_views: int = 1,
) -> ObjectRecogniser | None:
    """Train a recogniser of the task's objects; None where the task has none.

    Parameters
    ----------
    classifier : PlaceClassifier
        A copy is trained for each object.
    x : (n, d) float32
        Feature vectors in time order.
    seen : (n, objects) bool
        Which objects each frame shows.
    groups, seed, blocks, n_views
        As for `robotvision.classifiers.integration.fit_cues`.
    """
    points = task.points.objects
    if points is None:
        return None
    fitted: list[FittedClassifier | float] = []
    for k in range(len(task.objects)):
        n, n_seen = len(seen), int(seen[:, k].sum())
        if min(n_seen, n - n_seen) < 2:
            fitted.append((n_seen + 1) / (n + 2))
            continue
        y = np.where(seen[:, k], YES, NO)
        fitted.append(fit_cues(classifier, integration, x, y, groups, seed, blocks, n_views))
    return ObjectRecogniser(task.objects, fitted, points)
