"""Cues put together: every way answers, and each does what it says."""

import numpy as np
import pytest

from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.integration import INTEGRATIONS, fit_integrated
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import UnknownNameError
from robotvision.testing.classifiers import make_vectors

BLOCKS = (slice(0, 16), slice(16, 24))


@pytest.fixture(scope="module")
def data():
    return make_vectors(visits=5)


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_answers(integration, data):
    """Each way gives probabilities, right for nearly all training frames, the same twice."""
    x, y, groups = data
    model, again = (
        fit_integrated(SVM(), integration, TrainingSet(x, y, groups, BLOCKS), 3) for _ in range(2)
    )
    p = model.predict_proba(x)
    assert list(model.classes_) == ["room0", "room1", "room2"]
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert np.mean(model.classes_[p.argmax(axis=1)] == y) > 0.9
    np.testing.assert_array_equal(p, again.predict_proba(x))
    np.testing.assert_array_equal(p[7:8], model.predict_proba(x[7:8]))


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_one_cue_is_concatenation(integration, data):
    """With a single cue there is nothing to integrate."""
    x, y, groups = data
    one = fit_integrated(SVM(), integration, TrainingSet(x, y, groups, (slice(0, 24),)), 0)
    plain = fit_calibrated(SVM(), TrainingSet(x, y, groups), 0)
    np.testing.assert_array_equal(one.predict_proba(x), plain.predict_proba(x))


@pytest.mark.parametrize("integration", ["weights", "accumulation"])
def test_noise_does_not_count(integration, data):
    """A learnt integration does not suffer from a cue of pure noise."""
    x, y, groups = data
    noise = np.random.default_rng(0).random((len(x), 16)).astype(np.float32)
    cues, blocks = np.concatenate([x, noise], axis=1), (slice(0, 24), slice(24, 40))
    new, truth, _ = make_vectors(visits=6)
    clean = fit_calibrated(SVM(), TrainingSet(x, y, groups), 0).predict_proba(new)
    other = np.random.default_rng(1).random((len(new), 16)).astype(np.float32)
    model = fit_integrated(SVM(), integration, TrainingSet(cues, y, groups, blocks), 0)
    p = model.predict_proba(np.concatenate([new, other], axis=1))
    right = float(np.mean(model.classes_[p.argmax(axis=1)] == truth))
    assert right >= float(np.mean(model.classes_[clean.argmax(axis=1)] == truth)) - 0.02
    if integration == "weights":
        assert model.weights[1] < 0.2 * model.weights[0]


def test_unknown_name(data):
    """A misspelt integration is refused with the near name."""
    x, y, groups = data
    with pytest.raises(UnknownNameError, match="did you mean 'average'"):
        fit_integrated(SVM(), "avarage", TrainingSet(x, y, groups, BLOCKS), 0)
