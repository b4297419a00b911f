"""A run log by column: the `FrameTable` of a recorded run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray
from pydantic import ValidationError

from robotvision.errors import Fault, InputFaults
from robotvision.records import FrameRecord
from robotvision.runs.log import REMEDY, RunRecord
from robotvision.scoring.judging import judge, score
from robotvision.scoring.points import ABSENT, NOT_STATED, PRESENT, PointsTable
from robotvision.scoring.policy import Policy
from robotvision.scoring.table import ANSWERED, FAILED, NEVER, SKIPPED, FrameTable
from robotvision.tasks.model import Task


def logged_task(record: RunRecord) -> Task:
    """Return the task of a run, with its rooms settled.

    Raises
    ------
    InputFaults
        The log's first line holds none that is whole.
    """
    try:
        return Task.model_validate_json(json.dumps(record.about["task"]))
    except ValidationError as e:
        problem = e.errors(include_url=False)[0]
        where = "".join(f"[{key!r}]" for key in problem["loc"])
        message = f"the run's task{where}: {problem['msg']}"
        raise InputFaults(Fault(record.path, message, 1, remedy=REMEDY)) from None


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
        The truth of a frame is outside the task, or one of its numbers beyond 64 bits.
    """
    try:
        return _table_of(record)
    except OverflowError as e:
        message = "a time or a number in a frame's line is beyond 64 bits"
        raise InputFaults(Fault(record.path, message, remedy="record the run again")) from e


def _table_of(record: RunRecord) -> FrameTable:
    task = logged_task(record)
    row_of = PointsTable(task).row_of
    labels = {label: i for i, label in enumerate(task.labels)}
    frames = list(record.frames())
    stated, in_view = _objects(frames, task.objects)
    return FrameTable(
        sequences=tuple(str(s.about.get("name", s.set)) for s in record.sequences),
        sets=tuple(s.set for s in record.sequences),
        sequence=_column(i for i, s in enumerate(record.sequences) for _ in s.frames),
        index=_column(f.index for f in frames),
        timestamp_ns=_column(f.timestamp_ns for f in frames),
        segment=_column(f.segment for f in frames),
        truth=_column(-1 if f.truth_room is None else row_of(f.truth_room) for f in frames),
        answer=_column(
            labels.setdefault(f.room, len(labels)) if isinstance(f.room, str) else -1
            for f in frames
        ),
        confidence=np.array(
            [np.nan if f.confidence in (None, UNSET) else f.confidence for f in frames],
            np.float64,
        ),
        stated=stated,
        in_view=in_view,
        due_ns=_column(f.due_ns for f in frames),
        started_ns=or_never(f.started_ns for f in frames),
        finished_ns=or_never(f.finished_ns for f in frames),
        own=_column(_own(f) for f in frames),
        has_clock=record.about["clock"] != "asap",
        labels=tuple(labels),  # after the answers: they may hold more than the task's
        objects=task.objects,
    )


def _own(frame: FrameRecord) -> int:
    """Return the code of `robotvision.scoring.policy.own_outcome`, or `ANSWERED`."""
    if frame.fault is not None:
        return FAILED
    return SKIPPED if frame.room is UNSET else ANSWERED


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
        for i, name in enumerate(names):
            if name in frame.objects:
                stated[k, i] = PRESENT if frame.objects[name] else ABSENT
            in_view[k, i] = name in frame.truth_objects
    return stated, in_view
