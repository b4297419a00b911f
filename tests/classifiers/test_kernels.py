"""χ² and intersection agree with scikit-learn and with their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import additive_chi2_kernel, chi2_kernel, euclidean_distances

from robotvision.classifiers.kernels import Bank, pairs
from tests.fixtures.examples import examples


def histograms(n, d, share=1.0, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, d)) ** 4
    x[rng.random(x.shape) > share] = 0
    x[-1] = 0
    return (x / np.maximum(x.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)


@examples(25)
@given(
    n=st.integers(2, 40),
    d=st.integers(1, 300),
    share=st.floats(0, 1),
    gamma=st.floats(0.1, 3),
    seed=st.integers(0, 99),
)
def test_chi2_kernel(n, d, share, gamma, seed):
    """The kernel is scikit-learn's within 1e-6: dense, sparse, empty; one row or all pairs."""
    x = histograms(n, d, share, seed)
    expected = chi2_kernel(x.astype(np.float64), gamma=gamma)
    np.testing.assert_allclose(np.exp(-gamma * pairs(x, "chi2")), expected, atol=1e-6)
    bank = Bank(x, "chi2")
    rows = np.array([bank.row(v) for v in x])
    np.testing.assert_allclose(np.exp(-gamma * rows), expected, atol=1e-6)


def test_large_histograms():
    """Long vectors that do not sum to 1 lose no digits that matter."""
    x = 50 * histograms(60, 5000)
    expected = -additive_chi2_kernel(x.astype(np.float64))
    np.testing.assert_allclose(pairs(x, "chi2"), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("measure", ["dot", "squared", "chi2", "min"])
@pytest.mark.parametrize("share", [1.0, 0.2])
def test_definitions(measure, share):
    """Each measure is what its name says."""
    x = histograms(30, 90, share)
    wide = x.astype(np.float64)
    expected = {
        "dot": wide @ wide.T,
        "squared": euclidean_distances(wide, squared=True),
        "chi2": -additive_chi2_kernel(wide),
        "min": np.minimum(wide[:, None], wide).sum(axis=2),
    }[measure]
    found = pairs(x, measure)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found, found.T)
    bank = Bank(x, measure)
    for i in range(len(x)):
        np.testing.assert_allclose(bank.row(x[i]), expected[i], atol=1e-6)


def test_near_copies():
    """Of a frame and its near-copies, the small distances keep their digits."""
    x = histograms(20, 300, 0.3)[:1]
    near = (x + np.float32(1e-4) * histograms(40, 300, 0.5, seed=1)).astype(np.float32)
    expected = -additive_chi2_kernel(x.astype(np.float64), near.astype(np.float64))[0]
    np.testing.assert_allclose(Bank(near, "chi2").row(x[0]), expected, rtol=1e-5, atol=1e-12)


def test_nearest_is_the_least_of_each_row():
    """Many at once, in blocks, give what one after the other gives."""
    rng = np.random.default_rng(5)
    bank = Bank(rng.normal(3, 1, (700, 12)).astype(np.float32), "squared")
    x = rng.normal(3, 1, (3000, 12)).astype(np.float32)
    least = [bank.row(v).min() for v in x[:50]]
    np.testing.assert_allclose(bank.nearest(x)[:50], least, rtol=1e-4)
    assert len(bank.nearest(x)) == 3000
    with pytest.raises(ValueError, match="expected squared distances, got 'dot'"):
        Bank(x, "dot").nearest(x)
