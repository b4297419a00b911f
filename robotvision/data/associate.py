"""Join two recordings by time: nearest within a limit, one to one.

Each time of the first takes the nearest of the second, the earlier of two equally near, as
evo.core.sync associates trajectories. Where several take the same one, the nearest of them (the
first of equally near) gets it and the others stay unmatched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

MAX_DIFF_NS = 20_000_000
"""Frames, images of two cameras and poses further apart than 0.02 s are not joined."""


def nearest(first_ns: Times, second_ns: Times, max_diff_ns: int) -> Times:
    """Return, for each time of ``first_ns``, the position of the nearest in ``second_ns``, or -1.

    Parameters
    ----------
    first_ns : (N,) int64
        In any order.
    second_ns : (M,) int64
        Rising.
    max_diff_ns : int
        The largest difference that is joined.
    """
    if not len(second_ns):
        return np.full(len(first_ns), -1, np.int64)
    # The leftmost of equal times, so that the earlier frame of the second is taken.
    after = np.searchsorted(second_ns, first_ns, side="left")
    right = np.minimum(after, len(second_ns) - 1)
    left = np.searchsorted(second_ns, second_ns[np.maximum(after - 1, 0)], side="left")
    to_right, to_left = abs(second_ns[right] - first_ns), abs(second_ns[left] - first_ns)
    best = np.where(to_left <= to_right, left, right)
    is_near = np.minimum(to_left, to_right) <= max_diff_ns
    return np.where(is_near, best, -1).astype(np.int64)


def one_to_one(first_ns: Times, second_ns: Times, max_diff_ns: int) -> Times:
    """Return `nearest` with each position of ``second_ns`` at most once."""
    best = nearest(first_ns, second_ns, max_diff_ns)
    joined = np.flatnonzero(best >= 0)
    distance = abs(second_ns[best[joined]] - first_ns[joined])
    order = joined[np.argsort(distance, kind="stable")]
    _, winners = np.unique(best[order], return_index=True)
    result = np.full(len(first_ns), -1, np.int64)
    result[order[winners]] = best[order[winners]]
    return result
