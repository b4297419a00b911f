"""Histograms over the cells of a pyramid count every pixel once a grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.features.cells import (
    bin_counts,
    cell_slices,
    n_cells,
    pixels_per_cell,
    pyramid_counts,
)

GRIDS = st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True)
SHAPE = st.tuples(st.integers(1, 20), st.integers(1, 20))


@given(shape=SHAPE, grids=GRIDS, seed=st.integers(0, 99))
def test_counts_are_those_of_each_cell_alone(shape, grids, seed):
    """Each row is the histogram of the pixels that lie in that cell, grid after grid."""
    rng = np.random.default_rng(seed)
    index, weights = rng.integers(0, 5, shape), rng.random(shape)
    rows = []
    for grid in grids:
        y = np.arange(shape[0])[:, None] * grid // shape[0]
        x = np.arange(shape[1])[None] * grid // shape[1]
        for cell in range(grid * grid):
            inside = (y * grid + x) == cell
            rows.append(np.bincount(index[inside], weights[inside], minlength=5))
    np.testing.assert_allclose(pyramid_counts(index, 5, grids, weights), rows, atol=1e-12)


@given(shape=SHAPE, grids=GRIDS)
def test_every_pixel_counts_once_a_grid(shape, grids):
    """The cells' pixels sum to the image's for every grid."""
    counts = pyramid_counts(np.zeros(shape, np.int64), 1, grids)
    assert counts.sum() == shape[0] * shape[1] * len(grids)
    np.testing.assert_array_equal(counts[:, 0], pixels_per_cell(shape, grids))


@given(shape=SHAPE, grids=GRIDS)
def test_slices_are_the_cells(shape, grids):
    """Slices cut out the same cells; one that would be empty has a pixel all the same."""
    sizes = [
        len(range(*r.indices(shape[0]))) * len(range(*c.indices(shape[1])))
        for r, c in cell_slices(shape, grids)
    ]
    assert len(sizes) == n_cells(grids)
    expected = pixels_per_cell(shape, grids)
    filled = expected > 0
    np.testing.assert_array_equal(np.array(sizes)[filled], expected[filled])
    assert min(sizes) >= 1


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "int64", "float32"])
@pytest.mark.parametrize("n_bins", [100, 2**16, 2**16 + 1])
def test_bins_are_counted_as_numpy_does(kind, n_bins):
    """Whoever counts, and whatever type the bin numbers have; none at all are no counts."""
    index = np.random.default_rng(0).integers(0, 100, (30, 40)).astype(kind)
    expected = np.bincount(index.astype(np.int64).ravel(), minlength=n_bins)
    counts = bin_counts(index, n_bins)
    assert counts.dtype == np.float64
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(bin_counts(index, n_bins, np.full((30, 40), 0.5)), expected / 2)
    assert not bin_counts(index[:0], n_bins).any()
