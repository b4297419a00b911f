"""Which objects are in view: one calibrated yes-or-no classifier an object, and what to state.

An object is stated present, stated absent, or left out, whichever is worth most points in
expectation under the task. An object that training frames always or never show keeps that share,
drawn towards a half as by two frames more (Laplace's rule), as its probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.integration import FittedClassifier, fit_integrated
from robotvision.classifiers.training_set import TrainingSet
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
            statement = self.statement.best(float(p))
            if statement is not None:
                stated[name] = statement
        return stated


def _probability(classifier: FittedClassifier | float, x: NDArray[np.float32]) -> float:
    if isinstance(classifier, float):
        return classifier
    yes = int(np.flatnonzero(np.asarray(classifier.classes_) == YES)[0])
    return float(classifier.predict_proba(x)[0, yes])


def fit_objects(
    classifier: Any, integration: str, task: Task, training: TrainingSet, seed: int
) -> ObjectRecogniser | None:
    """Train a recogniser of the task's objects; None where the task has none.

    Parameters
    ----------
    classifier : PlaceClassifier
        A copy is trained for each object, or of what its ``for_objects`` returns.
    integration : str
        As for `robotvision.classifiers.integration.fit_integrated`.
    task : Task
    training : TrainingSet
        Its ``objects`` say which are in view; its rooms do not matter.
    seed : int
        As for `fit_integrated`.
    """
    points, in_view = task.points.objects, training.objects
    if points is None or in_view is None:
        return None
    if hasattr(classifier, "for_objects"):
        classifier = classifier.for_objects()
    fitted: list[FittedClassifier | float] = []
    for column in in_view.T:
        n, n_in_view = len(column), int(column.sum())
        if min(n_in_view, n - n_in_view) < 2:
            fitted.append((n_in_view + 1) / (n + 2))
            continue
        labelled = replace(training, y=np.where(column, YES, NO))
        fitted.append(fit_integrated(classifier, integration, labelled, seed))
    return ObjectRecogniser(task.objects, fitted, points)
