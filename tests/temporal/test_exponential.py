"""Exponential smoothing, worked by hand."""

import math

import numpy as np

from robotvision.temporal.exponential import Exponential


def test_exponential():
    """After one time constant the old weighs 1 / e."""
    model = Exponential(seconds=2.0)
    model.update(np.array([1.0, 0.0]), 0.0)
    belief = model.update(np.array([0.0, 1.0]), 2.0)
    np.testing.assert_allclose(belief, [1 / math.e, 1 - 1 / math.e])
