"""Threads pinned, and whether a worker had its processor cores for itself.

A latency can be quoted only where nothing else ran on the cores it was measured on. Each numeric
library is held to the given number of threads, so that workers do not fight; the same number
everywhere also keeps sums in the same order, hence answers the same bit for bit.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

ALLOWED_SHARE = 0.05
"""Of the time on the cores that others may take."""

_limits: list[object] = []
_pinned: tuple[int, int] | None = None


def pin_threads(n: int) -> None:
    """Hold OpenCV, BLAS, OpenMP and torch to ``n`` threads in this process."""
    global _pinned
    state = (n, len(sys.modules))
    if _pinned == state:
        return  # nothing was loaded since
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(n)
    _limits[:] = [threadpool_limits(limits=n)]
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n)
    _pinned = (n, len(sys.modules))


def own_cores(number: int, cores: Collection[int], n: int = 1) -> list[int]:
    """Return the cores of local worker ``number``, the first core left to the scheduler."""
    ordered = sorted(cores)
    free = ordered[1:] if len(ordered) > 1 else ordered
    return [free[(number * n + i) % len(free)] for i in range(n)]


def placement() -> tuple[str, tuple[int, ...]]:
    """Return this machine's name and the cores this process may use."""
    return socket.gethostname(), tuple(sorted(os.sched_getaffinity(0)))


class LoadWatch:
    """The load of other processes on our cores; ``others_share`` is set after `watching`."""

    def __init__(self) -> None:
        self.others_share: float | None = None

    @contextmanager
    def watching(self) -> Iterator[LoadWatch]:
        """Measure until the block ends."""
        begun, before, own = time.monotonic(), _busy_s(), _own_s()
        yield self
        wall, after = time.monotonic() - begun, _busy_s()
        if before is not None and after is not None and wall > 0:
            n = len(os.sched_getaffinity(0))
            others = after - before - (_own_s() - own)
            self.others_share = max(0.0, others / (wall * n))


def not_quotable(
    *, exclusive: bool, shared_with: str, threads_of_worker: int, others_share: float | None
) -> str:
    """Return why a latency cannot be quoted; empty where it can."""
    if not exclusive:
        return "run inside a sweep on shared cores"
    if threads_of_worker > 1:
        return f"the worker does {threads_of_worker} tasks at a time"
    if shared_with:
        return f"the worker shares its cores with {shared_with}"
    if others_share is None:
        return "the load of the cores is not known here"
    if others_share > ALLOWED_SHARE:
        return f"other processes took {others_share:.0%} of the cores' time"
    return ""


def _own_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _busy_s() -> float | None:
    """Return how long the cores of this process were busy since the start of the machine."""
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    mine = {f"cpu{i}" for i in os.sched_getaffinity(0)}
    ticks = 0
    for name, *values in map(str.split, lines):
        if name in mine:
            numbers = [int(v) for v in values[:8]]
            ticks += sum(numbers) - numbers[3] - numbers[4]  # idle, waiting for input
    return ticks / os.sysconf("SC_CLK_TCK")
