"""The fastest camera a system keeps up with, by virtual time, confirmed on the wall clock.

A frame is kept up with where its own answer is in by its deadline: the policy's under ``deadline``,
else the due time of the next frame. A rate is sustained where that holds for a given share of the
frames at it and at every lower rate tried: under ``newest`` a faster camera may by luck fare
better, which no one should rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from robotvision.data import sequence as data
from robotvision.playback.player import Replay, play
from robotvision.playback.schedule import due_times, schedule
from robotvision.scoring.policy import Policy
from robotvision.systems.base import System

STEP = 1.03
SHARE = 0.99


@dataclass(frozen=True, slots=True)
class Sustained:
    """The highest rate, and what the wall clock said of it.

    Parameters
    ----------
    policy : str
    rate_hz : float or None
        None: not even the slowest camera tried.
    share : float
        Of the frames that had to be kept up with.
    virtual_share, wall_share : float or None
        That were, at that rate; None where it was not tried.
    wall_frames : int
    """

    policy: str
    rate_hz: float | None
    share: float
    virtual_share: float | None = None
    wall_share: float | None = None
    wall_frames: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def kept_up(due: Sequence[int], finished: Sequence[int | None], policy: Policy) -> float:
    """Return the share of the frames whose own answer was in by its deadline."""
    rule = policy if policy.late == "deadline" else Policy(policy.backlog, "deadline")
    deadlines = rule.deadlines(due)
    both = zip(finished, deadlines, strict=True)
    return sum(f is not None and f <= d for f, d in both) / max(1, len(due))


def highest_rate(latency: Sequence[int], policy: Policy, share: float = SHARE) -> Sustained:
    """Return the highest sustained rate by virtual time.

    Parameters
    ----------
    latency : sequence of int
        As measured, in order, in nanoseconds.
    policy : Policy
    share : float
        Of the frames that must be kept up with, in (0, 1].
    """

    def at(rate_hz: float) -> float:
        due = due_times(range(len(latency)), rate_hz)
        return kept_up(due, schedule(due, latency, policy.backlog)[1], policy)

    values = np.maximum(1, np.asarray(latency, np.int64))
    low, most = 0.2e9 / float(values.max()), 2e9 / float(values.min())
    if at(low) < share:
        return Sustained(policy.name, None, share)
    high = low * STEP
    while high < most and at(high) >= share:
        low, high = high, high * STEP
    return _bisected(low, high, at, policy, share)


def _bisected(
    low: float, high: float, at: Callable[[float], float], policy: Policy, share: float
) -> Sustained:
    for _ in range(10):
        middle = (low + high) / 2
        if at(middle) >= share:
            low = middle
        else:
            high = middle
    return Sustained(policy.name, low, share, at(low))


def confirm(
    sustained: Sustained,
    system: System,
    sequence: data.ImageSequence,
    policy: Policy,
    channels: tuple[str, ...] | None = None,
    seconds: float = 4.0,
) -> Sustained:
    """Return ``sustained`` with what a short run on the wall clock gave at its rate."""
    if sustained.rate_hz is None:
        return sustained
    left = n = max(2, round(seconds * sustained.rate_hz))
    in_time = 0.0
    while left > 0:
        replay = Replay(policy, "wall", sustained.rate_hz, limit=left)
        timed = [r.timed for r in play(sequence, system, replay, 0, channels)]
        share = kept_up([t.due_ns for t in timed], [t.finished_ns for t in timed], policy)
        in_time += share * len(timed)
        left -= len(timed)
    return replace(sustained, wall_share=in_time / n, wall_frames=n)
