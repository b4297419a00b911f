"""Student's t by itself: against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from robotvision.scoring.student import MANY, quantile, two_sided

FREEDOM = np.array([1, 1.5, 2, 2.7, 3, 5, 10, 40, 200, 5000])


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_quantiles_agree_with_scipy(level: float) -> None:
    expected = stdtrit(FREEDOM, (1 + level) / 2)
    assert quantile(FREEDOM, level) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_many_quantiles_are_those_of_each(level: float) -> None:
    """They come from a polynomial."""
    freedom = np.concatenate([1 / np.linspace(1e-5, 1, MANY), FREEDOM])
    each = np.array([float(quantile(f, level)) for f in freedom[::50]])
    assert quantile(freedom, level)[::50] == pytest.approx(each, rel=2e-8)
    assert quantile(freedom, level)[-len(FREEDOM) :] == pytest.approx(quantile(FREEDOM, level))


@pytest.mark.parametrize("t", [0, 0.1, 1, 2, 5, 20])
def test_tails_agree_with_scipy(t: float) -> None:
    assert two_sided(t, FREEDOM) == pytest.approx(2 * stdtr(FREEDOM, -t), abs=1e-10)


def test_a_quantile_leaves_its_level_inside() -> None:
    t = quantile(FREEDOM, 0.95)
    assert two_sided(t, FREEDOM) == pytest.approx(np.full(len(FREEDOM), 0.05), abs=1e-9)


@pytest.mark.parametrize("t", [1e2, 1e3, 1e6, 1e12])
def test_far_out_the_tail_is_what_is_left_and_never_below_0(t: float) -> None:
    assert two_sided(t, FREEDOM) == pytest.approx(2 * stdtr(FREEDOM, -t), abs=1e-8)
    few = np.linspace(1, 2, 51)
    assert (two_sided(t, few) >= 0).all()
    assert two_sided(t, few) == pytest.approx(2 * stdtr(few, -t), abs=4e-6)
    many = 10.0 ** np.arange(4, 9)
    assert (two_sided(t, many) >= 0).all()
    assert two_sided(t, many) == pytest.approx(np.zeros(5), abs=1e-7)


def test_degrees_may_be_whole_numbers_of_any_shape() -> None:
    whole = np.array([[1, 2, 3], [5, 10, 40]])
    assert quantile(whole, 0.95) == pytest.approx(stdtrit(whole, 0.975), rel=1e-8)
    assert float(quantile(3, 0.95)) == pytest.approx(stdtrit(3, 0.975), rel=1e-8)
    assert two_sided(2, whole) == pytest.approx(2 * stdtr(whole, -2.0), abs=1e-10)
