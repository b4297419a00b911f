"""The `FrameTable` of handed-in answers: the truth of the test sets, and what a run file answers.

A run file knows no times and no confidence, so those columns are empty of meaning: nothing was ever
started, and every frame has an answer, if only that it has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Ints
from robotvision.data import open_sequence
from robotvision.errors import InputFaults
from robotvision.scoring.judging import count, judge
from robotvision.scoring.points import NOT_STATED, PointsTable
from robotvision.scoring.policy import named_policy
from robotvision.scoring.table import ANSWERED, NEVER, FrameTable
from robotvision.scoring.tally import Tally
from robotvision.submissions.checker import CheckResult
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks.model import Task

OFFLINE = named_policy("offline")


def truth_frames(
    task: Task, truths: Mapping[str, TruthTable], segments: Sequence[Ints | None] = ()
) -> FrameTable:
    """Return the frames of the test sets, none of them answered.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    truths : Mapping[str, TruthTable]
        By test set; see `robotvision.submissions.score.require_truth_fits`.
    segments : sequence of (n,) integers or None, optional
        Of each test set's frames; all 0 where they are not known.

    Raises
    ------
    RobotVisionError
        A true room is outside the task.
    """
    row_of = PointsTable(task).row_of
    tables, n = list(truths.values()), sum(map(len, truths.values()))
    rows = [np.array([*map(row_of, t.rooms), -1], np.int64)[t.codes] for t in tables]
    known = segments or [None] * len(tables)
    return FrameTable(
        labels=task.labels,
        objects=task.objects,
        sequences=tuple(truths),
        sets=tuple(truths),
        sequence=np.repeat(np.arange(len(tables)), list(map(len, tables))),
        index=_joined([t.frames.indices for t in tables]),
        timestamp_ns=_constant(0, n),
        segment=_joined(
            [_constant(0, len(t)) if s is None else s for t, s in zip(tables, known, strict=True)]
        ),
        truth=_joined(rows),
        answer=_constant(-1, n),
        confidence=np.broadcast_to(np.nan, n),
        stated=np.broadcast_to(NOT_STATED, (n, len(task.objects))) if task.objects else None,
        in_view=_joined([_in_view(task, t) for t in tables]) if task.objects else None,
        due_ns=_constant(0, n),
        started_ns=_constant(NEVER, n),
        finished_ns=_constant(NEVER, n),
        own=_constant(ANSWERED, n),
    )


def _constant(value: int, n: int) -> Ints:
    return np.broadcast_to(np.int64(value), n)


def _joined(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _in_view(task: Task, truth: TruthTable) -> NDArray[np.bool_]:
    in_view = np.zeros((len(truth), len(task.objects)), np.bool_)
    for i, spelling in enumerate(truth.objects):
        name = task.object_matcher.label(spelling)
        if name is not None:
            in_view[:, task.objects.index(name)] |= truth.seen[:, i]
    return in_view


def segments_of(path: Path) -> Ints | None:
    """Return the segment of each frame of a truth, None where it came without its sequence."""
    if not path.is_dir():
        return None
    return np.array([e.segment for e in open_sequence(path).frames], np.int64)


def judged(frames: FrameTable, checks: Mapping[str, CheckResult]) -> FrameTable:
    """Return the frames of `truth_frames` with a run's answers, judged.

    Parameters
    ----------
    frames : FrameTable
    checks : Mapping[str, CheckResult]
        By test set, in the order of the frames; of files checked against the same truths. A frame
        without a line is not answered.

    Raises
    ------
    InputFaults
        A file is refused.
    """
    answer = np.full(len(frames), -1, np.int64)
    stated = None
    if frames.stated is not None:
        stated = np.full(frames.stated.shape, NOT_STATED, np.int64)
    for rows, check in zip(frames.parts(), checks.values(), strict=True):
        if check.answers is None or check.positions is None:
            raise InputFaults(check.faults)
        answer[rows][check.positions] = check.answers.codes
        if stated is not None and check.answers.objects:
            stated[rows][check.positions] = check.answers.stated
    return judge(replace(frames, answer=answer, stated=stated), OFFLINE)


def tally_run(task: Task, truth: TruthTable, run: CheckResult) -> Tally:
    """Return the tally of a checked run over one test set; parameters as above."""
    frames = truth_frames(task, {truth.name: truth})
    return count(judged(frames, {truth.name: run}), task)[truth.name]
