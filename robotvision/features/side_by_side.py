"""One frame's features, several at a time: each in a thread of its own.

An extractor may be called from several threads at once (`robotvision.features.base`), and networks
and OpenCV compute outside the interpreter's lock, so two of them take two cores. The vectors are
those of one after the other, to the last bit: every thread computes with one.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import checked
from robotvision.features.resized import one_frame
from robotvision.records import Frame

Vectors = list[NDArray[np.float32]]


class _Seen(threading.local):
    """How many modules were loaded when this thread was last held to one thread of OpenMP's."""

    modules = 0


_seen = _Seen()


def side_by_side(
    extractors: Sequence[tuple[FeatureExtractor, int]], frame: Frame, threads: int
) -> Vectors:
    """Return what each extractor gives for a frame, (dim,) float32 each, in their order.

    Parameters
    ----------
    extractors : sequence of (FeatureExtractor, dim)
        Ready for the frame's sequence, each with the length of its vector.
    frame : Frame
        Its images must not be written to meanwhile.
    threads : int
        How many are computed at a time, at least 2; the caller's own thread is one of them.

    Raises
    ------
    RobotVisionError
        A vector is not (dim,) or not finite. Whatever an extractor raises is raised as it is, of
        several that fail one's, once none of them is at work any more.
    """
    pool = _pool(threads - 1, os.getpid())
    mine, *others = extractors
    futures: list[Future[NDArray[np.float32]]] = [pool.submit(_held, *e, frame) for e in others]
    try:
        with one_frame():
            found = {0: checked(mine[0], frame, mine[1])}
            for i in reversed(range(1, len(extractors))):
                if futures[i - 1].cancel():  # nobody has begun it
                    found[i] = checked(extractors[i][0], frame, extractors[i][1])
        return [found[i] if i in found else futures[i - 1].result() for i in range(len(extractors))]
    finally:
        for future in futures:
            future.cancel()
        wait(futures)


def _held(extractor: FeatureExtractor, dim: int, frame: Frame) -> NDArray[np.float32]:
    """Return an extractor's vector, computed in a thread that OpenMP gives no others."""
    if _seen.modules != len(sys.modules):
        threadpool_limits(limits=1, user_api="openmp")  # of this thread alone
        _seen.modules = len(sys.modules)
    with one_frame():
        return checked(extractor, frame, dim)


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the threads of a process: one that was forked off has none of its parent's."""
    del process
    return ThreadPoolExecutor(threads, thread_name_prefix="features")
