"""The SVM is scikit-learn's, asked faster; what it cannot take it says."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import chi2_kernel, linear_kernel, rbf_kernel
from sklearn.svm import SVC

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.base import mean_and_scale
from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.forest import RandomForest
from robotvision.classifiers.knn import KNN
from robotvision.classifiers.linear import LogisticRegression
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.testing.classifiers import make_vectors


def minimum_kernel(a, b):
    return np.minimum(a[:, None].astype(float), b).sum(axis=2)


KERNELS = {
    "chi2": lambda a, b: chi2_kernel(a.astype(float), b.astype(float), gamma=2.0),
    "intersection": minimum_kernel,
    "rbf": lambda a, b: rbf_kernel(a.astype(float), b.astype(float), gamma=2.0),
    "linear": lambda a, b: linear_kernel(a.astype(float), b.astype(float)),
}


@pytest.fixture(scope="module")
def data():
    x, y, _ = make_vectors(n_rooms=4)
    new, _, _ = make_vectors(n_rooms=4, visits=2, frames=7)
    return x, y, new


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_vs_one_is_svc(kernel, data):
    """Decisions are those of SVC on the precomputed kernel."""
    x, y, new = data
    model = SVM(kernel, C=5.0, gamma=2.0, multiclass="one_vs_one").fit(x, y)
    svc = SVC(C=5.0, kernel="precomputed", decision_function_shape="ovo")
    svc.fit(KERNELS[kernel](x, x), y)
    expected = svc.decision_function(KERNELS[kernel](new, x))
    np.testing.assert_allclose(model.decision_function(new), expected, atol=2e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_vs_all_is_svc(kernel, data):
    """Each column is a two-class SVC on the precomputed kernel."""
    x, y, new = data
    model = SVM(kernel, C=5.0, gamma=2.0).fit(x, y)
    for i, room in enumerate(model.classes_):
        svc = SVC(C=5.0, kernel="precomputed").fit(KERNELS[kernel](x, x), y == room)
        expected = svc.decision_function(KERNELS[kernel](new, x))
        np.testing.assert_allclose(model.decision_function(new)[:, i], expected, atol=2e-3)


def test_exact_on_one_kernel(data):
    """On the very same kernel matrix, decisions agree to rounding: only the kernel is ours."""
    x, y, _ = data
    model = SVM(gamma=2.0, multiclass="one_vs_one").fit(x, y)
    kernel = model._training_kernel(x)
    svc = SVC(C=10.0, kernel="precomputed", decision_function_shape="ovo").fit(kernel, y)
    np.testing.assert_allclose(
        kernel[:, model.support_] @ model.coef_ + model.bias_,
        svc.decision_function(kernel),
        atol=1e-10,
    )


def test_gamma_auto(data):
    """Auto is one over the mean distance between different training vectors."""
    x, y, _ = data
    distances = -np.log(chi2_kernel(x.astype(float), gamma=1.0))
    mean = distances[~np.eye(len(x), dtype=bool)].mean()
    assert SVM().fit(x, y).gamma_ == pytest.approx(1 / mean, rel=1e-4)


@pytest.mark.parametrize("multiclass", ["one_vs_all", "one_vs_one"])
def test_two_rooms(multiclass, data):
    """With two rooms the decision is SVC's, positive for the second."""
    x, y, new = data
    two = np.isin(y, ["room1", "room3"])
    model = SVM(gamma=2.0, multiclass=multiclass).fit(x[two], y[two])
    svc = SVC(C=10.0, kernel="precomputed").fit(KERNELS["chi2"](x[two], x[two]), y[two])
    expected = svc.decision_function(KERNELS["chi2"](new, x[two]))
    np.testing.assert_allclose(model.decision_function(new)[:, 0], expected, atol=2e-3)
    assert list(model.predict(x[two])) == list(svc.predict(KERNELS["chi2"](x[two], x[two])))


def test_forest_is_scikit_learns(data):
    """Walking all trees at once gives scikit-learn's probabilities."""
    from sklearn.ensemble import RandomForestClassifier

    x, y, new = data
    model = RandomForest(n_trees=15, random_state=4).fit(x, y)
    peer = RandomForestClassifier(15, random_state=4).fit(x, y)
    found = np.array([model.votes(v) for v in new])
    np.testing.assert_allclose(found, peer.predict_proba(new), atol=1e-12)


def test_neighbours_are_scikit_learns(data):
    """The raw votes are those of KNeighborsClassifier."""
    from sklearn.neighbors import KNeighborsClassifier

    x, y, new = data
    for weights in ("distance", "uniform"):
        model = KNN(k=4, weights=weights).fit(x, y)
        peer = KNeighborsClassifier(4, weights=weights).fit(x.astype(float), y)
        np.testing.assert_allclose(
            model.predict_proba(new), peer.predict_proba(new), atol=5e-3
        )  # rooms without a vote keep a thousandth


def test_regression_is_scikit_learns(data):
    """Folding standardisation into the weights changes nothing."""
    from sklearn.linear_model import LogisticRegression as Peer

    x, y, new = data
    mean, scale = mean_and_scale(x)
    peer = Peer(C=0.1, max_iter=500).fit((x - mean) / scale, y)
    found = LogisticRegression().fit(x, y).predict_proba(new)
    np.testing.assert_allclose(found, peer.predict_proba((new - mean) / scale), atol=1e-6)


def test_scale():
    """A feature that hardly varies is not blown up; equal ones are brought to deviation 1."""
    x = np.random.default_rng(0).normal(5, [2, 2, 2, 1e-6], (500, 4)).astype(np.float32)
    mean, scale = mean_and_scale(x)
    deviations = ((x - mean) / scale).std(axis=0)
    assert deviations[:3] == pytest.approx(1, abs=0.1)
    assert deviations[3] < 1e-5
    assert mean_and_scale(np.ones((3, 2), np.float32))[1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "params", "remedy"),
    [
        ("svm", {"kernel": "chi2"}, "use histograms, or the kernel 'rbf' or 'linear'"),
        ("svm", {"kernel": "intersection"}, "use histograms, or the kernel 'rbf' or 'linear'"),
        ("knn", {"metric": "chi2"}, "use histograms, or the metric 'euclidean' or 'cosine'"),
    ],
)
def test_negative_features(name, params, remedy, data):
    """Negative numbers are refused where histograms are needed, naming the feature at fault."""
    x, y, _ = data
    x = x.copy()
    x[5, 20] = -0.25
    groups = np.arange(len(x)) // 6
    training = TrainingSet(x, y, groups, (slice(0, 16), slice(16, 24)))
    with pytest.raises(RobotVisionError) as e:
        fit_calibrated(CLASSIFIERS.create(name, params), training, 0)
    assert "got -0.25 in vector 5, number 20 (feature 2 of 2); " + remedy in str(e.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value, data):
    """NaN and infinity are refused in training and in a frame, with their place."""
    x, y, new = data
    model = fit_calibrated(SVM(), TrainingSet(x, y, np.arange(len(x)) // 6), 0)
    x, new = x.copy(), new.copy()
    x[3, 7] = new[0, 2] = value
    with pytest.raises(
        RobotVisionError, match=r"got 1 that are NaN .* \(first: vector 3, number 7"
    ):
        fit_calibrated(SVM(), TrainingSet(x, y, np.arange(len(x)) // 6), 0)
    with pytest.raises(RobotVisionError, match=r"first: vector 0, number 2\); mend the extractor"):
        model.predict_proba(new[:1])


def test_other_length(data):
    """A vector of another length than in training is refused."""
    x, y, _ = data
    with pytest.raises(RobotVisionError, match="trained on vectors of 24 numbers, got 23"):
        SVM().fit(x, y).predict_proba(x[:, 1:])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kernel": "chi"}, "classifier 'svm': kernel: expected one of .*did you mean 'chi2'"),
        ({"C": 0}, "C: expected a number above 0, got 0"),
        ({"gamma": "scale"}, "gamma: expected a number above 0, got 'scale'"),
        ({"standardize": True}, "standardize: expected false with the kernel 'chi2'"),
        ({"c": 1}, "no parameter 'c'; did you mean 'C'"),
    ],
)
def test_refused_parameters(params, message):
    """A parameter that cannot work is refused by name."""
    with pytest.raises(RobotVisionError, match=message):
        CLASSIFIERS.create("svm", params)
