"""Classifiers of one's own: nested by name, from a factory, with numbers for labels, broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.plugins.plugin_path import search_first

OWN = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB


def factory(smoothing=1e-9):
    if smoothing < 0:
        raise KeyError("no smoothing")
    return GaussianNB(var_smoothing=smoothing)


class Numbers(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        if not np.issubdtype(y.dtype, np.integer) or set(y) != set(range(len(set(y)))):
            raise ValueError("expected the labels 0, 1, 2, ...")
        self.inner_ = GaussianNB().fit(x, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, x):
        return self.inner_.predict_proba(x)


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        raise ValueError("seventh son")
"""


@pytest.fixture
def training() -> TrainingSet:
    """Return vectors of three rooms that are far apart, each visited twice."""
    rng = np.random.default_rng(0)
    y = np.repeat(["Attic", "Hall", "Yard"], 20)
    x = rng.normal(np.repeat([0, 5, 10], 20)[:, None], 1, (60, 4)).astype(np.float32)
    return TrainingSet(x, y, np.tile([0] * 10 + [1] * 10, 3))


@pytest.fixture
def own(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the name of the module with them."""
    name = f"own_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(OWN)
    search_first(tmp_path)
    return name


NESTED = {"estimator": {"name": "sklearn.tree.DecisionTreeClassifier", "max_depth": 2}}
STEPS = {
    "steps": [
        {"name": "sklearn.preprocessing.StandardScaler"},
        {"name": "sklearn.naive_bayes.GaussianNB"},
    ]
}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("sklearn.ensemble.BaggingClassifier", NESTED),
        ("sklearn.pipeline.Pipeline", STEPS),
        ("OWN.factory", {"smoothing": 1e-6}),
        ("OWN.Numbers", {}),
    ],
)
def test_it_answers_with_rooms(
    name: str, params: dict[str, object], own: str, training: TrainingSet
) -> None:
    """Whatever labels it was trained on."""
    made = CLASSIFIERS.create(name.replace("OWN", own), params)
    trained = fit_calibrated(made, training, 0)
    assert list(trained.classes_) == ["Attic", "Hall", "Yard"]
    best = trained.classes_[trained.predict_proba(training.x).argmax(1)]
    assert np.mean(best == training.y) > 0.9


def test_what_fails_is_one_line_with_its_place(
    own: str, training: TrainingSet, tmp_path: Path
) -> None:
    """In training and in the factory: file, line, error, reason."""
    with pytest.raises(RobotVisionError) as failed:
        fit_calibrated(CLASSIFIERS.create(f"{own}.Broken", {}), training, 0)
    place = f"{tmp_path}/{own}.py"
    assert str(failed.value) == (
        f"training the classifier: Broken() failed at {place}:27 with ValueError: seventh son"
    )
    with pytest.raises(RobotVisionError) as failed:
        CLASSIFIERS.create(f"{own}.factory", {"smoothing": -1})
    assert f"fails: {place}:9: KeyError: 'no smoothing'" in str(failed.value)


def test_a_nested_name_that_is_not_known_says_so() -> None:
    wrong = {"estimator": {"name": "sklearn.tree.NoSuchTree"}}
    with pytest.raises(RobotVisionError, match=r"'sklearn.tree.NoSuchTree': cannot import it"):
        CLASSIFIERS.create("sklearn.ensemble.BaggingClassifier", wrong)
