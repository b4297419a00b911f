"""What happens where the robot passes from one room into the next.

Between two rooms a picture shows a bit of both, the label changes at one frame and nobody agrees
which; a filter over time helps inside rooms and delays the change of mind at the door. Points alone
do not show it. Measured here, over visits (maximal stays in one true room inside a segment):

* **time to recognise**: from the first frame of a newly entered room to the first frame answered
  right in that visit; visits never recognised are counted apart;
* **flicker**: changes of the answer while the true room stays the same, a minute of tour;
* **boundary frames**: within k frames of a change of the true room, on either side; their errors,
  and the score without them;
* **age of the answer**: how old the frame was that the judged answer spoke of (`answer_ages`).

A visit that opens a segment begins after a jump, not at a door, and is counted as a jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.scoring.bootstrap import visits

Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]
NEAR = 3
"""Frames on either side of a change of room that count as its boundary, unless told."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Tour:
    """A run over its tours as columns, scored frames only.

    Parameters
    ----------
    sequence, segment : (n,) integers
    time_ns : (n,) integers
        Time stamps of the frames.
    truth, answer : (n,) integers
        Codes of labels; answer below 0: none.
    points : (n,) floats
    """

    sequence: Ints
    segment: Ints
    time_ns: Ints
    truth: Ints
    answer: Ints
    points: NDArray[np.float64]

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in self.__slots__}
        if len(lengths) > 1:
            raise RobotVisionError(f"a tour: expected columns of one length, got {sorted(lengths)}")


def transitions(tour: Tour, near: int = NEAR) -> Transitions:
    """Return the transition measures of a tour, with boundaries ``near`` frames wide each side."""
    n = len(tour.truth)
    visit = visits(tour.sequence, tour.segment, tour.truth)
    starts = np.flatnonzero(np.diff(visit, prepend=-1)) if n else np.zeros(0, np.int64)
    is_jump = _is_jump(tour, starts)
    frames, seconds = _delays(tour, visit, starts)
    flickers, minutes = _flicker(tour, visit)
    at_boundary = near_boundary(tour, visit, near)
    return Transitions(
        _recognition(frames[~is_jump], seconds[~is_jump]),
        _recognition(frames[is_jump], seconds[is_jump]),
        flickers,
        minutes,
        near,
        _part(tour, at_boundary),
        _part(tour, ~at_boundary),
    )


def _is_jump(tour: Tour, starts: Ints) -> Bools:
    before = np.maximum(starts - 1, 0)
    is_jump: Bools = (
        (starts == 0)
        | (tour.sequence[starts] != tour.sequence[before])
        | (tour.segment[starts] != tour.segment[before])
    )
    return is_jump


def _delays(
    tour: Tour, visit: Ints, starts: Ints
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return frames and seconds from each visit's start to its first right answer, NaN: never."""
    frames = np.full(len(starts), np.nan)
    seconds = np.full(len(starts), np.nan)
    right = np.flatnonzero(tour.answer == tour.truth)
    found, first = np.unique(visit[right], return_index=True)
    at = right[first]
    frames[found] = at - starts[found]
    seconds[found] = (tour.time_ns[at] - tour.time_ns[starts[found]]) / 1e9
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


def _flicker(tour: Tour, visit: Ints) -> tuple[int, float]:
    is_same_visit = np.diff(visit) == 0
    changed = (np.diff(tour.answer) != 0) & is_same_visit
    elapsed = np.diff(tour.time_ns)[is_same_visit]
    return int(changed.sum()), float(elapsed[elapsed > 0].sum() / 60e9)


def near_boundary(tour: Tour, visit: Ints, near: int) -> Bools:
    """Return which frames lie within ``near`` frames of a change of room inside a segment."""
    n = len(visit)
    marked = np.zeros(n + 1, np.int64)
    starts = np.flatnonzero(np.diff(visit, prepend=-1)) if n else np.zeros(0, np.int64)
    doors = starts[~_is_jump(tour, starts)]
    group = np.cumsum(_segment_starts(tour)) if n else np.zeros(0, np.int64)
    for door in doors:
        inside = np.flatnonzero(group == group[door])
        marked[max(inside[0], door - near)] += 1
        marked[min(inside[-1] + 1, door + near)] -= 1
    is_near: Bools = np.cumsum(marked)[:n] > 0
    return is_near


def _segment_starts(tour: Tour) -> Bools:
    starts: Bools = np.concatenate(
        [[True], (np.diff(tour.sequence) != 0) | (np.diff(tour.segment) != 0)]
    )
    return starts


def _part(tour: Tour, chosen: Bools) -> FrameGroup:
    truth, answer = tour.truth[chosen], tour.answer[chosen]
    correct, silent = int((truth == answer).sum()), int((answer < 0).sum())
    n = int(chosen.sum())
    return FrameGroup(n, correct, n - correct - silent, silent, float(tour.points[chosen].sum()))
