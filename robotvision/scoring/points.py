"""Points of one answer, after the ImageCLEF Robot Vision task (2009-2014).

The protocol in words. For each frame the task gives points for the room: ``correct`` for the true
room (or for the unknown label where the true room is none of the task's), ``wrong`` for any other
room, ``unanswered`` for no answer. Where the task has objects, each of them adds points by what was
stated of it (present, absent, nothing) and whether it was in view; how often it is in view does not
count. A frame that was answered late, skipped or failed is worth what an empty answer is worth.
The maximum is what a system would earn that states the truth where that pays and is silent where
silence pays more.

The protocol becomes an array once, `PointsTable.points`, and every count and every frame is worth
an entry of it.
"""

from __future__ import annotations

import numpy as np

from robotvision.errors import RobotVisionError
from robotvision.records import SILENCE, Answer, Outcome, Truth
from robotvision.tasks.model import Task

SILENT = (Outcome.UNANSWERED, Outcome.LATE, Outcome.SKIPPED, Outcome.FAILED)
"""Outcomes that are worth no room; their columns follow the labels, in this order."""
PRESENT, ABSENT, NOT_STATED = 0, 1, 2
"""How a statement about an object is coded, in run files, frame tables and tallies."""
NOT_IN_VIEW = 3
"""Added to the code of a statement where the object was not in view."""


class PointsTable:
    """The points of a task, ready for use: every lookup was done before the clock starts.

    Parameters
    ----------
    task : Task
        With its rooms settled (see `Task.with_rooms`).

    Attributes
    ----------
    points : (labels, labels + 4) floats
        Row: true label, in the order of ``task.labels``. Column: label answered, then `SILENT`.
    statements : (6,) floats, or (0,) where the task has no objects
        For one object: stated present, stated absent, not stated where it was in view, then the
        same where it was not.
    """

    def __init__(self, task: Task) -> None:
        if not task.room_names:
            raise RobotVisionError(f"task {task.id}: its rooms are not settled; train first")
        self.task = task
        self.labels, self.objects = task.labels, task.objects
        n, room, points = len(task.labels), task.points.room, task.points.objects
        self.correct, self.wrong, self.unanswered = room.correct, room.wrong, room.unanswered
        self.points = np.full((n, n + len(SILENT)), room.wrong, np.float64)
        self.points[:, n:] = room.unanswered
        self.points[np.arange(n), np.arange(n)] = room.correct
        cells = (points.stated_present, points.stated_absent, points.not_stated) if points else ()
        self.statements = np.array(
            [cell.present for cell in cells] + [cell.absent for cell in cells], np.float64
        )
        self.columns = {label: i for i, label in enumerate(task.labels)}
        self._rows = dict(self.columns)

    def row_of(self, room: str) -> int:
        """Return the row of a true room: its own, that of its alias, or the unknown label's.

        Raises
        ------
        RobotVisionError
            The room is misspelt, or none of the task's and the task has no unknown label.
        """
        row = self._rows.get(room)
        if row is None:
            label = self.task.label_of(room)
            if label is None:
                raise RobotVisionError(
                    f"the true room {room!r} is outside the task {self.task.id}"
                    f"{self.task.room_matcher.hint(room)} (rooms: {', '.join(self.labels)})"
                )
            row = self._rows[room] = self._rows[label]
        return row

    def label_of(self, truth: Truth) -> str:
        """Return the label that is right for ``truth``; raises as `row_of`."""
        return self.labels[self.row_of(truth.room)]

    def outside(self, index: int, room: str) -> RobotVisionError:
        """Return the error of frame ``index`` being answered with a label of no column."""
        return RobotVisionError(
            f"frame {index}: the answer {room!r} is outside the task {self.task.id}"
            f"{self.task.room_matcher.hint(room)} (labels: {', '.join(self.labels)})"
        )

    def of(self, truth: Truth, answer: Answer) -> tuple[Outcome, float]:
        """Return outcome and points of a timely answer, objects included."""
        row = self.row_of(truth.room)
        if answer.room is None:
            outcome, points = Outcome.UNANSWERED, self.unanswered
        elif self.columns.get(answer.room) == row:
            outcome, points = Outcome.CORRECT, self.correct
        else:
            outcome, points = Outcome.WRONG, self.wrong
        stated = answer.objects.get
        for name in self.objects:
            points += self.statements[statement_code(stated(name), name in truth.objects)]
        return outcome, float(points)

    def empty(self, truth: Truth) -> float:
        """Return the points of no answer at all."""
        return self.of(truth, SILENCE)[1]

    def maximum(self, truth: Truth) -> float:
        """Return the most points that ``truth`` allows."""
        best = max(self.correct, self.unanswered)
        return best + float(sum(self.best_statement(o in truth.objects) for o in self.objects))

    def best_statement(self, in_view: bool) -> float:
        """Return the most points that one object can earn."""
        first = 0 if in_view else NOT_IN_VIEW
        return float(self.statements[first : first + 3].max())

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that any frame can earn."""
        rooms = self.correct, self.wrong, self.unanswered
        if not self.objects:
            return min(rooms), max(rooms)
        n, cells = len(self.objects), self.statements.tolist()
        return min(rooms) + n * min(cells), max(rooms) + n * max(cells)


def statement_code(stated: bool | None, in_view: bool) -> int:
    """Return the place of a statement (None: not stated) in `PointsTable.statements`."""
    code = NOT_STATED if stated is None else PRESENT if stated else ABSENT
    return code if in_view else code + NOT_IN_VIEW
