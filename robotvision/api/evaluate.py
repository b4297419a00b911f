"""The field's one verb: compare answers with the truth under a task's points."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import compress
from typing import Any

import numpy as np

from robotvision.api.arguments import PathLike, path_of, task_of
from robotvision.api.run import Run
from robotvision.api.score import Score
from robotvision.data.sequence import ImageSequence
from robotvision.errors import Fault, InputFaults, RobotVisionError, wrong_type
from robotvision.records import SILENCE, Answer, Notice, TimedAnswer, Truth
from robotvision.scoring.judging import count, score
from robotvision.scoring.tally import Tally
from robotvision.submissions.checker import require_run
from robotvision.submissions.score import require_truth_fits
from robotvision.submissions.table import judged, segments_of, truth_frames
from robotvision.submissions.testsets import settle
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks.model import Task
from robotvision.tasks.truth_labels import object_fault, own_labels, room_fault


def evaluate(truth: Any, answers: Any, *, task: Any = "rooms", mode: str = "obligatory") -> Score:
    """Score answers against the truth.

    Parameters
    ----------
    truth : mapping, sequence, ImageSequence or path
        The true room of each frame: a mapping from the frame's number, a list or array in the
        order of the answers, an opened sequence, or the path of a sequence or a ``truth.csv``. A
        room is a label, or a `robotvision.records.Truth` where the task has objects.
    answers : mapping, sequence, Run or path
        What was answered: a mapping from the frame's number, a list or array as long as the truth,
        a `Run`, or the path of a run file. An answer is a label, None (no answer) or an `Answer`.
        A frame of the truth that has no answer counts as not answered.
    task : str, path or Task
        The rules. For ``rooms`` the labels are those of the truth.
    mode : str
        ``obligatory`` or ``optional``; noted in the score.

    Raises
    ------
    RobotVisionError
        An argument is of a wrong type, a label is outside the task, an answer has no frame, or a
        file is refused.

    Examples
    --------
    >>> import robotvision as rv
    >>> truth = {1: "Kitchen", 2: "Corridor", 3: "Corridor"}
    >>> rv.evaluate(truth, {1: "Kitchen", 2: "Kitchen"}, task="rooms")
    Score(0.5 of 3 points, 3 frames)
    """
    rules = task_of(task)
    if isinstance(answers, Run):
        answers = answers.answers
    if _is_path(truth) and _is_path(answers):
        return _evaluate_files(rules, truth, answers, mode)
    if _is_path(truth):
        rules, truth = _truth_of_file(rules, truth)
    truths, given = _paired(truth, answers)
    rules = rules.with_rooms(Counter(t.room for t in truths.values()))
    truths = _in_labels_of(rules, truths)
    strange = [str(index) for index in given if index not in truths]
    if strange:
        raise RobotVisionError(
            f"answers: {len(strange)} of {len(given)} are of frames that the truth does not have "
            f"(first: {strange[0]}); number them as the truth does"
        )
    tally = Tally(rules)
    for index, true in truths.items():
        answer = _answer(index, given.get(index), rules)
        tally.add(true, TimedAnswer(index, answer, 0))
    return Score(rules, {"test": tally}, mode)


def _is_path(given: Any) -> bool:
    return isinstance(given, str | os.PathLike)


def _evaluate_files(task: Task, truth: PathLike, answers: PathLike, mode: str) -> Score:
    table = read_truth(path_of("truth", truth))
    rules = settle(task, [table])
    notices = require_truth_fits(rules, table)
    check = require_run(path_of("answers", answers), rules, table.frames)
    notices += [Notice("run-file", f"{check.path}: {warning}") for warning in check.warnings]
    frames = truth_frames(rules, {table.name: table}, [segments_of(path_of("truth", truth))])
    scored = score(judged(frames, {table.name: check}), rules)
    return Score(rules, count(scored, rules), mode, notices=tuple(notices), table=scored)


def _truth_of_file(task: Task, path: PathLike) -> tuple[Task, dict[int, Truth]]:
    table = read_truth(path_of("truth", path))
    task = settle(task, [table])
    if faults := table.labels.faults(task):
        raise InputFaults(faults)
    return task, {
        int(index): Truth(table.rooms[code], frozenset(compress(table.objects, seen)))
        for index, code, seen in zip(table.frames.indices, table.codes, table.seen, strict=True)
        if code >= 0
    }


def _paired(truth: Any, answers: Any) -> tuple[dict[int, Truth], dict[int, Any]]:
    if isinstance(truth, ImageSequence):
        if truth.truth is None:
            raise RobotVisionError(f"truth: {truth.root}: no truth in it")
        truth = truth.truth
    if isinstance(truth, Mapping):
        if not isinstance(answers, Mapping):
            raise wrong_type("answers", "a mapping from the frame's number, as the truth", answers)
        return {i: _true(i, t) for i, t in truth.items()}, dict(answers)
    for name, value in (("truth", truth), ("answers", answers)):
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise wrong_type(name, "a mapping, a list or array, a sequence or a path", value)
    truths, given = list(truth), list(answers)
    if len(truths) != len(given):
        raise RobotVisionError(
            f"answers: expected as many as the truth has frames ({len(truths)}), got {len(given)}"
        )
    return {i: _true(i, t) for i, t in enumerate(truths)}, dict(enumerate(given))


def _true(index: Any, given: Any) -> Truth:
    if isinstance(given, Truth):
        return given
    if isinstance(given, str):
        return Truth(str(given))
    raise wrong_type(f"truth[{index}]", "a room's label or a Truth", given)


def _in_labels_of(task: Task, truths: Mapping[int, Truth]) -> dict[int, Truth]:
    """Return truths in the task's own labels. Raises InputFaults where one is none of them."""
    first: dict[Truth, int] = {}
    for index, truth in truths.items():
        first.setdefault(truth, index)
    faults: dict[str, Fault] = {}
    for truth, index in first.items():
        given = [room_fault(task, truth.room, f"truth[{index}]")]
        given += [object_fault(task, o, f"truth[{index}]") for o in sorted(truth.objects)]
        for fault in filter(None, given):
            faults.setdefault(fault.message, fault)
    if faults:
        raise InputFaults(faults.values())
    own = {truth: own_labels(task, truth) for truth in first}
    return {index: own[truth] for index, truth in truths.items()}


def _answer(index: int, given: Any, task: Task) -> Answer:
    if given is None or (isinstance(given, float) and np.isnan(given)):
        return SILENCE
    answer = given if isinstance(given, Answer) else None
    if answer is None and isinstance(given, str):
        answer = Answer(str(given) or None)
    if answer is None:
        raise wrong_type(f"answers[{index}]", "a room's label, None or an Answer", given)
    return _in_own_labels(f"answers[{index}]", answer, task)


def _in_own_labels(where: str, answer: Answer, task: Task) -> Answer:
    """Return an answer in the task's own labels. Raises RobotVisionError where it has others."""
    room = None if answer.room is None else task.room_matcher.label(answer.room)
    if answer.room is not None and room is None:
        raise RobotVisionError(
            f"{where}: {answer.room!r} is outside the task {task.id}"
            f"{task.room_matcher.hint(answer.room)}; labels: {', '.join(task.labels)}"
        )
    match, objects = task.object_matcher, {}
    for name, stated in answer.objects.items() if task.objects else ():
        label = match.label(name)
        if label is None:
            raise RobotVisionError(
                f"{where}: the object {name!r} is outside the task {task.id}{match.hint(name)}; "
                f"objects: {', '.join(task.objects)}"
            )
        objects[label] = stated
    return replace(answer, room=room, objects=objects)
