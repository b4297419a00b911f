"""Virtual time: which frames a system of given latencies takes, in whole nanoseconds.

From the latency of every frame (an ``asap`` log has them all) and the times at which a camera
delivers them, the schedule under any policy, frame rate and machine speed follows by arithmetic.
Each frame keeps the latency that was measured on it, so slow frames stay slow together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from robotvision.errors import RobotVisionError
from robotvision.replay.policy import Backlog

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
    timestamps: Sequence[int], rate_hz: float | None = None, speed: float = 1.0
) -> list[int]:
    """Return when each frame falls due, in nanoseconds from the first.

    Parameters
    ----------
    timestamps : sequence of int
        As recorded, in nanoseconds, never falling.
    rate_hz : float, optional
        Impose a fixed rate in place of the recorded times.
    speed : float
        2.0: the recording runs twice as fast.

    Raises
    ------
    RobotVisionError
        Time stamps go back; a rate or speed that is not above 0.
    """
    if rate_hz is not None and not rate_hz > 0:
        raise RobotVisionError(f"rate_hz: expected a number above 0, got {rate_hz:g}")
    if not speed > 0:
        raise RobotVisionError(f"speed: expected a number above 0, got {speed:g}")
    if rate_hz is not None:
        step = 10**9 / (Fraction(rate_hz) * Fraction(speed))
        return [int(i * step) for i in range(len(timestamps))]
    first = timestamps[0] if timestamps else 0
    for i in range(1, len(timestamps)):
        if timestamps[i] < timestamps[i - 1]:
            raise RobotVisionError(
                f"frame {i}: its time stamp {timestamps[i]} ns goes back behind "
                f"{timestamps[i - 1]} ns; order the frames by time"
            )
    if speed == 1.0:
        return [t - first for t in timestamps]
    exact = Fraction(speed)
    return [int((t - first) / exact) for t in timestamps]


def scaled(latency: Sequence[int], machine_speed: float) -> list[int]:
    """Return latencies on a machine ``machine_speed`` times as fast, rounded down.

    Raises
    ------
    RobotVisionError
        The speed is not above 0.
    """
    if not machine_speed > 0:
        raise RobotVisionError(f"machine speed: expected a number above 0, got {machine_speed:g}")
    if machine_speed == 1.0:
        return list(latency)
    up, down = Fraction(machine_speed).denominator, Fraction(machine_speed).numerator
    return [t * up // down for t in latency]
