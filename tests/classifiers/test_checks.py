"""The conformance checks catch classifiers that break the contract."""

import numpy as np
import pytest

from robotvision.classifiers.knn import KNN
from robotvision.errors import RobotVisionError
from robotvision.testing.classifiers import NotConforming, check_classifier


class FitGivesNothing(KNN):
    def fit(self, x, y):
        super().fit(x, y)


class Unsorted(KNN):
    def fit(self, x, y):
        super().fit(x, y)
        self.classes_ = self.classes_[::-1]
        return self


class NotFinite(KNN):
    def scores(self, x):
        return super().scores(x) * np.nan


class Guesses(KNN):
    def _row(self, x):
        return np.zeros(len(self.classes_))


class LooksAround(KNN):
    def scores(self, x):
        scores = super().scores(x)
        return scores + scores.mean(axis=0)


class Remembers(KNN):
    def _row(self, x):
        self.last_ = super()._row(x) + 0.1 * getattr(self, "last_", 0.0)
        return self.last_


class DrawsLots(KNN):
    def _fit(self, x, y):
        super()._fit(x + np.random.default_rng().normal(0, 0.01, x.shape).astype(np.float32), y)


class ChangesData(KNN):
    def _fit(self, x, y):
        x *= 2
        super()._fit(x, y)


class ChangesItself(KNN):
    def _fit(self, x, y):
        super()._fit(x, y)
        self.k = 1


def test_good_one():
    """A classifier that keeps the contract passes."""
    check_classifier(KNN())


@pytest.mark.parametrize(
    ("broken", "match"),
    [
        (FitGivesNothing, "fit to return the classifier itself"),
        (Unsorted, "expected classes_ \\['room0', 'room1', 'room2'\\]"),
        (NotFinite, "numbers of at least 0"),
        (Guesses, "more than 0.8 of the training frames right"),
        (LooksAround, "the same probabilities for a frame alone"),
        (Remembers, "the same probabilities"),
        (DrawsLots, "the same probabilities after the same training"),
        (ChangesItself, "after training"),
    ],
)
def test_broken_ones(broken, match):
    """One that breaks it fails, and the message says which rule."""
    with pytest.raises(NotConforming, match=match):
        check_classifier(broken())


def test_writing_into_the_data():
    """One that writes into the vectors fails on read-only ones."""
    with pytest.raises(RobotVisionError, match="ValueError: output array is read-only"):
        check_classifier(ChangesData())
