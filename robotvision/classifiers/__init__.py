"""Place classifiers by name. See `robotvision.classifiers.base` for the contract.

Any scikit-learn classifier works by its dotted name: ``sklearn.naive_bayes.GaussianNB``.
"""

from typing import TYPE_CHECKING

from robotvision.plugins.lazy import lazy_names
from robotvision.plugins.registry import Registry

if TYPE_CHECKING:
    from robotvision.classifiers import numbered as numbered

CLASSIFIERS = Registry(
    "classifier",
    {
        "svm": "robotvision.classifiers.svm:SVM",
        "knn": "robotvision.classifiers.knn:KNN",
        "random_forest": "robotvision.classifiers.forest:RandomForest",
        "logistic_regression": "robotvision.classifiers.linear:LogisticRegression",
        "linear_svm": "robotvision.classifiers.linear:LinearSVM",
        "retrieval": "robotvision.classifiers.retrieval:Retrieval",
        "lda": "robotvision.classifiers.discriminant:LinearDiscriminant",
        "ridge": "robotvision.classifiers.ridge:Ridge",
        "prototype": "robotvision.classifiers.prototype:Prototype",
        "nearest_patches": "robotvision.classifiers.nearest_patches:NearestPatches",
        "log_pool": "robotvision.classifiers.log_pool:LogPool",
        "one_vs_all": "robotvision.classifiers.one_vs_all:OneVsAll",
        "mlp": "robotvision.classifiers.mlp:MLP",
    },
    group="robotvision.classifiers",
)

INTEGRATIONS = ("concatenation", "average", "weights", "accumulation")
"""How several features become one answer; see `robotvision.classifiers.integration`."""

register = CLASSIFIERS.register

__all__ = ["CLASSIFIERS", "INTEGRATIONS", "register"]

__getattr__, __dir__ = lazy_names(__name__, CLASSIFIERS.classes(), packages=("numbered",))
"""Each class by its own name, too: ``robotvision.classifiers.SVM``."""
