"""What happens where the robot passes from one room into the next.

Between two rooms an image shows a bit of both, the label changes at one frame and nobody agrees
which; a filter over time helps inside rooms and delays the change of mind at the door. Points alone
do not show it. Measured here, over visits (maximal stays in one true room inside a segment):

* **time to recognise**: from the first frame of a newly entered room to the first frame answered
  right in that visit; visits never recognised are counted apart;
* **flicker**: changes of the answer while the true room stays the same, a minute of the sequence;
* **boundary frames**: within k frames of a change of the true room, on either side; their errors,
  and the score without them;
* **age of the answer**: how old the frame was that the judged answer is of (`FrameTable.age_ns`).

A visit that opens a segment begins after a jump, not at a door, and is counted as a jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Bools, Ints
from robotvision.scoring.table import FrameTable

NEAR = 3
"""Frames on either side of a change of room that count as its boundary, by default."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """How soon rooms were recognised: over ``entered`` visits, of which ``never`` never were.

    Median and 90th percentile over the recognised ones, in frames and seconds; None where there
    are none. 0 frames: at the first frame.
    """

    entered: int
    never: int
    at_once: int
    median_frames: float | None
    p90_frames: float | None
    median_s: float | None
    p90_s: float | None


@dataclass(frozen=True, slots=True)
class FrameGroup:
    """Counts over some of the frames; points against the maximum of these frames."""

    frames: int
    correct: int
    wrong: int
    silent: int
    points: float

    @property
    def error_rate(self) -> float | None:
        """Wrong answers a frame."""
        return self.wrong / self.frames if self.frames else None


@dataclass(frozen=True, slots=True)
class Transitions:
    """See the module. ``flicker_per_minute`` is None without time."""

    doors: Recognition
    jumps: Recognition
    flickers: int
    minutes: float
    near: int
    boundary: FrameGroup
    inside: FrameGroup

    @property
    def flicker_per_minute(self) -> float | None:
        """Changes of the answer inside a visit, a minute of visits."""
        return self.flickers / self.minutes if self.minutes > 0 else None


def transitions(table: FrameTable, near: int = NEAR) -> Transitions:
    """Return the transition measures of a scored table, over the frames with a known truth.

    Parameters
    ----------
    table : FrameTable
        See `robotvision.scoring.score`.
    near : int
        How many frames on either side of a door belong to its boundary.
    """
    if not table.is_known.all():
        table = table.select(table.is_known)
    visit = table.visit
    starts = np.unique(visit, return_index=True)[1]
    is_jump = _is_jump(table, starts)
    frames, seconds = _delays(table, visit, starts)
    flickers, minutes = _flicker(table, visit)
    at_boundary = near_boundary(table, visit, near)
    return Transitions(
        _recognition(frames[~is_jump], seconds[~is_jump]),
        _recognition(frames[is_jump], seconds[is_jump]),
        flickers,
        minutes,
        near,
        _part(table, at_boundary),
        _part(table, ~at_boundary),
    )


def _is_jump(table: FrameTable, starts: Ints) -> Bools:
    before = np.maximum(starts - 1, 0)
    is_jump: Bools = (
        (starts == 0)
        | (table.sequence[starts] != table.sequence[before])
        | (table.segment[starts] != table.segment[before])
    )
    return is_jump


def _delays(
    table: FrameTable, visit: Ints, starts: Ints
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return frames and seconds from each visit's start to its first right answer, NaN: never."""
    frames = np.full(len(starts), np.nan)
    seconds = np.full(len(starts), np.nan)
    right = np.flatnonzero(table.answer == table.truth)
    recognised, first = np.unique(visit[right], return_index=True)
    at = right[first]
    frames[recognised] = at - starts[recognised]
    times = table.timestamp_ns
    seconds[recognised] = (times[at] - times[starts[recognised]]) / 1e9
    return frames, seconds


def _recognition(frames: NDArray[np.float64], seconds: NDArray[np.float64]) -> Recognition:
    known = ~np.isnan(frames)
    if not known.any():
        return Recognition(len(frames), len(frames), 0, None, None, None, None)
    f, s = frames[known], seconds[known]
    return Recognition(
        len(frames),
        int((~known).sum()),
        int((f == 0).sum()),
        float(np.median(f)),
        float(np.quantile(f, 0.9)),
        float(np.median(s)),
        float(np.quantile(s, 0.9)),
    )


def _flicker(table: FrameTable, visit: Ints) -> tuple[int, float]:
    is_same_visit = np.diff(visit) == 0
    changed = (np.diff(table.answer) != 0) & is_same_visit
    elapsed = np.diff(table.timestamp_ns)[is_same_visit]
    return int(changed.sum()), float(elapsed[elapsed > 0].sum() / 60e9)


def near_boundary(table: FrameTable, visit: Ints, near: int) -> Bools:
    """Return which frames lie within ``near`` frames of a change of room inside a segment."""
    starts = np.unique(visit, return_index=True)[1]
    is_jump = _is_jump(table, starts)
    jumps = starts[is_jump]
    ends = np.append(jumps[1:], len(visit))
    is_near = np.zeros(len(visit), np.bool_)
    for door in starts[~is_jump].tolist():
        segment = np.searchsorted(jumps, door) - 1
        is_near[max(jumps[segment], door - near) : min(ends[segment], door + near)] = True
    return is_near


def _part(table: FrameTable, chosen: Bools) -> FrameGroup:
    truth, answer = table.truth[chosen], table.answer[chosen]
    correct, silent = int((truth == answer).sum()), int((answer < 0).sum())
    n = int(chosen.sum())
    return FrameGroup(n, correct, n - correct - silent, silent, float(table.points[chosen].sum()))
