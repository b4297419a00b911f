"""k nearest neighbours: every metric against scikit-learn, and pyramid match by hand."""

import numpy as np
import pytest
from sklearn.metrics import DistanceMetric
from sklearn.metrics.pairwise import additive_chi2_kernel, cosine_distances, euclidean_distances
from sklearn.neighbors import KNeighborsClassifier

from robotvision.classifiers.knn import KNN, METRICS
from robotvision.features.sift_bow import SiftBow
from robotvision.features.vocabulary import nearest
from robotvision.testing.classifiers import make_vectors
from robotvision.testing.features import make_frames

ORACLES = {
    "euclidean": euclidean_distances,
    "cosine": cosine_distances,
    "chi2": lambda a, b: -additive_chi2_kernel(a, b),
    "intersection": lambda a, b: DistanceMetric.get_metric("manhattan").pairwise(a, b) / 2,
}


@pytest.fixture(scope="module")
def data():
    x, y, _ = make_vectors(n_rooms=4)
    new, _, _ = make_vectors(n_rooms=4, visits=2, frames=7)
    return x, y, new


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_scikit_learns(metric, data):
    """The distances to all training frames are those of scikit-learn in double precision."""
    x, y, new = data
    model = KNN(metric=metric).fit(x, y)
    expected = ORACLES[metric](new.astype(np.float64), x.astype(np.float64))
    got = np.array([model.distances(v) for v in new])
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_votes_are_scikit_learns(metric, weights, data):
    """The rooms' shares of the votes are those of scikit-learn's k-NN on the same distances."""
    x, y, new = data
    model = KNN(5, weights, metric).fit(x, y)
    theirs = KNeighborsClassifier(5, weights=weights, metric="precomputed")
    theirs.fit(ORACLES[metric](x.astype(float), x.astype(float)).clip(0), y)
    expected = theirs.predict_proba(ORACLES[metric](new.astype(float), x.astype(float)).clip(0))
    np.testing.assert_allclose(model.predict_proba(new), expected, atol=5e-3)


def test_pyramid_match():
    """On a spatial pyramid, 1 - the distance is the mean of the levels' histogram intersections."""
    frames = make_frames(5)
    bag = SiftBow(words=6, sampling="dense", grids=(1, 2), root=False).fit(frames, "aabba")
    x = np.array([bag.extract(f) for f in frames])
    model = KNN(1, metric="intersection").fit(x[1:], np.array(["a", "b", "b", "a"]))

    def cells(frame):
        local = bag.local(frame)
        word = nearest(local.descriptors, bag.vocabulary_)
        whole = {(w, 0, 0): 0 for w in range(6)}
        quarter = {(w, i, j): 0 for w in range(6) for i in range(2) for j in range(2)}
        for w, y, x_ in zip(word, local.y, local.x, strict=True):
            whole[w, 0, 0] += 1
            quarter[w, int(y >= 45), int(x_ >= 60)] += 1
        return [{k: n / len(word) for k, n in level.items()} for level in (whole, quarter)]

    first = cells(frames[0])
    for frame, distance in zip(frames[1:], model.distances(x[0]), strict=True):
        pairs = zip(first, cells(frame), strict=True)
        match = np.mean([sum(min(a[k], b[k]) for k in a) for a, b in pairs])
        assert 1 - distance == pytest.approx(match, abs=1e-5)
