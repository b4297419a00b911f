"""A run by column: what pages, figures, tables and exports are made of.

Everything follows from the run log: its `FrameTable` is scored under the run's own policy, and
stands here beside the log, the counts and what ``report.json`` holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats, Ints
from robotvision.errors import RobotVisionError
from robotvision.records import Answer, FrameRecord, Outcome
from robotvision.report.summary import from_record, period_ms
from robotvision.runs.log import RunRecord, read_log
from robotvision.runs.table import logged_task, scored_table
from robotvision.scoring.estimates import Unit, frame_bounds, points_interval
from robotvision.scoring.intervals import Interval
from robotvision.scoring.judging import count, object_points
from robotvision.scoring.points import PointsTable
from robotvision.scoring.table import NEVER, UNSCORED, FrameTable
from robotvision.scoring.tally import Tally
from robotvision.scoring.transitions import Transitions, transitions
from robotvision.tasks.model import Task

__all__ = [
    "OUTCOMES",
    "UNSCORED",
    "RunColumns",
    "columns_of",
    "load_run",
    "load_runs",
    "no_latency",
]

OUTCOMES = tuple(map(str, Outcome))


@dataclass(eq=False)
class RunColumns:
    """A run log with its counts, a row a frame.

    Parameters
    ----------
    folder : Path
        The run's.
    record, task, tallies : RunRecord, Task, Mapping[str, Tally]
        The log, and what it comes to.
    data : dict
        What ``report.json`` holds.
    frames : list
        Facts of each frame, in the order of the log.
    table : FrameTable
        The same frames, scored.
    """

    folder: Path
    record: RunRecord
    task: Task
    tallies: Mapping[str, Tally]
    data: dict[str, Any]
    frames: list[FrameRecord]
    table: FrameTable
    name: str = field(default="")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of the task."""
        return self.task.labels

    @property
    def sequence(self) -> Ints:
        """Which of ``record.sequences`` each frame belongs to."""
        return self.table.sequence

    @property
    def segment(self) -> Ints:
        """Segment of each frame, within its sequence."""
        return self.table.segment

    @property
    def time_ns(self) -> Ints:
        """Time stamps."""
        return self.table.timestamp_ns

    @property
    def truth(self) -> Ints:
        """Code of the true label, -1 where it is not known."""
        return self.table.truth

    @property
    def answer(self) -> Ints:
        """Code of the answer as judged; -1: none, or one that came too late to count."""
        return self.table.answer

    @property
    def outcome(self) -> Ints:
        """Place of the outcome in `OUTCOMES`, `UNSCORED` without a truth."""
        return self.table.outcome

    @property
    def points(self) -> Floats:
        """What each frame earned; 0 without a truth."""
        return self.table.points

    @cached_property
    def object_points(self) -> Floats:
        """What of the points of each frame its objects earned; the room earned the rest."""
        return object_points(self.table, self.task)

    @property
    def confidence(self) -> Floats:
        """Confidence of the judged answer, NaN where there is none."""
        return self.table.confidence

    def judged_answer(self, row: int) -> Answer | None:
        """Return the answer that counts for a frame, or came too late to."""
        return self.frames[int(self.table.source[row])].answer

    @cached_property
    def latency_ns(self) -> Floats:
        """Time the system had each frame, NaN where it never saw it."""
        took = self.table.finished_ns - self.table.started_ns
        return np.where(self.table.was_seen, took, np.nan)

    @property
    def taken_ms(self) -> Floats:
        """Latencies in milliseconds of the frames that took any time, in order."""
        return self.latency_ns[self.latency_ns > 0] / 1e6

    @cached_property
    def stages_ns(self) -> dict[str, Floats]:
        """Time in each stage, NaN where it was not run."""
        names = dict.fromkeys(k for f in self.frames for k in f.stages_ns)
        return {
            name: np.array([f.stages_ns.get(name, np.nan) for f in self.frames], np.float64)
            for name in names
        }

    @cached_property
    def posterior(self) -> Floats | None:
        """The probabilities behind each answer: (frames, labels), NaN where not known.

        None where no frame has any.
        """
        if not any(f.posterior for f in self.frames):
            return None
        rows = np.full((len(self.frames), len(self.labels)), np.nan)
        for row, frame in zip(rows, self.frames, strict=True):
            if frame.posterior:
                row[:] = [frame.posterior.get(label, 0.0) for label in self.labels]
        return rows

    @property
    def period_ms(self) -> float | None:
        """Time between two frames of the camera; None: not known."""
        return period_ms(self.data)

    @property
    def is_scored(self) -> NDArray[np.bool_]:
        """Whether the truth of the frame is known."""
        return self.table.is_known

    @property
    def visit(self) -> Ints:
        """Number of the room visit of each frame."""
        return self.table.visit

    @cached_property
    def age_ns(self) -> list[int | None]:
        """Age of each frame's answer (`FrameTable.age_ns`), None without one."""
        return [None if age == NEVER else age for age in self.table.age_ns.tolist()]

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that any frame can earn."""
        return PointsTable(self.task).bounds

    @cached_property
    def frame_bounds(self) -> tuple[Floats, Floats]:
        """The least and the most that each frame can earn."""
        return frame_bounds(self.table, self.task)

    def interval(self, by: Unit = "visit") -> Interval:
        """Return the points with their interval, by ``visit`` or by ``sequence``."""
        return points_interval(self.table, self.task, by)

    def transitions(self) -> Transitions:
        """Return what happens at the doors, over the frames with a known truth."""
        return transitions(self.table)


def no_latency(run: RunColumns) -> RobotVisionError:
    """Return the error for a run of which no frame has a latency."""
    return RobotVisionError(f"{run.folder}: no frame of the run has a latency")


def load_run(path: Path) -> RunColumns:
    """Read a run folder or its log.

    Raises
    ------
    InputFaults
        It is not a run log.
    """
    record = read_log(path)
    return columns_of(record, record.path.parent)


def columns_of(record: RunRecord, folder: Path) -> RunColumns:
    """Return a run log by column."""
    table = scored_table(record)
    task = logged_task(record)
    tallies = count(table, task)
    return RunColumns(
        folder=folder,
        record=record,
        task=task,
        tallies=tallies,
        data=from_record(record, task, tallies, folder, table),
        frames=list(record.frames()),
        table=table,
        name=folder.resolve().name,
    )


def load_runs(paths: Sequence[Path]) -> list[RunColumns]:
    """Read several runs and give each a name of its own."""
    runs = [load_run(p) for p in paths]
    seen: dict[str, int] = {}
    for run in runs:
        seen[run.name] = seen.get(run.name, 0) + 1
        if seen[run.name] > 1:
            run.name = f"{run.name} ({seen[run.name]})"
    return runs
