"""Rooms never seen: told from known ones, with a threshold that training rooms chose."""

from functools import partial

import numpy as np
import pytest

from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.recogniser.unknown import METHODS, UnknownDetector, roc
from robotvision.testing.classifiers import make_vectors


def train(training):
    return fit_calibrated(SVM(), training, 0)


@pytest.mark.parametrize("method", METHODS)
def test_detects(method):
    """Frames of a room left out lie above the threshold more often than those of known rooms."""
    x, y, groups = make_vectors(n_rooms=6, visits=4, frames=6)
    seen = y != "room5"
    last = groups >= 18
    rows = seen & ~last
    training = TrainingSet(x, y, groups).rows(rows)
    model = train(training)
    detector = UnknownDetector(method).fit(train, training, 0)
    said = np.array(
        [detector.is_unknown(p, v) for p, v in zip(model.predict_proba(x), x, strict=True)]
    )
    assert detector.roc_.area > 0.7
    assert said[~seen].mean() > said[seen & last].mean() + 0.4


def test_roc_by_hand():
    """Known 0.1 0.4, unknown 0.3 0.9: three of four pairs lie the right way round."""
    curve = roc([np.array([0.1, 0.4])], [np.array([0.3, 0.9])])
    np.testing.assert_allclose(curve.false_alarms, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(curve.hits, [0, 0.5, 0.5, 1, 1])
    assert curve.area == pytest.approx(0.75)


def test_rooms_weigh_alike():
    """A room of many frames does not count for more than one of few."""
    curve = roc([np.zeros(1), np.ones(99)], [np.full(3, 0.5)])
    at = int(np.argmax(curve.hits > 0))
    assert curve.false_alarms[at] == pytest.approx(0.5)


def test_share_moves_the_threshold():
    """The more unknown frames are to be expected, the sooner unknown is said."""
    x, y, groups = make_vectors(n_rooms=4, frames=6)
    fit = partial(UnknownDetector.fit, train=train, training=TrainingSet(x, y, groups), seed=0)
    rare, common = (fit(UnknownDetector(share=s)).threshold_ for s in (0.02, 0.98))
    assert common <= rare


def test_two_rooms():
    """With two rooms nothing can be left out, and the message says what to do."""
    x, y, groups = make_vectors(n_rooms=2)
    with pytest.raises(RobotVisionError, match="at least three training rooms, got 2"):
        UnknownDetector().fit(train, TrainingSet(x, y, groups), 0)
