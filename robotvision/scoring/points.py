"""Points of one answer, after the ImageCLEF Robot Vision task (2009-2014).

The protocol in words. For each frame the task gives points for the room: ``correct`` for the true
room (or for the unknown label where the true room is none of the task's), ``wrong`` for any other
room, ``unanswered`` for no answer. Where the task has objects, each of them adds points by what was
stated of it (present, absent, nothing) and whether it was in view; how often it is in view does not
count. A frame that was answered late, skipped or failed is worth what an empty answer is worth.
The maximum is what a system would earn that states the truth where that pays and is silent where
silence pays more.
"""

from __future__ import annotations

from robotvision.errors import RobotVisionError
from robotvision.records import SILENCE, Answer, Outcome, Truth
from robotvision.tasks.model import Cell, Task


class PointsTable:
    """The points of a task, ready for use: every lookup was done before the clock starts.

    Parameters
    ----------
    task : Task
        With its rooms settled (see `Task.with_rooms`).
    """

    def __init__(self, task: Task) -> None:
        if not task.room_names:
            raise RobotVisionError(f"task {task.id}: its rooms are not settled; train first")
        self.task = task
        self.labels = task.labels
        room = task.points.room
        self.correct, self.wrong, self.unanswered = room.correct, room.wrong, room.unanswered
        self.objects = task.objects
        points = task.points.objects
        cells = (points.stated_present, points.stated_absent, points.not_stated) if points else ()
        self._present = [cell.present for cell in cells]
        self._absent = [cell.absent for cell in cells]
        self._labels = frozenset(self.labels)

    def label_of(self, truth: Truth) -> str:
        """Return the label that is right for ``truth``: its room, or unknown.

        Raises
        ------
        RobotVisionError
            The true room is none of the task's, and the task has no unknown label.
        """
        if truth.room in self._labels:
            return truth.room
        if self.task.unknown is None:
            raise RobotVisionError(
                f"the true room {truth.room!r} is outside the task {self.task.id} "
                f"(rooms: {', '.join(self.labels)})"
            )
        return self.task.unknown

    def room(self, truth: Truth, said: str | None) -> tuple[Outcome, float]:
        """Return outcome and points of the answer ``said`` to "where are you?"."""
        if said is None:
            return Outcome.UNANSWERED, self.unanswered
        if said == self.label_of(truth):
            return Outcome.CORRECT, self.correct
        return Outcome.WRONG, self.wrong

    def object(self, in_view: bool, stated: bool | None) -> float:
        """Return the points for one object: stated present, stated absent or (None) not stated."""
        return (self._present if in_view else self._absent)[_row(stated)]

    def statements(self) -> list[float]:
        """Return the points for one object: stated present, absent, not stated; the same unseen."""
        return [*self._present, *self._absent]

    def of(self, truth: Truth, answer: Answer) -> tuple[Outcome, float]:
        """Return outcome and points of a timely answer, objects included."""
        outcome, points = self.room(truth, answer.room)
        if self.objects:
            stated, seen = answer.objects, truth.objects
            points += sum(self.object(o in seen, stated.get(o)) for o in self.objects)
        return outcome, points

    def empty(self, truth: Truth) -> float:
        """Return the points of no answer at all."""
        return self.of(truth, SILENCE)[1]

    def maximum(self, truth: Truth) -> float:
        """Return the most points that ``truth`` allows."""
        best = max(self.correct, self.unanswered)
        for o in self.objects:
            best += max(self._present if o in truth.objects else self._absent)
        return best


def _row(stated: bool | None) -> int:
    return 2 if stated is None else (0 if stated else 1)


def cell_of(task: Task, stated: bool | None) -> Cell:
    """Return the task's points for a kind of statement about an object."""
    points = task.points.objects
    if points is None:
        return Cell()
    return (points.stated_present, points.stated_absent, points.not_stated)[_row(stated)]
