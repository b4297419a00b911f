"""Linear algebra on one thread, so that sums are in the same order on every machine.

OpenBLAS and OpenMP share a sum among their threads, so the last digits of a trained classifier
depend on how many there are. Trainings here are small, and frames are answered one at a time, so
further threads would mostly wait for each other.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

_lock = threading.Lock()
_limits: list[Any] = []
_n_inside = 0
_n_modules = 0


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread in this process, until the last such block ends.

    Blocks may overlap in any order, in any threads.
    """
    global _n_inside
    with _lock:
        _n_inside += 1
    try:
        hold()
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                while _limits:  # each restores what it met: the first one what was before all
                    _limits.pop().restore_original_limits()


def hold() -> None:
    """Within `one_thread`, hold what was loaded since then, too."""
    global _n_modules
    import scipy.linalg  # noqa: F401  # loads its own OpenBLAS
    import sklearn  # noqa: F401  # loads OpenMP

    with _lock:
        if not _limits or _n_modules != len(sys.modules):
            _limits.append(threadpool_limits(limits=1))
            _n_modules = len(sys.modules)
