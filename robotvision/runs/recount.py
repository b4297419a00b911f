"""Count a run log again, without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.runs.log import RunRecord
from robotvision.scoring.policy import Judge, Policy, Verdict
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Task

Count = Callable[[FrameRecord, ScoredAnswer], None]


def recount(
    record: RunRecord, policy: Policy | None = None, each: Count = lambda record, scored: None
) -> tuple[Task, dict[str, Tally]]:
    """Count a run log again, as it was replayed.

    Parameters
    ----------
    record : RunRecord
        As read.
    policy : Policy, optional
        In place of the run's own; the recorded times are kept (see `robotvision.runs.rescore`
        for other clocks).
    each : callable, optional
        Called with every frame and what it was worth, in order.

    Returns
    -------
    task, tallies
        The task of the run; a tally for each test set.
    """
    task = Task.model_validate_json(json.dumps(record.about["task"]))
    policy = policy or logged_policy(record)
    is_asap = record.about["clock"] == "asap"
    tallies: dict[str, Tally] = {}
    for sequence in record.sequences:
        tally = tallies.setdefault(sequence.set, Tally(task))
        judge = Judge(policy)
        due = [f.timed.due_ns for f in sequence.frames]
        deadlines = due if is_asap else policy.deadlines(due)
        frames = {f.index: f for f in sequence.frames}

        def count(verdict: Verdict, frames: Any = frames, tally: Tally = tally) -> None:
            frame = frames[verdict.timed.index]
            each(frame, tally.add(frame.truth, verdict.timed, verdict.outcome))

        for frame, deadline in zip(sequence.frames, deadlines, strict=True):
            for verdict in judge.push(frame.timed, deadline):
                count(verdict)
        for verdict in judge.flush():
            count(verdict)
    return task, tallies


def logged_policy(record: RunRecord) -> Policy:
    """Return the policy a run was made under."""
    about = record.about["policy"]
    deadline = about.get("deadline_ms")
    ns = round(deadline * 1e6) if isinstance(deadline, (int, float)) else deadline
    return Policy(about["backlog"], about["late"], ns, about["name"])


def answer_ages(record: RunRecord, policy: Policy) -> list[int | None]:
    """Return the age of every frame's answer in nanoseconds, in the order of the log.

    Under ``hold``: from the due time of the frame the held answer spoke of to the moment it was
    judged. Else: from the frame's due time to the end of its own answer. None: no answer.
    """
    ages: list[int | None] = []
    is_asap = record.about["clock"] == "asap"
    for sequence in record.sequences:
        due = [f.timed.due_ns for f in sequence.frames]
        deadlines = due if is_asap else policy.deadlines(due)
        judge = Judge(policy)
        verdicts = [
            verdict
            for frame, deadline in zip(sequence.frames, deadlines, strict=True)
            for verdict in judge.push(frame.timed, deadline)
        ]
        for verdict in (*verdicts, *judge.flush()):
            timed = verdict.timed
            own = None if timed.finished_ns is None else timed.finished_ns - timed.due_ns
            ages.append(verdict.age_ns if policy.late == "hold" else own)
    return ages
