"""Counts of answers, one at a time or a million at once, and the points they come to.

Only whole numbers are kept: answers by true label and answered label, statements by object and
truth. Totals are counts times the points of each, added exactly rounded, so neither the order of
the answers nor the way they were counted (live, from the run log, by column) can change a digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.records import SILENCE, Answer, Outcome, ScoredAnswer, TimedAnswer, Truth
from robotvision.scoring.points import NOT_IN_VIEW, SILENT, PointsTable
from robotvision.tasks.model import Task


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
        Row: true label, in the order of ``task.labels``. Column: label answered, then `SILENT`.
    object_counts : list[list[int]]
        Row: object. Column: stated present, stated absent, not stated where it was in view, then
        the same where it was not.
    unscored : int
        Frames answered whose truth is not known.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.points_table = PointsTable(task)
        self.labels = task.labels
        self._columns, self._row_of = self.points_table.columns, self.points_table.row_of
        self._silent = {o: len(self.labels) + i for i, o in enumerate(SILENT)}
        self._points: list[list[float]] = self.points_table.points.tolist()
        self._statements: list[float] = self.points_table.statements.tolist()
        self.counts = [[0] * len(row) for row in self._points]
        self.object_counts = [[0] * 6 for _ in task.objects]
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
        answer = SILENCE if outcome is not None or timed.answer is None else timed.answer
        room = answer.room
        column = None if room is None else self._columns.get(room)
        if column is None and room is not None:
            raise self.points_table.outside(timed.index, room)
        if truth is None:
            return self._add_unscored(timed, answer, outcome)
        row = self._row_of(truth.room)
        if column is None:
            result = outcome or Outcome.UNANSWERED
            column = self._silent[result]
        else:
            result = Outcome.CORRECT if column == row else Outcome.WRONG
        points, objects = self._points[row][column], 0.0
        self.counts[row][column] += 1
        if self.object_counts:
            objects = self._add_objects(truth, answer)
        return ScoredAnswer(timed.index, truth, timed, result, points + objects, objects)

    def _add_unscored(
        self, timed: TimedAnswer, answer: Answer, outcome: Outcome | None
    ) -> ScoredAnswer:
        if answer.room is not None:
            self.unscored += 1
            return ScoredAnswer(timed.index, None, timed, None, 0.0)
        result = outcome or Outcome.UNANSWERED
        self.unscored_outcomes[result] += 1
        return ScoredAnswer(timed.index, None, timed, result, 0.0)

    def _add_objects(self, truth: Truth, answer: Answer) -> float:
        stated, in_view = answer.objects.get, truth.objects
        points = 0.0
        worth = self._statements
        for name, counts in self._object_rows:  # statement_code, spelt out: it runs between frames
            statement = stated(name)
            k = 2 if statement is None else 0 if statement else 1
            if name not in in_view:
                k += 3
            counts[k] += 1
            points += worth[k]
        return points

    def add_codes(
        self,
        truth: NDArray[np.integer[Any]],
        columns: NDArray[np.integer[Any]],
        stated: NDArray[np.integer[Any]] | None = None,
        in_view: NDArray[np.bool_] | None = None,
    ) -> None:
        """Count many answers at once.

        Parameters
        ----------
        truth : (n,) integers
            Row of the true label: its place in ``task.labels``; -1: not known.
        columns : (n,) integers
            Place of the answered label, or ``len(task.labels) + SILENT.index(outcome)``.
        stated, in_view : (n, objects) integers and bool, optional
            0 stated present, 1 stated absent, 2 not stated; whether the object was in view.
        """
        is_known = truth >= 0
        if not is_known.all():
            self._add_unscored_codes(columns[~is_known])
            truth, columns = truth[is_known], columns[is_known]
            if stated is not None and in_view is not None:
                stated, in_view = stated[is_known], in_view[is_known]
        shape = np.shape(self.counts)
        cells = np.bincount(
            truth.astype(np.int64) * shape[1] + columns, minlength=shape[0] * shape[1]
        )
        self.counts = (np.asarray(self.counts, dtype=np.int64) + cells.reshape(shape)).tolist()
        if stated is not None and in_view is not None:
            codes = np.where(in_view, stated, stated + NOT_IN_VIEW)
            for counts, column in zip(self.object_counts, codes.T, strict=True):
                _add(counts, np.bincount(column, minlength=len(counts)).tolist())

    def _add_unscored_codes(self, columns: NDArray[np.integer[Any]]) -> None:
        n_labels = len(self.labels)
        self.unscored += int((columns < n_labels).sum())
        for place, outcome in enumerate(SILENT):
            self.unscored_outcomes[outcome] += int((columns == n_labels + place).sum())

    def __iadd__(self, other: Tally) -> Self:
        for mine, theirs in zip(self.counts, other.counts, strict=True):
            _add(mine, theirs)
        for mine, theirs in zip(self.object_counts, other.object_counts, strict=True):
            _add(mine, theirs)
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
        outcomes = dict.fromkeys(map(str, Outcome), 0)
        for i in range(len(self.counts)):
            for name, n in self._row_outcomes(i).items():
                outcomes[name] += n
        for outcome, n in self.unscored_outcomes.items():
            outcomes[str(outcome)] += n
        return outcomes

    def _row_outcomes(self, i: int) -> dict[str, int]:
        row, n = self.counts[i], len(self.labels)
        answered = {"correct": row[i], "wrong": sum(row[:n]) - row[i]}
        return answered | {str(o): row[n + k] for k, o in enumerate(SILENT)}

    @property
    def points(self) -> float:
        """Points earned."""
        return self.room_points + self.object_points

    @property
    def room_points(self) -> float:
        """Points earned by rooms."""
        return fsum(self._row_points(i) for i in range(len(self.counts)))

    def _row_points(self, i: int) -> float:
        outcomes, worth = self._row_outcomes(i), self.points_table
        n_silent = sum(outcomes[o] for o in SILENT)
        return fsum(
            (
                outcomes["correct"] * worth.correct,
                outcomes["wrong"] * worth.wrong,
                n_silent * worth.unanswered,
            )
        )

    @property
    def object_points(self) -> float:
        """Points earned by objects."""
        return fsum(map(self._object_row_points, self.object_counts))

    def _object_row_points(self, row: Sequence[int]) -> float:
        return fsum(n * w for n, w in zip(row, self._statements, strict=True))

    @property
    def max_points(self) -> float:
        """The most points the frames with a known truth allow."""
        worth = self.points_table
        rooms = self.scored_frames * max(worth.correct, worth.unanswered)
        objects = (
            sum(row[k : k + 3]) * worth.best_statement(k == 0)
            for row in self.object_counts
            for k in (0, NOT_IN_VIEW)
        )
        return rooms + fsum(objects)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(labels, labels) counts: row true, column answered; frames without an answer left out."""
        return np.asarray(self.counts, dtype=np.int64)[:, : len(self.labels)]

    def rooms(self) -> list[RoomLine]:
        """Return the breakdown by true label, in the task's order."""
        lines = []
        for i, label in enumerate(self.labels):
            answered = sum(row[i] for row in self.counts)
            frames = sum(self.counts[i])
            right = self.counts[i][i]
            lines.append(
                RoomLine(
                    label,
                    frames,
                    self._row_outcomes(i),
                    self._row_points(i),
                    right / answered if answered else None,
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


def _add(counts: list[int], new: list[int]) -> None:
    counts[:] = [a + b for a, b in zip(counts, new, strict=True)]
