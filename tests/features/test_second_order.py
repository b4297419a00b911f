"""Second-order pooling against scipy's matrix square root, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from robotvision.features.second_order import length, second_order


def matrix(vector, n):
    """Return the symmetric matrix that a vector of `second_order` stands for."""
    full = np.zeros((n, n))
    rows, columns = np.triu_indices(n)
    full[rows, columns] = np.where(rows == columns, vector, vector / np.sqrt(2))
    return full + np.triu(full, 1).T


@pytest.mark.parametrize(("channels", "places"), [(5, 40), (40, 5), (12, 12), (1, 3), (3, 1)])
def test_agrees_with_scipy(channels, places):
    """The root of the mean products, whichever of channels and places are more."""
    answers = np.random.default_rng(1).normal(size=(channels, places)).astype(np.float32)
    root = np.real(sqrtm(answers.astype(float) @ answers.T / places))
    vector = second_order(answers)
    assert vector.shape == (length(channels),)
    expected = root / np.linalg.norm(root)
    np.testing.assert_allclose(matrix(vector, channels), expected, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_places_and_brightness_do_not_matter(seed, gain):
    """Where in the image channels answer, and by how much all of them, changes nothing."""
    rng = np.random.default_rng(seed)
    answers = rng.normal(size=(6, 30)).astype(np.float32)
    elsewhere = (gain * answers[:, rng.permutation(30)]).astype(np.float32)
    np.testing.assert_allclose(second_order(elsewhere), second_order(answers), atol=1e-5)


def test_tells_apart_what_means_cannot():
    """Two channels that answer at the same places, or at others: the means are alike."""
    together = np.array([[1, 0, 1, 0], [1, 0, 1, 0]], np.float32)
    apart = np.array([[1, 0, 1, 0], [0, 1, 0, 1]], np.float32)
    np.testing.assert_array_equal(together.mean(axis=1), apart.mean(axis=1))
    assert second_order(together) @ second_order(apart) == pytest.approx(np.sqrt(0.5), abs=1e-6)


def test_silence_is_zero():
    """Where nothing answers the vector is zero, not NaN."""
    for shape in ((3, 8), (8, 3)):
        assert not second_order(np.zeros(shape, np.float32)).any()
