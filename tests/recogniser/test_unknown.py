"""Rooms never seen: told from known ones, with a threshold that training rooms chose."""

from functools import partial

import numpy as np
import pytest

from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.recogniser.unknown import METHODS, AnswerRule, UnknownDetector, _third, roc
from robotvision.tasks.model import RoomPoints
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
    rare, common = (fit(UnknownDetector("entropy", s)).threshold_ for s in (0.02, 0.98))
    assert common <= rare


def test_the_threshold_earns_most_of_all_on_rooms_left_out():
    """No other threshold would be expected to earn more, reckoned frame by frame."""
    x, y, groups = make_vectors(n_rooms=5, visits=3, frames=6)
    training, share = TrainingSet(x, y, groups), 0.2
    detector = UnknownDetector("max_probability", share).fit(train, training, 0)
    numbers = np.unique(y, return_inverse=True)[1]
    rule = AnswerRule.of(RoomPoints())
    known, strange = [], []
    for room in range(5):
        fold = _third(training, numbers, room, room)
        assert not set(numbers[fold.train]) & {room}
        assert not set(fold.train) & set(fold.test)
        model = train(training.rows(fold.train))
        for rows, into in ((fold.test, known), (np.flatnonzero(numbers == room), strange)):
            p = model.predict_proba(x[rows])
            is_right = model.classes_[p.argmax(axis=1)] == y[rows]
            into.append((1 - p.max(axis=1), rule.earned(p, is_right)))

    def expected(threshold):
        loss = np.mean([np.where(s > threshold, -0.5 - e, 0).mean() for s, e in known])
        gain = np.mean([np.where(s > threshold, 1 - e, 0).mean() for s, e in strange])
        return (1 - share) * loss + share * gain, loss, gain

    best = max(expected(t)[0] for t in np.linspace(0, 1, 500))
    got, loss, gain = expected(detector.threshold_)
    assert got >= best - 1e-9
    stake = detector.stake_
    np.testing.assert_allclose([stake.expected, stake.known, stake.unknown], [got, loss, gain])


def test_what_an_answer_earns_by_hand():
    """Right, wrong, and too unsure to be given."""
    rule = AnswerRule(RoomPoints(correct=1, wrong=-0.5, unanswered=0), 1 / 3)
    p = np.array([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_array_equal(rule.earned(p, np.array([True, False, True])), [1, -0.5, 0])
    never = AnswerRule(RoomPoints(), 0.0)
    np.testing.assert_array_equal(never.earned(p, np.array([True, False, True])), [1, -0.5, 1])


def test_a_third_leaves_all_visits_of_a_room_to_train_on():
    """A third of each room in a row, the frames beside it left out, its views with each frame."""
    y = np.repeat(["a", "b", "c"], 40)
    training = TrainingSet(np.zeros((240, 2), np.float32), np.repeat(y, 2), np.zeros(240), (), 2)
    numbers = np.unique(training.y, return_inverse=True)[1]
    fold = _third(training, numbers, 0, 1)
    np.testing.assert_array_equal(fold.test // 2, [*range(53, 66), *range(93, 106)])
    assert (fold.test % 2 == 0).all()
    assert not {51, 52, 66, 67} & set(fold.train // 2)
    assert {50, 68, 91 - 1, 108} <= set(fold.train // 2)


def test_the_method_that_wins_most_is_chosen():
    """Of the three, the one whose threshold is expected to win most on rooms left out."""
    x, y, groups = make_vectors(n_rooms=5, visits=3, frames=6)
    fit = partial(UnknownDetector.fit, train=train, training=TrainingSet(x, y, groups), seed=0)
    each = {m: fit(UnknownDetector(m)) for m in METHODS}
    chosen = fit(UnknownDetector())
    best = max(METHODS, key=lambda m: each[m].stake_.expected)
    assert chosen.method_ == best
    assert chosen.threshold_ == each[best].threshold_
    assert chosen.stake_ == each[best].stake_
    frame = np.full(5, 0.2), x[3]
    assert chosen.score(*frame) == each[best].score(*frame)


def test_a_detector_from_before_keeps_its_method():
    """A state without what is new answers by the method it was given."""
    x, y, groups = make_vectors(n_rooms=4, frames=6)
    old = UnknownDetector("entropy").fit(train, TrainingSet(x, y, groups), 0)
    state = {k: v for k, v in old.__getstate__().items() if k not in {"method_", "stake_"}}
    again = UnknownDetector.__new__(UnknownDetector)
    again.__setstate__(state)
    assert again.score(np.full(4, 0.25), x[0]) == old.score(np.full(4, 0.25), x[0])


def test_only_distance_needs_the_training_vectors():
    """A detector by probabilities holds no copy of what was trained on."""
    x, y, groups = make_vectors(n_rooms=4, frames=6)
    fit = partial(UnknownDetector.fit, train=train, training=TrainingSet(x, y, groups), seed=0)
    assert fit(UnknownDetector("entropy")).bank_ is None
    assert len(fit(UnknownDetector("distance")).bank_) == len(x)


def test_two_rooms():
    """With two rooms nothing can be left out, and the message says what to do."""
    x, y, groups = make_vectors(n_rooms=2)
    with pytest.raises(RobotVisionError, match="at least three training rooms, got 2"):
        UnknownDetector().fit(train, TrainingSet(x, y, groups), 0)
