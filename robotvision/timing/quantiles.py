"""Quantiles of latencies, and whether so few frames can support them.

A quantile q is quoted only where at least two of n independent frames lie above it with 99 %
confidence: ``P(Binomial(n, 1 - q) <= 1) <= 0.01``, the rule of MLPerf Inference's LoadGen (early
stopping). That asks for 64 frames for p90, 662 for p99 and 6,636 for p99.9. Values are order
statistics (the smallest observation that at least q of all do not exceed), so each is a latency
that was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil, lgamma, log

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
"""Those that are given where none are asked for."""
RARE = {"p99.9": 0.999}
"""Those that are given beside them where there are frames enough."""
CONFIDENCE = 0.99


def is_supported(n: int, q: float) -> bool:
    """Return whether ``n`` frames support the quantile ``q`` in (0, 1)."""
    return q**n + n * (1 - q) * q ** (n - 1) <= 1 - CONFIDENCE if n else False


@cache
def frames_needed(q: float) -> int:
    """Return the fewest frames that support the quantile ``q``."""
    low, high = 1, 2
    while not is_supported(high, q):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_supported(middle, q) else (middle, high)
    return high


def quantile(ordered: Sequence[int] | NDArray[np.int64], q: float) -> int:
    """Return the order statistic at ``q`` of values in rising order."""
    return int(ordered[max(0, ceil(q * len(ordered)) - 1)])


def quantile_interval(
    ordered: Sequence[int] | NDArray[np.int64], q: float, level: float = 0.95
) -> tuple[int | None, int | None]:
    """Return two order statistics between which the quantile ``q`` of all frames lies.

    Whatever the law of the latencies: of n independent frames Binomial(n, q) are no longer than the
    quantile (David and Nagaraja 2003, 7.1). An end is None where so few frames cannot give one.

    Parameters
    ----------
    ordered : (n,) int
        In rising order.
    q : float
        In (0, 1).
    level : float
        That the interval holds the quantile with; each end errs with half of the rest.
    """
    n, tail = len(ordered), (1 - level) / 2
    k = np.arange(n + 1)
    chosen = np.array([lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) for i in k.tolist()])
    below = np.cumsum(np.exp(chosen + k * log(q) + (n - k) * log(1 - q)))  # P(N <= k)
    low = int(np.searchsorted(below, tail, "right"))  # the largest r with P(N < r) <= tail
    high = int(np.searchsorted(below, 1 - tail, "left")) + 1  # the least s with P(N >= s) <= tail
    return (
        int(ordered[low - 1]) if low > 0 else None,
        int(ordered[high - 1]) if high <= n else None,
    )


def summary(
    values: Sequence[int] | NDArray[np.int64], wanted: Mapping[str, float] | None = None
) -> dict[str, int | None]:
    """Return the ``wanted`` quantiles and max of nanoseconds; None for what so few cannot support.

    The median and the maximum are always given: they claim nothing about frames not seen. Where
    none are asked for, `QUANTILES` are given, and of `RARE` those that are supported.
    """
    ordered = np.sort(np.asarray(values, np.int64))
    n = len(ordered)
    if wanted is None:
        wanted = QUANTILES | {name: q for name, q in RARE.items() if is_supported(n, q)}
    if not n:
        return {**dict.fromkeys(wanted), "max": None}
    quantiles_ns: dict[str, int | None] = {
        name: quantile(ordered, q) if q <= 0.5 or is_supported(n, q) else None
        for name, q in wanted.items()
    }
    return {**quantiles_ns, "max": int(ordered[-1])}


def mean_and_share(values: Sequence[int], whole_ns: int) -> dict[str, float | None]:
    """Return the mean of nanoseconds and their sum's share of ``whole_ns``.

    For what comes in bursts: a median of 0 may hide a third of the time.
    """
    spent = sum(values)
    return {
        "mean": spent // len(values) if values else None,
        "share": round(spent / whole_ns, 4) if whole_ns else None,
    }


def named_quantiles(wanted: Sequence[float]) -> dict[str, float]:
    """Return quantiles by name, in rising order: ``{"p50": 0.5, "p99.9": 0.999}``."""
    return {f"p{round(100 * q, 7):.10g}": q for q in sorted(wanted)}


def parse_quantile(text: str) -> float:
    """Return the quantile that ``p99.9`` names. Raises RobotVisionError."""
    try:
        q = float(text.removeprefix("p")) / 100
    except ValueError:
        q = 0.0
    if not 0 < q < 1:
        raise RobotVisionError(
            f"quantile: expected a name such as p99, above p0 and below p100, got {text!r}"
        )
    return round(q, 9)
