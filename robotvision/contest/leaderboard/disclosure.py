"""What of a contest's results may be published: where the line runs between all and the organiser.

Whatever tells rooms, visits or frames apart gives the truth away: a page with a timeline solves the
test set in one submission. Public are totals: points with their interval, counts by outcome,
latency, faults and the method. They are computed from what a run earned in each visit and from the
lengths of the visits, so that two truths that give a run the same points and counts in the same
visits are published in the same bytes. Exact totals still leak, slowly
(`robotvision.contest.leaderboard.effort`): they can be rounded, or be those of some visits alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.contest.leaderboard.contest import Contest
from robotvision.errors import RobotVisionError
from robotvision.records import Notice
from robotvision.scoring.intervals import Interval
from robotvision.scoring.points import PointsTable
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks.model import Task

TOTALS = (
    "schema", "task", "mode", "policy", "frames", "points", "max_points", "room_points",
    "object_points", "outcomes", "unscored", "overall", "changed", "latency_ns", "faults",
)  # fmt: skip
"""Keys of a score that tell no rooms, visits or frames apart."""
BY_ROOM = ("rooms", "objects", "labels", "confusion")
PUBLIC_NOTICES = frozenset({"run-file"})
"""Codes of warnings that quote a run's own file and nothing of the truth, nor of other runs."""


class Reveal(IntEnum):
    """How much of the results is published; each level holds those before it."""

    TOTALS = 0
    ROOMS = 1
    FRAMES = 2


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a page or a file shows.

    Parameters
    ----------
    reveal : Reveal
    points_step : float or None
        Points and their interval in multiples of it, and no counts by outcome; None: exact.
    is_private : bool
        For the organiser: warnings about the truth and about other runs, too.

    Raises
    ------
    RobotVisionError
        The step is no number above 0, or goes with more than totals.
    """

    reveal: Reveal = Reveal.TOTALS
    points_step: float | None = None
    is_private: bool = False

    def __post_init__(self) -> None:
        step = self.points_step
        if step is not None and not (math.isfinite(step) and step > 0):
            raise RobotVisionError(f"points_step: expected a number above 0, got {step}")
        if step is not None and self.reveal > Reveal.TOTALS:
            raise RobotVisionError(
                "points_step: rounding hides nothing where rooms or frames are published; leave "
                "one of the two out"
            )

    @property
    def has_rooms(self) -> bool:
        """Whether results by room are shown."""
        return self.reveal >= Reveal.ROOMS

    @property
    def has_frames(self) -> bool:
        """Whether results by visit and frame are shown."""
        return self.reveal >= Reveal.FRAMES

    def points(self, value: float) -> float:
        """Return points as they are shown."""
        step = self.points_step
        return value if step is None else _multiple(round(value / step), step)

    def interval(self, points: Interval) -> Interval:
        """Return an interval as it is shown, rounded outwards."""
        step = self.points_step
        if step is None or points.low is None or points.high is None:
            return points
        low = _multiple(math.floor(points.low / step), step)
        high = _multiple(math.ceil(points.high / step), step)
        return replace(points, estimate=self.points(points.estimate), low=low, high=high)

    def notices(self, notices: Sequence[Notice]) -> list[Notice]:
        """Return the warnings that may be shown: to the organiser all."""
        return [n for n in notices if self.is_private or n.code in PUBLIC_NOTICES]

    def is_blind(self, task: Task) -> bool:
        """Whether the most points of a frame, and intervals bounded by them, tell too much."""
        return not self.has_rooms and max_depends_on_truth(task)

    def max_points(self, task: Task, value: float) -> float | None:
        """Return the most points as they are shown, None where they tell of the truth."""
        return None if self.is_blind(task) else value

    def score(self, task: Task, score: Mapping[str, Any]) -> dict[str, Any]:
        """Return a score, as `robotvision.submissions.score.summarise` gives it, as it is shown.

        ``max_points`` is None where it tells of the truth; where points are rounded ``outcomes`` is
        empty and the points of rooms and objects are None.
        """
        keys = (*TOTALS, *(BY_ROOM if self.has_rooms else ()))
        shown = self._totals(task, {key: score[key] for key in keys if key in score})
        parts = {
            name: {k: v for k, v in part.items() if self.has_rooms or k in TOTALS}
            for name, part in score["sets"].items()
        }
        shown["sets"] = {name: self._totals(task, part) for name, part in parts.items()}
        shown["warnings"] = [
            n for n in score["warnings"] if self.is_private or n["code"] in PUBLIC_NOTICES
        ]
        return shown

    def _totals(self, task: Task, totals: dict[str, Any]) -> dict[str, Any]:
        totals |= {
            "points": self.points(totals["points"]),
            "max_points": self.max_points(task, totals["max_points"]),
        }
        if self.points_step is not None:
            totals["outcomes"] = {}
            totals |= {"room_points": None, "object_points": None}
        return totals


def _multiple(n: int, step: float) -> float:
    """Return n steps, 0.3 and not 0.30000000000000004."""
    return round(n * step, 9)


ORGANISER = Disclosure(Reveal.FRAMES, is_private=True)
"""Everything."""


def max_depends_on_truth(task: Task) -> bool:
    """Return whether the most points of a frame tell what is in view in it."""
    worth = PointsTable(task)
    return bool(task.objects) and worth.best_statement(True) != worth.best_statement(False)


def public_part(contest: Contest, share: float, seed: int = 0) -> Contest:
    """Return the contest with the truth of some visits alone: the other frames are not scored.

    Parameters
    ----------
    contest : Contest
    share : float
        Of the frames of each test set, in (0, 1); whole visits are drawn until it is reached.
    seed : int
        The same seed and lengths of visits draw the same visits.

    Raises
    ------
    RobotVisionError
        The share is not within (0, 1), or a test set has a single visit.
    """
    if not 0 < share < 1:
        raise RobotVisionError(f"public_share: expected a number between 0 and 1, got {share}")
    is_public = np.zeros(len(contest.frames), np.bool_)
    for place, (name, rows) in enumerate(zip(contest.sets, contest.frames.parts(), strict=True)):
        visit = contest.frames.visit[rows]
        if len(np.unique(visit)) < 2:
            raise RobotVisionError(
                f"public_share: the test set {name!r} has a single room visit, which cannot be "
                "divided"
            )
        is_public[rows] = _draw_visits(visit, share, np.random.default_rng([seed, place]))
    sets = {
        name: _masked(table, is_public[rows])
        for (name, table), rows in zip(contest.sets.items(), contest.frames.parts(), strict=True)
    }
    truth = np.where(is_public, contest.frames.truth, -1)
    return replace(contest, sets=sets, frames=replace(contest.frames, truth=truth))


def _draw_visits(
    visit: NDArray[np.int64], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which frames belong to the drawn visits: some, and not all of them."""
    numbers, sizes = np.unique(visit, return_counts=True)
    order = rng.permutation(len(numbers))
    reached = np.cumsum(sizes[order]) / len(visit)
    n = int(np.argmin(np.abs(reached - share))) + 1
    return np.isin(visit, numbers[order[: min(n, len(numbers) - 1)]])


def _masked(table: TruthTable, is_public: NDArray[np.bool_]) -> TruthTable:
    codes = np.where(is_public, table.codes, -1).astype(table.codes.dtype)
    return replace(table, codes=codes)
