"""Votes of the last frames, worked by hand."""

import numpy as np

from robotvision.temporal.majority import Majority


def test_majority():
    """Two of the last three frames say b: b has 2 of 3 votes and the mean as a fourth."""
    model = Majority(frames=3)
    for a in (1.0, 1.0, 0.0, 0.0):
        belief = model.update(np.array([a, 1 - a]), 0.1)
    np.testing.assert_allclose(belief, [(1 + 1 / 3) / 4, (2 + 2 / 3) / 4])
