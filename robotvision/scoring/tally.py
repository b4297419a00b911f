"""Counts of answers, one at a time or a million at once, and the points they come to.

Only whole numbers are kept: answers by true label and by what was said, statements by object and
truth. Points are counts times worth, added exactly rounded, so neither the order of the answers nor
the way they were counted (live, from the run log, vectorised) can change a digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.records import SILENCE, Answer, Outcome, ScoredAnswer, TimedAnswer, Truth
from robotvision.scoring.points import PointsTable
from robotvision.tasks.model import Task

SILENT = (Outcome.UNANSWERED, Outcome.LATE, Outcome.SKIPPED, Outcome.FAILED)
"""Outcomes that are worth no room; their columns follow the labels, in this order."""
_SILENT = frozenset(SILENT)


@dataclass(frozen=True, slots=True)
class RoomLine:
    """The breakdown of one true label; precision and recall are None without support."""

    room: str
    frames: int
    outcomes: dict[str, int]
    points: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class ObjectLine:
    """The breakdown of one object: statements where it was in view, and where it was not."""

    name: str
    present: int
    stated_present_right: int
    stated_present_wrong: int
    stated_absent_right: int
    stated_absent_wrong: int
    not_stated_present: int
    not_stated_absent: int
    points: float


class Tally:
    """Running counts of a run under a task.

    Parameters
    ----------
    task : Task
        With its rooms settled.

    Attributes
    ----------
    counts : list[list[int]]
        Row: true label, in the order of ``task.labels``. Column: label said, then `SILENT`.
    object_counts : list[list[int]]
        Row: object. Column: stated present, stated absent, not stated where it was in view, then
        the same where it was not.
    unscored : int
        Frames answered whose truth is not known.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.worth = PointsTable(task)
        self.labels = task.labels
        self._column = {label: i for i, label in enumerate(self.labels)}
        self._silent = {o: len(self.labels) + i for i, o in enumerate(SILENT)}
        self._rows: dict[str, int] = {}
        n_columns = len(self.labels) + len(SILENT)
        self.counts = [[0] * n_columns for _ in self.labels]
        self.object_counts = [[0] * 6 for _ in task.objects]
        self._object_worth = self.worth.statements()
        self._object_rows = list(zip(task.objects, self.object_counts, strict=True))
        self.unscored = 0
        self.unscored_outcomes = dict.fromkeys(SILENT, 0)

    def add(
        self, truth: Truth | None, timed: TimedAnswer, outcome: Outcome | None = None
    ) -> ScoredAnswer:
        """Count one answer and return it with its points.

        Parameters
        ----------
        truth : Truth or None
            None: not known, the frame earns nothing and is counted apart.
        timed : TimedAnswer
            What was answered.
        outcome : Outcome, optional
            LATE, SKIPPED or FAILED as the policy found; None: the answer counts as it is. A fault
            in ``timed`` makes it FAILED.

        Raises
        ------
        RobotVisionError
            The answer or the truth holds a label outside the task.
        """
        if timed.fault is not None and outcome is None:
            outcome = Outcome.FAILED
        silent = outcome if outcome in _SILENT else None
        answer = SILENCE if silent is not None or timed.answer is None else timed.answer
        room = answer.room
        column = self._column.get(room) if room is not None else None
        if column is None and room is not None:
            raise RobotVisionError(
                f"frame {timed.index}: the answer {room!r} is outside the task "
                f"{self.task.id} (labels: {', '.join(self.labels)})"
            )
        if truth is None:
            return self._add_unscored(timed, answer, silent)
        row = self._row(truth)
        if column is None:
            found = silent or Outcome.UNANSWERED
            column, points = self._silent[found], self.worth.unanswered
        elif column == row:
            found, points = Outcome.CORRECT, self.worth.correct
        else:
            found, points = Outcome.WRONG, self.worth.wrong
        self.counts[row][column] += 1
        if self.object_counts:
            points += self._add_objects(truth, answer)
        return ScoredAnswer(timed.index, truth, timed, found, points)

    def _row(self, truth: Truth) -> int:
        row = self._rows.get(truth.room)
        if row is None:
            row = self._rows[truth.room] = self._column[self.worth.label_of(truth)]
        return row

    def _add_unscored(
        self, timed: TimedAnswer, answer: Answer, outcome: Outcome | None
    ) -> ScoredAnswer:
        if answer.room is not None:
            self.unscored += 1
            return ScoredAnswer(timed.index, None, timed, None, 0.0)
        found = outcome or Outcome.UNANSWERED
        self.unscored_outcomes[found] += 1
        return ScoredAnswer(timed.index, None, timed, found, 0.0)

    def _add_objects(self, truth: Truth, answer: Answer) -> float:
        stated, seen = answer.objects.get, truth.objects
        points = 0.0
        worth = self._object_worth
        for name, counts in self._object_rows:
            said = stated(name)
            k = 2 if said is None else 0 if said else 1
            if name not in seen:
                k += 3
            counts[k] += 1
            points += worth[k]
        return points

    def add_codes(
        self,
        truth: NDArray[np.integer[Any]],
        said: NDArray[np.integer[Any]],
        stated: NDArray[np.integer[Any]] | None = None,
        seen: NDArray[np.bool_] | None = None,
    ) -> None:
        """Count many answers at once.

        Parameters
        ----------
        truth : (n,) integers
            Row of the true label: its place in ``task.labels``.
        said : (n,) integers
            Column: place of the label said, or ``len(task.labels) + SILENT.index(outcome)``.
        stated, seen : (n, objects) integers and bool, optional
            0 stated present, 1 stated absent, 2 not stated; whether the object was in view.
        """
        n_columns = len(self.counts[0])
        flat = np.bincount(
            truth.astype(np.int64) * n_columns + said, minlength=len(self.counts) * n_columns
        ).reshape(len(self.counts), n_columns)
        self.counts = (np.asarray(self.counts, dtype=np.int64) + flat).tolist()
        if stated is not None and seen is not None:
            columns = stated + np.where(seen, 0, 3)
            for i in range(len(self.object_counts)):
                found = np.bincount(columns[:, i], minlength=6)
                self.object_counts[i][:] = [
                    a + int(b) for a, b in zip(self.object_counts[i], found, strict=True)
                ]

    def __iadd__(self, other: Tally) -> Self:
        for mine, theirs in zip(self.counts, other.counts, strict=True):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
        for mine, theirs in zip(self.object_counts, other.object_counts, strict=True):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
        self.unscored += other.unscored
        for outcome, n in other.unscored_outcomes.items():
            self.unscored_outcomes[outcome] += n
        return self

    @property
    def scored_frames(self) -> int:
        """Frames whose truth is known."""
        return sum(map(sum, self.counts))

    @property
    def frames(self) -> int:
        """All frames counted."""
        return self.scored_frames + self.unscored + sum(self.unscored_outcomes.values())

    @property
    def outcomes(self) -> dict[str, int]:
        """Frames by outcome, in the order of `Outcome`; they and ``unscored`` sum to the frames."""
        found = dict.fromkeys(map(str, Outcome), 0)
        for i in range(len(self.counts)):
            for name, n in self._row_outcomes(i).items():
                found[name] += n
        for outcome, n in self.unscored_outcomes.items():
            found[str(outcome)] += n
        return found

    def _row_outcomes(self, i: int) -> dict[str, int]:
        row, n = self.counts[i], len(self.labels)
        found = {"correct": row[i], "wrong": sum(row[:n]) - row[i]}
        return found | {str(o): row[n + k] for k, o in enumerate(SILENT)}

    @property
    def points(self) -> float:
        """Points earned."""
        return self.room_points + self.object_points

    @property
    def room_points(self) -> float:
        """Points earned by rooms."""
        return fsum(self._row_points(i) for i in range(len(self.counts)))

    def _row_points(self, i: int) -> float:
        found, worth = self._row_outcomes(i), self.worth
        n_silent = sum(found[o] for o in SILENT)
        return fsum(
            (
                found["correct"] * worth.correct,
                found["wrong"] * worth.wrong,
                n_silent * worth.unanswered,
            )
        )

    @property
    def object_points(self) -> float:
        """Points earned by objects."""
        return fsum(map(self._object_row_points, self.object_counts))

    def _object_row_points(self, row: Sequence[int]) -> float:
        return fsum(n * w for n, w in zip(row, self.worth.statements(), strict=True))

    @property
    def max_points(self) -> float:
        """The most points the frames with a known truth allow."""
        worth = self.worth
        rooms = self.scored_frames * max(worth.correct, worth.unanswered)
        objects = (
            sum(row[k : k + 3]) * max(worth.object(k == 0, s) for s in (True, False, None))
            for row in self.object_counts
            for k in (0, 3)
        )
        return rooms + fsum(objects)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(labels, labels) counts: row true, column said; frames without an answer left out."""
        return np.asarray(self.counts, dtype=np.int64)[:, : len(self.labels)]

    def rooms(self) -> list[RoomLine]:
        """Return the breakdown by true label, in the task's order."""
        lines = []
        for i, label in enumerate(self.labels):
            said = sum(row[i] for row in self.counts)
            frames = sum(self.counts[i])
            right = self.counts[i][i]
            lines.append(
                RoomLine(
                    label,
                    frames,
                    self._row_outcomes(i),
                    self._row_points(i),
                    right / said if said else None,
                    right / frames if frames else None,
                )
            )
        return lines

    def objects(self) -> list[ObjectLine]:
        """Return the breakdown by object, in the task's order."""
        return [
            ObjectLine(
                name,
                sum(row[:3]),
                row[0],
                row[3],
                row[4],
                row[1],
                row[2],
                row[5],
                self._object_row_points(row),
            )
            for name, row in zip(self.task.objects, self.object_counts, strict=True)
        ]


def total(task: Task, tallies: Mapping[str, Tally]) -> Tally:
    """Return the sum of the test sets' tallies."""
    whole = Tally(task)
    for tally in tallies.values():
        whole += tally
    return whole
