"""Linear discriminant analysis against scikit-learn's."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from robotvision.classifiers import CLASSIFIERS
from robotvision.errors import RobotVisionError


@pytest.mark.parametrize("shrinkage", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("balanced", [False, True])
def test_agrees_with_scikit_learn(shrinkage: float, balanced: bool) -> None:
    """The same probabilities, with more numbers than frames and rooms of unequal share."""
    rng = np.random.default_rng(3)
    y = np.repeat(["a", "b", "c"], [30, 15, 5])
    x = (rng.normal(size=(50, 80)) + 2 * (y == "b")[:, None]).astype(np.float32)
    own = CLASSIFIERS.create("lda", {"shrinkage": shrinkage, "balanced": balanced}).fit(x, y)
    priors = np.full(3, 1 / 3) if balanced else None
    reference = LinearDiscriminantAnalysis("lsqr", shrinkage=shrinkage, priors=priors)
    expected = reference.fit(x.astype(np.float64), y).predict_proba(x.astype(np.float64))
    np.testing.assert_allclose(own.predict_proba(x), expected, atol=1e-6)


def test_looks_past_what_varies_within_every_room() -> None:
    """A direction that varies everywhere, as the light does, counts for little."""
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 200)
    room, light = np.where(y == "a", -1.0, 1.0), rng.normal(0, 20, 400)
    x = np.stack([room + light, light], axis=1).astype(np.float32)
    fitted = CLASSIFIERS.create("lda", {"shrinkage": 1e-4}).fit(x, y)
    assert (fitted.predict(x) == y).mean() == 1.0
    assert (
        CLASSIFIERS.create("prototype", {"cosine": False}).fit(x, y).predict(x) == y
    ).mean() < 0.7


@pytest.mark.parametrize("shrinkage", [0, 1.5, "half"])
def test_refuses_shrinkage(shrinkage: object) -> None:
    """A share outside (0, 1] is one line that names the parameter."""
    with pytest.raises(
        RobotVisionError, match="shrinkage: expected a number above 0 and at most 1"
    ):
        CLASSIFIERS.create("lda", {"shrinkage": shrinkage})
