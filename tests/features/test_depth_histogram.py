"""The depth histogram, worked by hand."""

import numpy as np

from robotvision.features.depth_histogram import DepthHistogram
from robotvision.records import Frame


def frame_of(depth):
    return Frame(0, 0, {"depth": np.array(depth, np.uint16)})


def test_bins_by_hand():
    """Half-open bins of a metre; beyond the last edge counts in the last; 0 is missing."""
    vector = DepthHistogram(bins=4, max_m=4, grids=(1,)).extract(
        frame_of([[1, 999, 1000, 1999], [3999, 4000, 65535, 0]])
    )
    np.testing.assert_array_equal(vector, np.float32([2, 2, 0, 3, 1]) / 8)


def test_cells_by_hand():
    """Each cell's shares sum to 1, the missing ones among them."""
    vector = DepthHistogram(bins=2, max_m=2, grids=(1, 2)).extract(frame_of([[500, 0], [1500, 0]]))
    np.testing.assert_allclose(
        vector.reshape(5, 3),
        [[0.25, 0.25, 0.5], [1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]],
    )


def test_nothing_read_at_all():
    """A blind sensor is a vector of its own, not an error."""
    vector = DepthHistogram(bins=2, grids=(1,)).extract(frame_of(np.zeros((3, 4))))
    np.testing.assert_array_equal(vector, [0, 0, 1])


def test_missing_readings_can_be_left_out():
    """As the kit of 2014 has it: the shares of the readings alone, which sum to 1."""
    feature = DepthHistogram(bins=4, max_m=4, grids=(1,), missing=False)
    vector = feature.extract(frame_of([[500, 1500, 1600, 0], [3999, 9000, 0, 0]]))
    np.testing.assert_array_equal(vector, np.float32([1, 2, 0, 2]) / np.float32(5))
    assert feature.dim == 4
    np.testing.assert_array_equal(feature.extract(frame_of(np.zeros((3, 4)))), np.zeros(4))
