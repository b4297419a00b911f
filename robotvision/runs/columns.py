"""A run log by column: what rescoring works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.records import FrameRecord, Outcome, TimedAnswer
from robotvision.runs.log import SequenceRecord
from robotvision.scoring.policy import own_outcome
from robotvision.scoring.tally import SILENT, Tally
from robotvision.tasks.model import Task

Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).max
"""Finished at no time."""
ANSWERED = -1
"""In a column of outcomes: the frame has an answer of its own."""
SKIPPED, LATE, UNANSWERED = (
    SILENT.index(o) for o in (Outcome.SKIPPED, Outcome.LATE, Outcome.UNANSWERED)
)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One sequence of a log by column, a row a frame.

    Parameters
    ----------
    set : str
        Its test set.
    first : int
        Position of its first frame in the run.
    timestamps : list of int
        As recorded, in nanoseconds.
    latency : list of int
        How long the system had each frame; 0 where it never saw it.
    was_asked : (n,) bool
        Whether the system saw the frame.
    own : (n,) int64
        -1: answered; else the place of FAILED or SKIPPED in `SILENT`.
    truth : (n,) int64
        Place of the true label in the task's, -1 where it is not known.
    said : (n,) int64
        A column of `Tally.counts`.
    stated, in_view : (n, objects) int64 and bool, or None
        As `Tally.add_codes` takes them; None where the task has no objects.
    due, started, finished : (n,) int64
        As recorded; the last two `NEVER` where the system was not asked.
    """

    set: str
    first: int
    timestamps: list[int]
    latency: list[int]
    was_asked: NDArray[np.bool_]
    own: Ints
    truth: Ints
    said: Ints
    stated: Ints | None
    in_view: NDArray[np.bool_] | None
    due: Ints
    started: Ints
    finished: Ints

    def __len__(self) -> int:
        return len(self.timestamps)


def or_never(times: Sequence[int | None]) -> Ints:
    """Return times by column, `NEVER` in place of None."""
    return np.fromiter((NEVER if t is None else t for t in times), np.int64, len(times))


class Coder:
    """Turns the frames of a log into columns."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.worth = Tally(task).worth
        self.label = {label: i for i, label in enumerate(task.labels)}
        self.room: dict[str, int] = {}

    def columns(self, sequence: SequenceRecord, first: int) -> Columns:
        """Return the frames of a sequence whose first is the ``first``-th of the run. Raises."""
        frames = sequence.frames
        timed = [f.timed for f in frames]
        stated, in_view = self._objects(frames)
        started, finished = (
            or_never([getattr(t, k) for t in timed]) for k in ("started_ns", "finished_ns")
        )
        was_asked = (started != NEVER) & (finished != NEVER)
        return Columns(
            sequence.set,
            first,
            [f.timestamp_ns for f in frames],
            np.where(was_asked, finished - started, 0).tolist(),
            was_asked,
            self._array(self._own(t) for t in timed),
            self._array(map(self._truth, frames)),
            self._array(map(self._said, timed)),
            stated,
            in_view,
            self._array(t.due_ns for t in timed),
            started,
            finished,
        )

    @staticmethod
    def _array(values: Iterable[int]) -> Ints:
        return np.fromiter(values, np.int64)

    @staticmethod
    def _own(timed: TimedAnswer) -> int:
        own = own_outcome(timed)
        return ANSWERED if own is None else SILENT.index(own)

    def _truth(self, frame: FrameRecord) -> int:
        if frame.truth is None:
            return -1
        room = frame.truth.room
        if room not in self.room:
            self.room[room] = self.label[self.worth.label_of(frame.truth)]
        return self.room[room]

    def _said(self, timed: TimedAnswer) -> int:
        answer = timed.answer
        if answer is None or answer.room is None:
            return len(self.label) + UNANSWERED
        if answer.room not in self.label:
            raise RobotVisionError(
                f"frame {timed.index}: the answer {answer.room!r} is outside the task "
                f"{self.task.id} (labels: {', '.join(self.label)})"
            )
        return self.label[answer.room]

    def _objects(
        self, frames: Sequence[FrameRecord]
    ) -> tuple[Ints, NDArray[np.bool_]] | tuple[None, None]:
        names = self.task.objects
        if not names:
            return None, None
        stated = np.full((len(frames), len(names)), 2, np.int64)
        in_view = np.zeros(stated.shape, np.bool_)
        for k, frame in enumerate(frames):
            answer, truth = frame.timed.answer, frame.truth
            said = answer.objects if answer is not None else {}
            for i, name in enumerate(names):
                if name in said:
                    stated[k, i] = 0 if said[name] else 1
                in_view[k, i] = truth is not None and name in truth.objects
        return stated, in_view
