"""Frames that take longer than the camera's period: its overruns.

A camera of constant rate delivers the next frame a period later, whether the system is done or not
(the constant stream of MLPerf Automotive). A frame overruns where the system has it for longer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from robotvision.arrays import Ints


def overruns(latency_ns: Ints, period_ns: Ints | int) -> dict[str, Any]:
    """Return how many frames overran, as plain data: ``period_ns, frames, of, share, longest_ns``.

    Parameters
    ----------
    latency_ns : (n,) int
        How long the system had each frame.
    period_ns : int or (n,) int
        From each frame's due time to the next one's; of several the median is given.
    """
    over = latency_ns - period_ns
    n, late = len(latency_ns), int((over > 0).sum())
    return {
        "period_ns": int(np.median(period_ns)) if n else None,
        "frames": late,
        "of": n,
        "share": late / n if n else None,
        "longest_ns": int(max(0, over.max())) if n else None,
    }


def period_of(rate_hz: float | None) -> int | None:
    """Return the period of a rate in nanoseconds; None where it is not known."""
    return round(1e9 / rate_hz) if rate_hz else None
