"""A run by column: what pages, figures, tables and exports are made of.

Everything follows from the run log: it is counted again under the run's own policy, and each
frame's truth, judged answer, outcome, points and times become columns in the order of the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.records import FrameRecord, Outcome, ScoredAnswer
from robotvision.report.summary import from_record
from robotvision.runs.log import RunRecord, read_log
from robotvision.runs.recount import answer_ages, logged_policy, recount
from robotvision.scoring.bootstrap import Interval, interval, visits
from robotvision.scoring.tally import Tally
from robotvision.scoring.transitions import Tour, Transitions, transitions
from robotvision.tasks.model import Task

OUTCOMES = tuple(map(str, Outcome))
UNSCORED = -1
"""Outcome code of a frame answered whose truth is not known."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(eq=False)
class RunColumns:
    """A run log with its counts, a row a frame.

    Parameters
    ----------
    folder : Path
        Where the run lies.
    record, task, tallies : RunRecord, Task, Mapping[str, Tally]
        The log, and what it comes to.
    data : dict
        What ``report.json`` holds.
    frames, scored : list
        Facts and judgement of each frame, in the order of the log.
    sequence : (n,) integers
        Which of ``record.sequences`` the frame belongs to.
    """

    folder: Path
    record: RunRecord
    task: Task
    tallies: Mapping[str, Tally]
    data: dict[str, Any]
    frames: list[FrameRecord]
    scored: list[ScoredAnswer]
    sequence: Ints
    name: str = field(default="")

    def __len__(self) -> int:
        return len(self.frames)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label of the task."""
        return self.task.labels

    @cached_property
    def segment(self) -> Ints:
        """Segment of each frame, within its sequence."""
        return np.array([f.segment for f in self.frames], np.int64)

    @cached_property
    def time_ns(self) -> Ints:
        """Time stamps."""
        return np.array([f.timestamp_ns for f in self.frames], np.int64)

    @cached_property
    def truth(self) -> Ints:
        """Code of the true label, -1 where it is not known."""
        code = {label: i for i, label in enumerate(self.labels)}
        other = code.get(self.task.unknown or "", -1)
        return np.array(
            [-1 if f.truth is None else code.get(f.truth.room, other) for f in self.frames],
            np.int64,
        )

    @cached_property
    def answer(self) -> Ints:
        """Code of the answer as judged; -1: none, or one that came too late to count."""
        code = {label: i for i, label in enumerate(self.labels)}
        counted = (Outcome.CORRECT, Outcome.WRONG, None)
        return np.array(
            [
                code.get(s.timed.answer.room or "", -1)
                if s.timed.answer is not None and s.outcome in counted
                else -1
                for s in self.scored
            ],
            np.int64,
        )

    @cached_property
    def outcome(self) -> Ints:
        """Place of the outcome in `OUTCOMES`, `UNSCORED` without a truth."""
        place = {str(o): i for i, o in enumerate(OUTCOMES)}
        return np.array(
            [UNSCORED if s.outcome is None else place[s.outcome] for s in self.scored], np.int64
        )

    @cached_property
    def points(self) -> Floats:
        """What each frame earned; 0 without a truth."""
        return np.array([s.points for s in self.scored], np.float64)

    @cached_property
    def confidence(self) -> Floats:
        """Confidence of the judged answer, NaN where there is none."""
        return np.array(
            [
                np.nan if (a := s.timed.answer) is None or a.confidence is None else a.confidence
                for s in self.scored
            ],
            np.float64,
        )

    @cached_property
    def latency_ns(self) -> Floats:
        """Time the system had each frame, NaN where it never saw it."""
        values = (f.timed.latency_ns for f in self.frames)
        return np.array([np.nan if v is None else v for v in values], np.float64)

    @cached_property
    def stages_ns(self) -> dict[str, Floats]:
        """Time in each stage, NaN where it was not run."""
        names = dict.fromkeys(k for f in self.frames for k in f.timed.stages_ns)
        return {
            name: np.array([f.timed.stages_ns.get(name, np.nan) for f in self.frames], np.float64)
            for name in names
        }

    @cached_property
    def is_scored(self) -> NDArray[np.bool_]:
        """Whether the truth of the frame is known."""
        return self.truth >= 0

    @cached_property
    def visit(self) -> Ints:
        """Number of the room visit of each frame."""
        return visits(self.sequence, self.segment, self.truth)

    @cached_property
    def age_ns(self) -> list[int | None]:
        """Age of each frame's answer; see `robotvision.scoring.transitions.answer_ages`."""
        return answer_ages(self.record, logged_policy(self.record))

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The least and the most a frame can earn."""
        room, cells = self.task.points.room, self.task.points.objects
        worst = min(room.correct, room.wrong, room.unanswered)
        best = max(room.correct, room.wrong, room.unanswered)
        if cells is not None:
            rows = (cells.stated_present, cells.stated_absent, cells.not_stated)
            values = [v for row in rows for v in (row.present, row.absent)]
            worst += len(self.task.objects) * min(values)
            best += len(self.task.objects) * max(values)
        return worst, best

    def interval(self, by: str = "visit") -> Interval:
        """Return the points with their interval, by ``visit`` or by ``sequence``."""
        chosen = self.is_scored
        blocks = self.visit if by == "visit" else self.sequence
        return interval(self.points[chosen], blocks[chosen], bounds=self.bounds)

    def transitions(self) -> Transitions:
        """Return what happens at the doors, over the frames with a known truth."""
        c = self.is_scored
        return transitions(
            Tour(
                self.sequence[c],
                self.segment[c],
                self.time_ns[c],
                self.truth[c],
                self.answer[c],
                self.points[c],
            )
        )


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
    judged: dict[int, ScoredAnswer] = {}

    def keep(frame: FrameRecord, scored: ScoredAnswer) -> None:
        judged[id(frame)] = scored

    task, tallies = recount(record, each=keep)
    frames = list(record.frames())
    numbers = [np.full(len(s.frames), i) for i, s in enumerate(record.sequences)]
    return RunColumns(
        folder=folder,
        record=record,
        task=task,
        tallies=tallies,
        data=from_record(record, task, tallies, folder),
        frames=frames,
        scored=[judged[id(frame)] for frame in frames],
        sequence=np.concatenate(numbers).astype(np.int64) if numbers else np.zeros(0, np.int64),
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
