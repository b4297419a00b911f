"""Judge, score and count whole tables: what `Judge` and `Tally` do live, by column.

A property test (``tests/runs/test_table.py``) holds both to the same outcomes, answers, points and
counts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robotvision.arrays import Floats, Ints
from robotvision.scoring.points import NOT_IN_VIEW, NOT_STATED, PointsTable
from robotvision.scoring.policy import Policy
from robotvision.scoring.table import (
    ANSWERED,
    CORRECT,
    LATE,
    NEVER,
    UNANSWERED,
    UNSCORED,
    WRONG,
    FrameTable,
)
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Task


def judge(table: FrameTable, policy: Policy) -> FrameTable:
    """Return the table with the answer that counts for each frame under ``policy``.

    Fills ``source``, ``age_ns`` and ``outcome`` (`ANSWERED` or the code of LATE, SKIPPED, FAILED),
    and makes ``answer``, ``confidence`` and ``stated`` those of the answer that counts.

    Parameters
    ----------
    table : FrameTable
        Not judged before; within a sequence answers are in the order of their ``finished_ns``.
    policy : Policy
    """
    if len(table.outcome):
        raise ValueError("the table is judged already; judge the one it was made from")
    outcome = table.own
    source, age = np.arange(len(table)), np.full(len(table), NEVER)
    deadlines = _deadlines(table, policy)
    has_finished = table.finished_ns != NEVER
    if policy.late == "hold":
        outcome = np.where(outcome == ANSWERED, LATE, outcome)
        can_count = (table.own == ANSWERED) & has_finished
        for rows in table.parts():
            answered = np.flatnonzero(can_count[rows]) + rows.start
            newest = np.searchsorted(table.finished_ns[answered], deadlines[rows], "right") - 1
            held = np.flatnonzero(newest >= 0)
            source[held + rows.start] = answered[newest[held]]
            outcome[held + rows.start] = ANSWERED
        is_held = outcome == ANSWERED
        age[is_held] = (deadlines - table.due_ns[source])[is_held]
        table = replace(
            table,
            answer=table.answer[source],
            confidence=table.confidence[source],
            stated=None if table.stated is None else table.stated[source],
        )
    else:
        if has_finished.any():
            age[has_finished] = (table.finished_ns - table.due_ns)[has_finished]
        if policy.late == "deadline":
            is_late = has_finished & (table.finished_ns > deadlines)
            outcome = np.where((outcome == ANSWERED) & is_late, LATE, outcome)
    is_answered, answer, stated = outcome == ANSWERED, table.answer, table.stated
    if not is_answered.all():
        answer = np.where(is_answered, answer, -1)
        stated = stated if stated is None else np.where(is_answered[:, None], stated, NOT_STATED)
    return replace(table, answer=answer, stated=stated, source=source, age_ns=age, outcome=outcome)


def _deadlines(table: FrameTable, policy: Policy) -> Ints:
    if not table.has_clock or policy.late == "own":
        return table.due_ns
    deadlines = np.empty(len(table), np.int64)
    for rows in table.parts():
        deadlines[rows] = policy.deadlines(table.due_ns[rows].tolist())
    return deadlines


def score(table: FrameTable, task: Task) -> FrameTable:
    """Return a judged table with every frame's outcome and points.

    Raises
    ------
    RobotVisionError
        An answer that counts is outside the task.
    """
    worth = PointsTable(task)
    columns, is_known, n_labels = _columns(table, worth), table.is_known, len(task.labels)
    outcome = np.where(columns == table.truth, CORRECT, WRONG)
    outcome[~is_known] = UNSCORED
    is_silent = columns >= n_labels
    outcome[is_silent] = columns[is_silent] - n_labels + UNANSWERED
    points = worth.points[table.truth, columns]
    earned = object_points(table, task)
    return replace(table, outcome=outcome, points=np.where(is_known, points + earned, 0.0))


def object_points(table: FrameTable, task: Task) -> Floats:
    """Return what the objects of each frame of a judged table earned; the room earned the rest.

    The column beside `ScoredAnswer.object_points`: 0 without a truth, and in tasks without objects.
    """
    earned = np.zeros(len(table))
    if table.stated is None or table.in_view is None:
        return earned
    worth = PointsTable(task)
    # one object after the other, as `Tally.add` does: not a digit may differ
    for stated, in_view in zip(table.stated.T, table.in_view.T, strict=True):
        earned += worth.statements[np.where(in_view, stated, stated + NOT_IN_VIEW)]
    return np.where(table.is_known, earned, 0.0)


def count(table: FrameTable, task: Task) -> dict[str, Tally]:
    """Return the tally of each test set of a judged table, in the order of its sequences.

    Raises
    ------
    RobotVisionError
        An answer that counts is outside the task.
    """
    tallies = {}
    for name in dict.fromkeys(table.sets):
        part = table.of_sets([name])
        tally = tallies[name] = Tally(task)
        columns = _columns(part, tally.points_table)
        tally.add_codes(part.truth, columns, part.stated, part.in_view)
    return tallies


def _columns(table: FrameTable, worth: PointsTable) -> Ints:
    """Return which column of the points table each frame of a judged table falls into."""
    if not table.is_judged:
        raise ValueError("the table is not judged")
    n_labels = len(worth.labels)
    if len(table.labels) > n_labels:
        refuse_outside(table, worth)
    columns, is_silent = table.answer.copy(), (table.outcome >= UNANSWERED) | (table.answer < 0)
    columns[is_silent] = n_labels + np.maximum(table.outcome[is_silent] - UNANSWERED, 0)
    return columns


def refuse_outside(table: FrameTable, worth: PointsTable) -> None:
    """Raise a RobotVisionError for the first answer of ``table`` that is outside the task."""
    for row in np.flatnonzero(table.answer >= len(worth.labels))[:1].tolist():
        raise worth.outside(int(table.index[row]), table.labels[table.answer[row]])
