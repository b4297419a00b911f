"""Held-out groups: never split, every room kept; probabilities that hold on new visits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.classifiers.calibration import fit_calibrated, fit_temperature, seeded
from robotvision.classifiers.folds import held_out
from robotvision.classifiers.forest import RandomForest
from robotvision.classifiers.knn import KNN
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.testing.classifiers import make_vectors
from tests.fixtures.examples import examples


@examples(60)
@given(
    visits=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(1, 20)), min_size=1, max_size=20
    ),
    seed=st.integers(0, 5),
)
def test_folds(visits, seed):
    """Train and test rows are apart, no row is held out twice, no group of a room is split.

    A room of several groups is held out a group at a time; a room of one keeps training rows.
    """
    rooms = np.concatenate([np.full(n, room) for room, _, n in visits])
    groups = np.concatenate([np.full(n, group) for _, group, n in visits])
    rooms = np.unique(rooms, return_inverse=True)[1]
    split = held_out(rooms, groups, seed)
    tested = np.concatenate([f.test for f in split.folds] or [np.empty(0, int)])
    assert len(np.unique(tested)) == len(tested)
    for fold in split.folds:
        assert not set(fold.train) & set(fold.test)
        for room in np.unique(rooms[fold.test]):
            where = groups[rooms == room]
            if len(np.unique(where)) > 1:
                rows = fold.test[rooms[fold.test] == room]
                assert not set(groups[rows]) & set(groups[fold.train][rooms[fold.train] == room])
            else:
                assert room in rooms[fold.train]
    again = held_out(rooms, groups, seed)
    for a, b in zip(split.folds, again.folds, strict=True):
        np.testing.assert_array_equal(a.test, b.test)


def test_room_of_one_group():
    """A room of one group among several is cut into three blocks with a gap beside them."""
    rooms = np.array([0] * 60 + [1] * 20 + [1] * 20)
    groups = np.array([0] * 60 + [1] * 20 + [2] * 20)
    split = held_out(rooms, groups, 0)
    assert split.n_units == 5
    fold = next(f for f in split.folds if 20 in f.test)
    assert set(range(20, 40)) <= set(fold.test)
    assert not set(fold.train) & set(range(17, 43))


def overlapping(visits, seed):
    """Rooms whose visits differ more than rooms do; frames of a visit are near-copies."""
    rng = np.random.default_rng(seed)
    places = np.random.default_rng(0).random((4, 40))
    x, y, groups = [], [], []
    for visit in range(visits):
        for room in range(4):
            look = places[room] + rng.normal(0, 0.6, 40)
            x.append(np.abs(look + rng.normal(0, 0.02, (15, 40))))
            y += [f"room{room}"] * 15
            groups += [visit * 4 + room] * 15
    return np.concatenate(x).astype(np.float32), np.array(y), np.array(groups)


def judged(classifier, by_visit):
    """Return Brier score, calibration error and surplus of confidence on new visits.

    Pooled over six buildings, each with a classifier of its own.
    """
    wrong, confidence, right = [], [], []
    for seed in range(6):
        x, y, visits = overlapping(8, seed=2 * seed)
        new, truth, _ = overlapping(20, seed=2 * seed + 1)
        groups = visits if by_visit else np.arange(len(x))
        model = fit_calibrated(classifier, TrainingSet(x, y, groups), 0)
        p = model.predict_proba(new)
        columns = np.searchsorted(model.classes_, truth)
        wrong.append(((p - np.eye(len(model.classes_))[columns]) ** 2).sum(axis=1))
        confidence.append(p.max(axis=1))
        right.append(p.argmax(axis=1) == columns)
    sure, hit = np.concatenate(confidence), np.concatenate(right)
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        abs(sure[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return float(np.concatenate(wrong).mean()), float(sum(gaps)), float(sure.mean() - hit.mean())


@pytest.mark.parametrize("classifier", [SVM(), SVM("rbf", multiclass="one_vs_one"), KNN()])
def test_random_split_overstates(classifier):
    """On new visits, held-out visits make honest probabilities; held-out frames do not.

    Calibrated on random frames, the classifier is surer than it is right; by visits its Brier
    score and calibration error are lower.
    """
    honest, fooled = judged(classifier, by_visit=True), judged(classifier, by_visit=False)
    assert honest[0] < fooled[0]
    assert honest[1] < fooled[1] - 0.01
    assert fooled[2] > 0.05
    assert abs(honest[2]) < fooled[2] / 2


def test_temperature_by_hand():
    """Scores ±s right with share r call for s / T = log(r / (1 - r)) / 2, r drawn to n visits."""
    scores = np.tile([[1.0, -1.0]], (10, 1))
    rooms = np.array([0] * 8 + [1] * 2)
    doubt = 0.5 / (9 + 1)
    r = 0.8 * (1 - doubt) + 0.2 * doubt
    expected = 2 / np.log(r / (1 - r))
    assert fit_temperature(scores, rooms, 9) == pytest.approx(expected, rel=1e-4)


def test_temperature_leaves_out_what_says_nothing():
    """Rows never held out and rooms not trained on do not count; nothing at all gives 1."""
    scores = np.array([[1.0, -1.0], [np.nan, np.nan], [0.5, -np.inf]])
    rooms = np.array([0, 1, 1])
    assert fit_temperature(scores, rooms, 3) == fit_temperature(scores[:1], rooms[:1], 3)
    assert fit_temperature(scores[1:2], rooms[1:2], 3) == 1.0


def test_shared_kernel_changes_nothing():
    """Held-out scores from the shared kernel are those of machines trained one by one."""
    x, y, groups = make_vectors()
    numbers = np.unique(y, return_inverse=True)[1]
    folds = held_out(numbers, groups, 0).folds
    model = SVM(gamma=2.0)
    shared = model.fit_held_out(x, y, folds)
    for fold in folds:
        alone = SVM(gamma=2.0).fit(x[fold.train], y[fold.train]).scores(x[fold.test])
        np.testing.assert_allclose(shared[fold.test], alone, atol=2e-3)


def test_one_room():
    """One room is refused by name."""
    x, _, groups = make_vectors()
    with pytest.raises(RobotVisionError, match=r"at least two rooms, got 1 \(hall\)"):
        fit_calibrated(SVM(), TrainingSet(x, np.full(len(x), "hall"), groups), 0)


def test_single_frames():
    """Rooms of one frame each can be trained on, though nothing can be held out."""
    x, _, _ = make_vectors()
    model = fit_calibrated(
        SVM(), TrainingSet(x[::36], np.array(["a", "b", "c"]), np.zeros(3, int)), 0
    )
    assert list(model.classes_[model.predict_proba(x[::36]).argmax(axis=1)]) == ["a", "b", "c"]


def test_seed():
    """The run's seed fills in where the classifier leaves it open, and nowhere else."""
    assert seeded(RandomForest(), 7).random_state == 7
    assert seeded(RandomForest(random_state=3), 7).random_state == 3
    assert seeded(SVM(), 7).get_params() == SVM().get_params()
