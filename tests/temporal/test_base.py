"""Every filter: forgets at a reset, gives a distribution, refuses what cannot work."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robotvision.errors import RobotVisionError
from robotvision.temporal import TEMPORAL


def fitted(name, k=3):
    rooms = [f"room{i}" for i in range(k)]
    stretches = [([r for r in rooms for _ in range(8)], [0.2 * i for i in range(8 * k)])]
    return TEMPORAL.create(name, {}).fit(stretches, rooms, np.full(k, 1 / k))


@pytest.mark.parametrize("name", TEMPORAL.names())
def test_reset(name):
    """After reset a sequence gives what it gave the first time; without it, something else."""
    model = fitted(name)
    p = np.random.default_rng(0).dirichlet(np.ones(3), 6)
    first = [model.update(row, 0.2) for row in p]
    carried = [model.update(row, 0.2) for row in p]
    model.reset()
    again = [model.update(row, 0.2) for row in p]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, carried)


@pytest.mark.parametrize("name", TEMPORAL.names())
@given(
    p=arrays(np.float64, (12, 4), elements=st.floats(0, 1)),
    dt=st.lists(st.floats(0, 1e6), min_size=12, max_size=12),
)
def test_belief_is_a_distribution(name, p, dt):
    """Whatever probabilities and times come, the belief is one: zeros, jumps, no time at all."""
    p = (p + 1e-300) / (p + 1e-300).sum(axis=1, keepdims=True)
    model = fitted(name, 4)
    for row, seconds in zip(p, dt, strict=True):
        belief = model.update(row, seconds)
        assert belief.shape == (4,)
        assert belief.min() >= 0
        assert belief.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("majority", {"frames": 0}, "frames: expected a whole number of at least 1, got 0"),
        ("exponential", {"seconds": -1}, "seconds: expected a number above 0, got -1"),
        ("bayes", {"prior": "uniform"}, "prior: expected a number from 0 to 1, got 'uniform'"),
        ("bayes", {"prior": 1.5}, "prior: expected a number from 0 to 1, got 1.5"),
        ("bayes", {"sharper": 1.0}, "sharper: expected a number above 1, got 1.0"),
        ("bayes", {"kidnapping": -2.0}, "kidnapping: expected a number above 0, got -2.0"),
    ],
)
def test_refused(name, given, message):
    """A parameter that cannot work is refused by name."""
    with pytest.raises(RobotVisionError, match=message):
        TEMPORAL.create(name, given)
