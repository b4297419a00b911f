"""The histogram of grey levels, worked by hand."""

import numpy as np

from robotvision.features.gray_histogram import GrayHistogram
from robotvision.records import Frame


def test_levels_by_hand():
    levels = np.array([[0, 0, 127], [128, 255, 255]], np.uint8)
    frame = Frame(0, 0, {"rgb": np.repeat(levels[..., None], 3, axis=2)})
    whole = GrayHistogram().extract(frame)
    assert whole[[0, 127, 128, 255]].tolist() == np.float32([2, 1, 1, 2] / np.float64(6)).tolist()
    assert whole.sum() == 1
    np.testing.assert_array_equal(GrayHistogram(bins=2).extract(frame), np.float32([0.5, 0.5]))
