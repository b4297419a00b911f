"""Two recordings are joined by time: nearest within the limit, one to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data.associate import nearest, one_to_one

TIMES = st.lists(st.integers(0, 200), max_size=30, unique=True).map(sorted)


def brute(first: list[int], second: list[int], limit: int) -> list[int]:
    """Look at every pair; the earlier of two equally near wins."""
    result = []
    for t in first:
        best = min(range(len(second)), key=lambda j: (abs(second[j] - t), j), default=None)
        result.append(-1 if best is None or abs(second[best] - t) > limit else best)
    return result


def ns(times: list[int]) -> np.ndarray:
    return np.array(times, np.int64)


@given(TIMES, TIMES, st.integers(0, 30))
def test_nearest_is_nearest(first: list[int], second: list[int], limit: int) -> None:
    assert nearest(ns(first), ns(second), limit).tolist() == brute(first, second, limit)


@given(TIMES, TIMES, st.integers(0, 30))
def test_nearest_as_evo(first: list[int], second: list[int], limit: int) -> None:
    """The pairs are those that evo finds."""
    sync = pytest.importorskip("evo.core.sync")
    if not first or not second:
        return
    pairs = sync.matching_time_indices(np.array(first, float), np.array(second, float), limit)
    best = nearest(ns(first), ns(second), limit)
    assert (np.flatnonzero(best >= 0).tolist(), best[best >= 0].tolist()) == pairs


@given(TIMES, TIMES, st.integers(0, 30))
def test_one_to_one(first: list[int], second: list[int], limit: int) -> None:
    """Of those that take the same one, exactly the nearest keeps it, and none takes another."""
    wanted = brute(first, second, limit)
    got = one_to_one(ns(first), ns(second), limit).tolist()
    for j in set(wanted) - {-1}:
        rivals = [i for i, w in enumerate(wanted) if w == j]
        winner = min(rivals, key=lambda i: (abs(first[i] - second[j]), i))
        assert [i for i, g in enumerate(got) if g == j] == [winner]
    assert sum(g >= 0 for g in got) == len(set(wanted) - {-1})


def test_repeated_times() -> None:
    """Of equal times in the second recording the first is taken."""
    assert nearest(ns([10, 11]), ns([9, 9, 10, 10, 10, 30]), 5).tolist() == [2, 2]
