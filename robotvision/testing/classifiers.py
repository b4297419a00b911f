"""Check that a classifier keeps the contract of `robotvision.classifiers.base`.

One call checks all of it::

    check_classifier(MyClassifier())

or, as a test each, with ids ``name:check``::

    @pytest.mark.parametrize(("classifier", "check"), checks([MyClassifier()]))
    def test_conforms(classifier, check):
        check(classifier)

A check raises `NotConforming` with what was expected and what was got. The classifier is trained
and calibrated as in a run, on generated histograms of three rooms in three visits each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.training_set import TrainingSet
from robotvision.testing.features import NotConforming, expect, pairs

Check = Callable[[Any], None]
Data = tuple[NDArray[np.float32], NDArray[np.str_], NDArray[np.int64]]

__all__ = ["CHECKS", "NotConforming", "check_classifier", "checks", "make_vectors"]


def make_vectors(n_rooms: int = 3, visits: int = 3, frames: int = 12, dim: int = 24) -> Data:
    """Return histograms (n, dim) float32, rooms (n,) and visits (n,); the same ones every time.

    The frames of a visit are near-copies of one another; two visits to a room differ more.
    """
    rng = np.random.default_rng((n_rooms, visits, frames, dim))
    places = rng.random((n_rooms, dim)) ** 3
    x, y, groups = [], [], []
    for visit in range(visits):
        for room in range(n_rooms):
            look = places[room] + 0.25 * rng.random(dim)
            seen = look + 0.02 * rng.random((frames, dim))
            x.append(seen / seen.sum(axis=1, keepdims=True))
            y += [f"room{room}"] * frames
            groups += [visit * n_rooms + room] * frames
    return np.concatenate(x).astype(np.float32), np.array(y), np.array(groups, np.int64)


def check_classifier(classifier: Any) -> None:
    """Run every check on ``classifier``, an instance that need not be trained.

    Raises
    ------
    NotConforming
        Naming the first rule that is broken.
    """
    for check in CHECKS:
        check(classifier)


def checks(classifiers: Iterable[Any]) -> list[Any]:
    """Return a ``pytest.param(classifier, check)`` of id ``name:check`` for every pair."""
    return pairs(classifiers, CHECKS)


def check_fit(classifier: Any) -> None:
    """Expect ``fit`` to return the classifier, and the rooms sorted in ``classes_``."""
    x, y, _ = make_vectors()
    copy = clone(classifier)
    expect(copy.fit(x, y) is copy, "fit to return the classifier itself", "something else")
    rooms = [str(room) for room in copy.classes_]
    expected = sorted({str(room) for room in y})
    expect(rooms == expected, f"classes_ {expected}", rooms)


def check_probabilities(classifier: Any) -> None:
    """Expect (m, k) numbers in [0, 1] with rows that sum to 1."""
    x, _, _ = make_vectors()
    for n_rooms in (2, 3):
        p = _trained(classifier, n_rooms).predict_proba(x)
        expect(p.shape == (len(x), n_rooms), f"the shape {(len(x), n_rooms)}", p.shape)
        expect(np.isfinite(p).all() and p.min() >= 0, "numbers of at least 0", p.min())
        expect(np.allclose(p.sum(axis=1), 1), "rows that sum to 1", p.sum(axis=1))


def check_learns(classifier: Any) -> None:
    """Expect the room of a training frame to be likeliest for most of them."""
    x, y, _ = make_vectors()
    model = _trained(classifier)
    right = float(np.mean(model.classes_[model.predict_proba(x).argmax(axis=1)] == y))
    expect(right > 0.8, "more than 0.8 of the training frames right", right)


def check_alone(classifier: Any) -> None:
    """Expect a frame's probabilities to be the same alone as among others, in any order."""
    x, _, _ = make_vectors()
    model = _trained(classifier)
    together = model.predict_proba(x)
    alone = np.concatenate([model.predict_proba(row[None]) for row in x[::-1]])[::-1]
    worst = float(np.abs(together - alone).max())
    expect(worst < 1e-6, "the same probabilities for a frame alone", f"{worst:g} apart")


def check_training_repeats(classifier: Any) -> None:
    """Expect two trainings with one seed to give the same probabilities."""
    x, _, _ = make_vectors()
    x = np.concatenate([x, (x + np.roll(x, 12, axis=0)) / 2])  # rooms, and halves of two
    a, b = (_trained(classifier).predict_proba(x) for _ in range(2))
    expect(np.array_equal(a, b), "the same probabilities after the same training", "others")


def check_leaves_data(classifier: Any) -> None:
    """Expect training and asking to work on read-only arrays and leave them as they were."""
    x, y, groups = make_vectors()
    before = x.copy()
    for array in (x, y, groups):
        array.flags.writeable = False
    fit_calibrated(classifier, TrainingSet(x, y, groups, (slice(0, x.shape[1]),)), 0).predict_proba(
        x
    )
    expect(np.array_equal(before, x), "unchanged vectors", "changed ones")


def check_clone(classifier: Any) -> None:
    """Expect ``clone`` to keep the parameters, and training to leave them alone."""
    copy = clone(classifier)
    expect(repr(copy) == repr(classifier), repr(classifier), repr(copy))
    x, y, _ = make_vectors()
    copy.fit(x, y)
    expect(repr(copy) == repr(classifier), f"{classifier!r} after training", repr(copy))


def check_threads(classifier: Any) -> None:
    """Expect four threads at once to get what one gets alone."""
    x, _, _ = make_vectors()
    model = _trained(classifier)
    alone = [model.predict_proba(row[None]) for row in x]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda row: model.predict_proba(row[None]), x))
    same = all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    expect(same, "the same probabilities from four threads at once", "other ones")


CHECKS: tuple[Check, ...] = (
    check_fit,
    check_probabilities,
    check_learns,
    check_alone,
    check_training_repeats,
    check_leaves_data,
    check_clone,
    check_threads,
)


def _trained(classifier: Any, n_rooms: int = 3) -> Any:
    x, y, groups = make_vectors()
    keep = np.isin(y, [f"room{i}" for i in range(n_rooms)])
    return fit_calibrated(
        classifier, TrainingSet(x, y, groups, (slice(0, x.shape[1]),)).rows(keep), 0
    )
