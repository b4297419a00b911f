"""A pool of two classifiers: each sees its own features, and their logarithms are averaged."""

import numpy as np
import pytest

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.base import softmax
from robotvision.classifiers.calibration import fit_calibrated, fit_temperature
from robotvision.classifiers.folds import held_out
from robotvision.classifiers.integration import fit_integrated
from robotvision.classifiers.log_pool import LogPool
from robotvision.classifiers.ridge import Ridge
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.recogniser.objects import fit_objects
from robotvision.tasks import load_task
from robotvision.testing.classifiers import make_vectors

BLOCKS = (slice(0, 10), slice(10, 16), slice(16, 24))
PATCHES = {"name": "nearest_patches", "channels": 4, "patches": 100}


@pytest.fixture(scope="module")
def data():
    return make_vectors(visits=4)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_is_the_mean_of_logarithms(data, share):
    """The scores are those of the two classifiers, calibrated each and averaged."""
    x, y, groups = data
    new = make_vectors(visits=5)[0]
    training = TrainingSet(x, y, groups, BLOCKS)
    pool = fit_calibrated(LogPool({"name": "ridge", "alpha": 2}, PATCHES, share), training, 0)
    numbers = np.unique(y, return_inverse=True)[1]
    folds = held_out(numbers, groups, 0).folds
    expected = np.zeros((len(new), 3))
    for (name, given), cut, power in (
        (("ridge", {"alpha": 2}), slice(0, 16), 1 - share),
        (("nearest_patches", {"channels": 4, "patches": 100}), slice(16, 24), share),
    ):
        alone = CLASSIFIERS.create(name, given)
        scores = alone.fit_held_out(x[:, cut], y, folds)
        temperature = fit_temperature(scores, numbers, len(folds))
        expected += power * np.log(softmax(alone.scores(new[:, cut]) / temperature))
    np.testing.assert_allclose(pool.classifier.scores(new), expected, atol=1e-6)


def test_held_out_rows_are_of_folds_alone(data):
    """Of noise it knows its training rows by heart, and held-out scores do not show that."""
    x, y, groups = data
    noise = np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    folds = held_out(np.unique(y, return_inverse=True)[1], groups, 0).folds
    pool = LogPool(last={"name": "knn", "k": 1}, last_numbers=8)
    scores = pool.fit_held_out(noise, y, folds)
    assert np.mean(pool.predict(noise) == y) > 0.9
    assert np.mean(pool.classes_[scores.argmax(axis=1)] == y) < 0.6


def test_noise_hardly_counts(data):
    """Calibrated first, a feature of pure noise does not drown the others."""
    x, y, groups = data
    noise = np.random.default_rng(1).normal(size=(len(x), 8)).astype(np.float32)
    both, is_new = np.concatenate([x, noise], axis=1), groups >= 9
    blocks = (slice(0, 24), slice(24, 32))
    training = TrainingSet(both[~is_new], y[~is_new], groups[~is_new], blocks)
    model = fit_integrated(LogPool(last=PATCHES), "concatenation", training, 0)
    p = model.predict_proba(both[is_new])
    assert np.mean(model.classes_[p.argmax(axis=1)] == y[is_new]) == 1


def test_objects_are_told_by_the_others_alone(data):
    """Without a share the last feature is not looked at: the other classifier's probabilities."""
    x, y, groups = data
    light = LogPool(last=PATCHES).for_objects()
    model = fit_calibrated(light, TrainingSet(x, y, groups, BLOCKS), 0)
    plain = fit_calibrated(Ridge(), TrainingSet(x[:, :16], y, groups), 0)
    changed = np.concatenate([x[:, :16], x[:, 16:] + 9], axis=1)
    np.testing.assert_allclose(
        model.predict_proba(changed), plain.predict_proba(x[:, :16]), atol=1e-4
    )
    task = load_task("imageclef2014")
    objects = np.repeat((y == "room0")[:, None], len(task.objects), axis=1)
    training = TrainingSet(x, y, groups, BLOCKS, objects=objects)
    recogniser = fit_objects(LogPool(last=PATCHES), "concatenation", task, training, 0)
    assert {len(c.classifier.members_) for c in recogniser.classifiers} == {1}


def test_model_file(data, tmp_path):
    """Saved and loaded, it gives the same probabilities; no class has to be trusted."""
    x, y, groups = data
    model = fit_calibrated(LogPool(last=PATCHES), TrainingSet(x, y, groups, BLOCKS), 0)
    path = tmp_path / "pool.rvmodel"
    save_model(path, {"classifier": model}, {"task": "rooms"})
    again = load_model(path)[0]["classifier"]
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))


def test_needs_two_features(data):
    """With one feature there is no last one beside others: a line says what is wanted."""
    x, y, groups = data
    for integration, blocks in (("concatenation", (slice(0, 24),)), ("average", BLOCKS)):
        with pytest.raises(RobotVisionError, match="expected at least two features"):
            fit_integrated(LogPool(), integration, TrainingSet(x, y, groups, blocks), 0)


def test_each_classifier_checks_its_own_features(data):
    """Patches that are not whole are told of the last feature, not of the joined vector."""
    x, y, groups = data
    pool = LogPool(last={"name": "nearest_patches", "channels": 5})
    with pytest.raises(RobotVisionError, match="whole patches of 5 numbers, got 8"):
        fit_calibrated(pool, TrainingSet(x, y, groups, BLOCKS), 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 1.0}, "share: expected"),
        ({"share": -0.1}, "share: expected"),
        ({"last": {"k": 3}}, "last: expected a classifier's name"),
        ({"others": "rigde"}, "did you mean 'ridge'"),
        ({"last": {"name": "knn", "kk": 3}}, "kk"),
        ({"last_numbers": 0}, "last_numbers: expected"),
    ],
)
def test_refuses_parameters(wrong, message):
    """What cannot work is one line that names it."""
    with pytest.raises(RobotVisionError, match=message):
        CLASSIFIERS.create("log_pool", wrong)
