"""What is stated of objects: whatever is worth most in expectation."""

from __future__ import annotations

import numpy as np
import pytest

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.training_set import TrainingSet
from robotvision.recogniser.objects import Statement, fit_objects
from robotvision.tasks import load_task


@pytest.mark.parametrize(
    ("task", "p", "said"),
    [
        ("imageclef2013", 0.51, True),
        ("imageclef2013", 0.5, None),
        ("imageclef2013", 0.49, False),
        ("imageclef2014", 0.17, True),  # 1.5 p > 0.25: stated from one sixth on
        ("imageclef2014", 0.16, None),
        ("imageclef2014", 0.0, None),
    ],
)
def test_the_statement_is_worth_most(task: str, p: float, said: bool | None) -> None:
    """The break-even probabilities follow from each edition's points."""
    points = load_task(task).points.objects
    assert points is not None
    assert Statement(points).best(p) is said


def test_objects_are_learnt_each_by_itself() -> None:
    """Objects that show in the features are found; one never shown keeps a small probability."""
    rng = np.random.default_rng(0)
    task = load_task("imageclef2013")
    seen = rng.random((80, len(task.objects))) < 0.5
    seen[:, 3] = False
    x = (seen + rng.normal(0, 0.1, seen.shape)).astype(np.float32)
    groups = np.arange(80) // 10
    machine = CLASSIFIERS.create("svm", {"kernel": "linear"})
    rooms = np.full(80, "Hall")
    training = TrainingSet(x, rooms, groups, (slice(0, 8),), objects=seen)
    found = fit_objects(machine, "concatenation", task, training, 0)
    assert found is not None
    others = [k for k in range(8) if k != 3]
    right = [
        (found.probabilities(x[i : i + 1])[others] > 0.5) == seen[i, others] for i in range(80)
    ]
    assert np.mean(right) > 0.98
    assert found.probabilities(x[:1])[3] == pytest.approx(1 / 82)
    stated = found.state(np.ones((1, 8), np.float32))
    assert stated[task.objects[0]] is True
    assert stated[task.objects[3]] is False


def test_a_task_without_objects_has_no_recogniser() -> None:
    """Nothing is stated where nothing is asked."""
    x, y = np.zeros((4, 2), np.float32), np.zeros((4, 0), bool)
    task = load_task("imageclef2012")
    training = TrainingSet(x, np.full(4, "Hall"), np.zeros(4, int), objects=y)
    assert fit_objects(None, "concatenation", task, training, 0) is None
