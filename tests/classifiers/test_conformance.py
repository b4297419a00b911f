"""Every classifier shipped here keeps the contract; so does scikit-learn by dotted name."""

from typing import Any

import pytest

from robotvision.classifiers import CLASSIFIERS
from robotvision.testing.classifiers import checks

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("svm", {}),
    ("svm", {"kernel": "intersection", "balanced": True}),
    ("svm", {"kernel": "rbf", "standardize": True, "multiclass": "one_vs_one"}),
    ("svm", {"kernel": "linear", "C": 1.0}),
    ("knn", {}),
    ("knn", {"metric": "chi2", "k": 1}),
    ("knn", {"metric": "cosine", "weights": "uniform"}),
    ("knn", {"metric": "intersection", "k": 1000}),
    ("random_forest", {"n_trees": 20}),
    ("random_forest", {"n_trees": 20, "max_depth": 3, "max_features": 0.5, "balanced": True}),
    ("logistic_regression", {}),
    ("linear_svm", {}),
    ("retrieval", {}),
    ("retrieval", {"places": 2, "place_frames": 3}),
    ("ridge", {}),
    ("ridge", {"alpha": 10.0, "balanced": False}),
    ("lda", {}),
    ("lda", {"shrinkage": 1.0, "balanced": True}),
    ("prototype", {}),
    ("prototype", {"per_room": 3, "cosine": False}),
    ("nearest_patches", {"channels": 6}),
    ("nearest_patches", {"channels": 4, "patches": 40, "axes": 2, "votes": "distance"}),
    ("log_pool", {"last_numbers": 8}),
    ("log_pool", {"last": {"name": "nearest_patches", "channels": 4}, "last_numbers": 8}),
    ("one_vs_all", {}),
    ("one_vs_all", {"base": "knn", "params": {"k": 3}}),
    ("mlp", {"hidden": [16], "epochs": 6, "learning_rate": 0.03}),
    ("mlp", {"hidden": [], "epochs": 6, "balanced": True, "learning_rate": 0.05}),
    ("sklearn.naive_bayes.GaussianNB", {}),
    ("sklearn.svm.LinearSVC", {}),
]


@pytest.mark.parametrize(
    ("classifier", "check"), checks(CLASSIFIERS.create(name, params) for name, params in VARIANTS)
)
def test_conforms(classifier, check):
    """Each classifier passes each check."""
    check(classifier)
