"""What is drawn or left out as a whole: room visits, and sums over them.

Consecutive frames are nearly copies of each other: a system that is wrong on one is likely wrong on
the next. What sequences hold many of is **visits** (maximal stays in one true room inside a
segment), or whole **sequences** where there are enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats, Ints


def visits(sequence: Ints, segment: Ints, room: Ints) -> NDArray[np.int64]:
    """Return the number of the room visit of each frame, from 0.

    Parameters
    ----------
    sequence, segment, room : (n,) integers
        Of each frame, in order; a visit ends where any of them changes.
    """
    if len(room) == 0:
        return np.zeros(0, np.int64)
    changes = (np.diff(sequence) != 0) | (np.diff(segment) != 0) | (np.diff(room) != 0)
    return np.concatenate([[0], np.cumsum(changes)]).astype(np.int64)


def block_sums(values: Floats, blocks: Ints) -> tuple[Floats, Floats]:
    """Return (b, k) sums of ``values`` (n, k) by block and (b,) frames of each block."""
    numbers = _numbered(blocks)
    sizes = np.bincount(numbers)
    sums = np.zeros((len(sizes), values.shape[1]))
    for j, column in enumerate(values.T):
        sums[:, j] = np.bincount(numbers, column)
    return sums, sizes.astype(np.float64)


def count_blocks(blocks: Ints) -> int:
    """Return how many blocks there are."""
    return int(_numbered(blocks).max(initial=-1)) + 1


def _numbered(blocks: Ints) -> NDArray[np.int64]:
    """Return the number of each frame's block, from 0, in order of the blocks."""
    steps = np.diff(blocks)
    if len(blocks) and (steps >= 0).all():  # as visits are: no need to sort
        return np.concatenate([[0], np.cumsum(steps > 0)]).astype(np.int64)
    return np.unique(blocks, return_inverse=True)[1].astype(np.int64)
