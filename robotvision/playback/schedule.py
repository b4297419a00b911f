"""Virtual time: which frames a system of given latencies takes, in whole nanoseconds.

From the latency of every frame (an ``asap`` log has them all) and the times at which a camera
delivers them, the schedule under any policy, frame rate and machine speed follows by arithmetic.
Each frame keeps the latency that was measured on it, so slow frames stay slow together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import isfinite

from robotvision.errors import RobotVisionError
from robotvision.scoring.policy import Backlog

Times = list[int | None]


def schedule(due: Sequence[int], latency: Sequence[int], backlog: Backlog) -> tuple[Times, Times]:
    """Return when each frame is taken and answered; None, None where it is skipped.

    Parameters
    ----------
    due : sequence of int
        When each frame is delivered, never falling.
    latency : sequence of int
        How long the system has each frame, at least 0.
    backlog : str
        ``newest`` or ``queue``.

    Returns
    -------
    started, finished : list of int or None
        On the clock of ``due``.
    """
    n = len(due)
    started: Times = [None] * n
    finished: Times = [None] * n
    free, i = None, 0
    while i < n:
        if free is None or due[i] >= free:
            begin = due[i]
        else:
            begin = free
            if backlog == "newest":
                i = bisect_right(due, free, i) - 1
        started[i] = begin
        finished[i] = free = begin + latency[i]
        i += 1
    return started, finished


def due_times(
    timestamps: Sequence[int],
    rate_hz: float | None = None,
    speed: float = 1.0,
    *,
    may_repeat: bool = False,
) -> list[int]:
    """Return when each frame falls due, in nanoseconds from the first.

    Parameters
    ----------
    timestamps : sequence of int
        As recorded, in nanoseconds, rising.
    rate_hz : float, optional
        Impose a fixed rate in place of the recorded times.
    speed : float
        2.0: the recording runs twice as fast.
    may_repeat : bool
        Let two frames bear one time stamp, as where no clock runs (``asap``).

    Raises
    ------
    RobotVisionError
        Time stamps go back or repeat; a rate or speed that is not above 0.
    """
    _require_above_0("speed", speed)
    if rate_hz is not None:
        _require_above_0("rate_hz", rate_hz)
        step = 10**9 / (Fraction(rate_hz) * Fraction(speed))
        up, down = step.numerator, step.denominator
        return [i * up // down for i in range(len(timestamps))]
    _require_rising(timestamps, may_repeat)
    since_first = [t - timestamps[0] for t in timestamps]
    return scaled(since_first, speed)


def scaled(latency: Sequence[int], machine_speed: float) -> list[int]:
    """Return latencies on a machine ``machine_speed`` times as fast, rounded down.

    Raises
    ------
    RobotVisionError
        The speed is not above 0.
    """
    _require_above_0("machine speed", machine_speed)
    if machine_speed == 1.0:
        return list(latency)
    down, up = Fraction(machine_speed).as_integer_ratio()
    return [t * up // down for t in latency]


def _require_above_0(name: str, value: float) -> None:
    if not (value > 0 and isfinite(value)):
        raise RobotVisionError(f"{name}: expected a number above 0, got {value:g}")


def _require_rising(timestamps: Sequence[int], may_repeat: bool) -> None:
    for i, (before, now) in enumerate(pairwise(timestamps), 1):
        if now > before or (may_repeat and now == before):
            continue
        what = "goes back behind" if now < before else "repeats"
        raise RobotVisionError(
            f"frame {i}: its time stamp {now} ns {what} that of frame {i - 1}"
            f"{f', {before} ns' if now < before else ''}; mend the time stamps or impose a rate "
            "(rate_hz)"
        )
