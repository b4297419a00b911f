"""A run log by column: the `FrameTable` of a recorded run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.records import FrameRecord, Outcome
from robotvision.runs.log import RunRecord
from robotvision.scoring.judging import judge, score
from robotvision.scoring.points import ABSENT, NOT_STATED, PRESENT, PointsTable
from robotvision.scoring.policy import Policy, own_outcome
from robotvision.scoring.table import ANSWERED, NEVER, OUTCOMES, FrameTable
from robotvision.tasks.model import Task


def logged_task(record: RunRecord) -> Task:
    """Return the task of a run, with its rooms settled."""
    return Task.model_validate_json(json.dumps(record.about["task"]))


def logged_policy(record: RunRecord) -> Policy:
    """Return the policy a run was made under."""
    about = record.about["policy"]
    deadline = about.get("deadline_ms")
    ns = round(deadline * 1e6) if isinstance(deadline, (int, float)) else deadline
    return Policy(about["backlog"], about["late"], ns, about["name"])


def scored_table(record: RunRecord, policy: Policy | None = None) -> FrameTable:
    """Return a run judged at its recorded times and scored, under its own policy unless given one.

    Raises
    ------
    RobotVisionError
        A truth, or an answer that counts, is outside the task.
    """
    return score(judge(table_of(record), policy or logged_policy(record)), logged_task(record))


def table_of(record: RunRecord) -> FrameTable:
    """Return the frames of a run log as a table, not judged.

    Raises
    ------
    RobotVisionError
        The truth of a frame is outside the task.
    """
    task = logged_task(record)
    row_of = PointsTable(task).row_of
    labels = {label: i for i, label in enumerate(task.labels)}
    frames = list(record.frames())
    timed = [f.timed for f in frames]
    answers = [t.answer for t in timed]
    stated, in_view = _objects(frames, task.objects)
    return FrameTable(
        sequences=tuple(str(s.about.get("name", s.set)) for s in record.sequences),
        sets=tuple(s.set for s in record.sequences),
        sequence=_column(i for i, s in enumerate(record.sequences) for _ in s.frames),
        index=_column(f.index for f in frames),
        timestamp_ns=_column(f.timestamp_ns for f in frames),
        segment=_column(f.segment for f in frames),
        truth=_column(-1 if f.truth is None else row_of(f.truth.room) for f in frames),
        answer=_column(
            -1 if a is None or a.room is None else labels.setdefault(a.room, len(labels))
            for a in answers
        ),
        confidence=np.array(
            [np.nan if a is None or a.confidence is None else a.confidence for a in answers],
            np.float64,
        ),
        stated=stated,
        in_view=in_view,
        due_ns=_column(t.due_ns for t in timed),
        started_ns=or_never(t.started_ns for t in timed),
        finished_ns=or_never(t.finished_ns for t in timed),
        own=_column(ANSWERED if (o := own_outcome(t)) is None else _CODES[o] for t in timed),
        has_clock=record.about["clock"] != "asap",
        labels=tuple(labels),  # after the answers: they may hold more than the task's
        objects=task.objects,
    )


_CODES: dict[Outcome, int] = {outcome: code for code, outcome in enumerate(OUTCOMES)}


def _column(values: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(values, np.int64)


def or_never(times: Iterable[int | None]) -> NDArray[np.int64]:
    """Return times by column, `NEVER` in place of None."""
    return _column(NEVER if t is None else t for t in times)


def _objects(
    frames: Sequence[FrameRecord], names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | tuple[None, None]:
    if not names:
        return None, None
    stated = np.full((len(frames), len(names)), NOT_STATED, np.int64)
    in_view = np.zeros(stated.shape, np.bool_)
    for k, frame in enumerate(frames):
        answer, truth = frame.timed.answer, frame.truth
        statements = answer.objects if answer is not None else {}
        for i, name in enumerate(names):
            if name in statements:
                stated[k, i] = PRESENT if statements[name] else ABSENT
            in_view[k, i] = truth is not None and name in truth.objects
    return stated, in_view
