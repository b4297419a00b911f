"""Two systems on the same frames: paired ratios of latency with a confidence interval.

Both systems are asked for every frame, one right after the other, in an order that turns with each
frame (AB, BA, AB, ...), so that whatever the machine does meanwhile meets both. The ratio of a
frame is A's latency over B's; the median ratio is given with a percentile interval from a moving
block bootstrap (Künsch, 1989), since neighbouring frames are alike. Blocks are of the length
``n ** (1/3)`` times 2, rounded up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError, SystemFault
from robotvision.playback.decode import DecodeAhead
from robotvision.playback.player import Ask, synchronised
from robotvision.playback.sensor_faults import mirrored
from robotvision.plugins.progress import Progress, quiet
from robotvision.records import Frame
from robotvision.scoring.intervals import LEVEL
from robotvision.systems.base import System, View
from robotvision.timing.quantiles import summary

RESAMPLES = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Latencies of two systems on the same frames, in nanoseconds; failed frames left out."""

    a_ns: NDArray[np.int64]
    b_ns: NDArray[np.int64]
    n_failed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        interval = ratio_interval(self.a_ns, self.b_ns)
        return {
            "frames": len(self.a_ns),
            "failed": self.n_failed,
            "a_ns": summary(self.a_ns),
            "b_ns": summary(self.b_ns),
            "ratio": interval.ratio,
            "interval": [interval.low, interval.high],
            "level": LEVEL,
            "method": f"median of paired ratios, moving block bootstrap of {RESAMPLES} resamples, "
            f"blocks of {interval.block} frames, percentile interval",
            "share_a_slower": float(np.mean(self.a_ns > self.b_ns)),
        }


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """A median ratio with its confidence interval and the block length."""

    ratio: float
    low: float
    high: float
    block: int


def ratio_interval(
    a_ns: NDArray[np.int64], b_ns: NDArray[np.int64], seed: int = 0
) -> RatioInterval:
    """Return the median of ``a / b`` with its confidence interval.

    Raises
    ------
    RobotVisionError
        Fewer than ten pairs.
    """
    n = len(a_ns)
    if n < 10:
        raise RobotVisionError(f"comparing two systems needs at least 10 frames, got {n}")
    ratios = np.log(np.maximum(a_ns, 1) / np.maximum(b_ns, 1))
    block = min(n, ceil(2 * n ** (1 / 3)))
    draw = np.random.default_rng(seed)
    medians = np.empty(RESAMPLES)
    steps = np.arange(block)
    for i in range(RESAMPLES):
        starts = draw.integers(0, n - block + 1, ceil(n / block))
        medians[i] = np.median(ratios[(starts[:, None] + steps).ravel()[:n]])
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    middle, low, high = (float(np.exp(v)) for v in (np.median(ratios), low, high))
    return RatioInterval(middle, low, high, block)


def measure_pair(
    a: System,
    b: System,
    sequence: ImageSequence,
    *,
    wanted: int = 700,
    warm_up: int = 20,
    max_s: float = 60.0,
    progress: Progress = quiet,
) -> Paired:
    """Ask two started systems for every frame in turn.

    Parameters
    ----------
    wanted : int
        Go over the sequence until so many pairs are measured.
    warm_up : int
        Frames before, mirrored, and left out.
    max_s : float
        Stop after so many seconds.

    Raises
    ------
    RobotVisionError
        A system cannot begin the sequence, or hardly a frame was answered.
    """
    end = perf_counter_ns() + round(max_s * 1e9)
    for _ in islice(_pairs(a, b, mirrored(sequence)), warm_up):
        if perf_counter_ns() > end:
            break
    pairs: list[tuple[int, int]] = []
    failed = 0
    for seen, both in enumerate(islice(_pairs(a, b, sequence), wanted), 1):
        if both is None:
            failed += 1
        else:
            pairs.append(both)
        progress(sequence.name, seen, wanted)
        if perf_counter_ns() > end:
            break
    table = np.asarray(pairs, np.int64).reshape(-1, 2)
    return Paired(table[:, 0], table[:, 1], failed)


def _pairs(a: System, b: System, sequence: ImageSequence) -> Iterator[tuple[int, int] | None]:
    """Yield the latencies of both on each frame, again and again; None: one failed, or no image."""
    asks = synchronised(a.answer), synchronised(b.answer)
    seen = 0
    while len(sequence):
        for system in (a, b):
            system.reset(View.of(sequence))
        with DecodeAhead(sequence, range(len(sequence))) as decoder:
            for k in range(len(sequence)):
                frame = decoder.get(k).frame
                yield None if frame is None else _both(*asks, frame, seen % 2 == 0)
                seen += 1


def _both(a: Ask, b: Ask, frame: Frame, a_first: bool) -> tuple[int, int] | None:
    first, second = (a, b) if a_first else (b, a)
    took = []
    for ask in (first, second):
        started = perf_counter_ns()
        try:
            ask(frame)
        except SystemFault:
            return None
        took.append(perf_counter_ns() - started)
    return (took[0], took[1]) if a_first else (took[1], took[0])
