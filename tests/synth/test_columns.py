from __future__ import annotations

import numpy as np
import pytest

from robotvision.synth.columns import columns, dot, rows, spread


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 1000])
def test_rows_come_back_from_their_columns(n: int) -> None:
    """Any number of rows of three or four, none included."""
    for k in (3, 4):
        given = np.random.default_rng(n).random((n, k), dtype=np.float32)
        assert np.array_equal(rows(columns(given)), given)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_value_is_spread_over_its_row(dtype: type) -> None:
    """Each row holds one value, in the type it came in."""
    spread_out = spread(np.arange(5, dtype=dtype), 4)
    assert spread_out.dtype == dtype
    assert np.array_equal(spread_out, np.arange(5)[:, None].repeat(4, 1))


def test_products_are_those_of_the_vectors() -> None:
    """Of (3, 4, 0) and (2, 1, 9): 10; of (0, 0, 1) and (0, 0, -1): -1."""
    a = np.array([[3, 4, 0], [0, 0, 1]], np.float32)
    b = np.array([[2, 1, 9], [0, 0, -1]], np.float32)
    assert dot(columns(a), columns(b)).tolist() == [10, -1]
