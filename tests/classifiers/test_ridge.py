"""Regularised least squares against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.folds import Fold, held_out
from robotvision.errors import RobotVisionError


def two_visits(dim=60, seed=3):
    """Return vectors and rooms of unequal share, and the visit of each."""
    rng = np.random.default_rng(seed)
    y = np.tile(np.repeat(["a", "b", "c"], [20, 12, 5]), 2)
    x = rng.normal(size=(len(y), dim)) + 5 + 2 * (y == "b")[:, None] * (np.arange(dim) < 9)
    return x.astype(np.float32), y, np.repeat([0, 1], len(y) // 2)


@pytest.mark.parametrize("alpha", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("dim", [9, 200])
def test_agrees_with_scikit_learn(alpha: float, balanced: bool, dim: int) -> None:
    """The same planes, with more and with fewer numbers than frames."""
    x, y, _ = two_visits(dim)
    own = CLASSIFIERS.create("ridge", {"alpha": alpha, "balanced": balanced}).fit(x, y)
    reference = RidgeClassifier(alpha, class_weight="balanced" if balanced else None)
    expected = reference.fit(x.astype(np.float64), y).decision_function(x.astype(np.float64))
    np.testing.assert_allclose(own.scores(x), expected, atol=2e-4)


@pytest.mark.parametrize("dim", [9, 200])
def test_what_is_held_out_is_as_trained_anew(dim: int) -> None:
    """Each fold gets the scores of planes trained without it."""
    x, y, visits = two_visits(dim)
    numbers = np.unique(y, return_inverse=True)[1]
    folds = held_out(numbers, visits, 0).folds
    assert len(folds) == 2
    scores = CLASSIFIERS.create("ridge", {}).fit_held_out(x, y, folds)
    for fold in folds:
        anew = CLASSIFIERS.create("ridge", {}).fit(x[fold.train], y[fold.train])
        np.testing.assert_allclose(scores[fold.test], anew.scores(x[fold.test]), atol=1e-4)


def test_a_room_that_a_fold_lacks_is_ruled_out_there() -> None:
    """Minus infinity where a fold has no frame of the room; one room alone gets the score 1."""
    x, y, visits = two_visits()
    kept = (visits == 0) | (y == "a")
    x, y, visits = x[kept], y[kept], visits[kept]
    fold = Fold(np.flatnonzero(visits == 1), np.flatnonzero(visits == 0))
    scores = CLASSIFIERS.create("ridge", {}).fit_held_out(x, y, [fold])
    assert (scores[visits == 0][:, 0] == 1).all()
    assert np.isneginf(scores[visits == 0][:, 1:]).all()
    assert np.isnan(scores[visits == 1]).all()


@pytest.mark.parametrize("alpha", [0, -1, "much"])
def test_refuses_alpha(alpha: object) -> None:
    """A price that is no number above 0 is one line that names the parameter."""
    with pytest.raises(RobotVisionError, match="alpha: expected a number above 0"):
        CLASSIFIERS.create("ridge", {"alpha": alpha})


@pytest.mark.parametrize("balanced", [False, True])
def test_the_quick_ways_give_the_plain_numbers(balanced: bool) -> None:
    """Planes and held-out scores are those of the definition, worked in double row by row."""
    x, y, visits = two_visits(200)
    numbers = np.unique(y, return_inverse=True)[1]
    folds = held_out(numbers, visits, 0).folds
    model = CLASSIFIERS.create("ridge", {"balanced": balanced})
    scores = model.fit_held_out(x, y, folds)

    def by_definition(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        v, room = x[rows].astype(np.float64), numbers[rows]
        w = len(room) / (3 * np.bincount(room))[room] if balanced else np.ones(len(room))
        target = np.where(room[:, None] == np.arange(3), 1.0, -1.0)
        middle, level = w @ v / w.sum(), w @ target / w.sum()
        root = np.sqrt(w)[:, None]
        own, wanted = root * (v - middle), root * (target - level)
        weights = np.linalg.solve(own.T @ own + 0.3 * np.eye(200), own.T @ wanted)
        return weights, level - middle @ weights

    weights, bias = by_definition(np.arange(len(x)))
    np.testing.assert_allclose(model.weights_, weights, atol=2e-6)
    np.testing.assert_allclose(model.bias_, bias, atol=2e-5)
    for fold in folds:
        weights, bias = by_definition(fold.train)
        np.testing.assert_allclose(scores[fold.test], x[fold.test] @ weights + bias, atol=2e-5)


@pytest.mark.parametrize("alpha", [0.1, 1e-5])
def test_a_penalty_near_the_rounding_of_single_numbers_is_solved_in_double(alpha: float) -> None:
    """Near-copies of few vectors: the digits hold where single numbers cannot be factored."""
    rng = np.random.default_rng(3)
    y = np.repeat(["a", "b", "c"], 40)
    own = [(y == "b")[:, None] * (np.arange(400) < 9), (y == "c")[:, None] * (np.arange(400) > 390)]
    copies = 0.3 * np.tile(rng.normal(size=(40, 400)), (3, 1))
    x = (copies + 1e-3 * rng.normal(size=(120, 400)) + own[0] + own[1]).astype(np.float32)
    expected = RidgeClassifier(alpha).fit(x.astype(np.float64), y).decision_function(x)
    np.testing.assert_allclose(
        CLASSIFIERS.create("ridge", {"alpha": alpha}).fit(x, y).scores(x), expected, atol=5e-4
    )
