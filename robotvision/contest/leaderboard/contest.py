"""A contest by column: the truth of every test set, and what each accepted run said frame by frame.

A score sums a run up; intervals, ranks and timelines need its frames. They are read again from the
run files, by column, and come to the same points as the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data import open_sequence
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Outcome
from robotvision.scoring.bootstrap import visits
from robotvision.scoring.points import PointsTable
from robotvision.scoring.tally import Tally
from robotvision.submissions.batch import Scores
from robotvision.submissions.checker import CheckResult
from robotvision.submissions.forms import NOT_STATED
from robotvision.submissions.score import tally_run
from robotvision.submissions.testsets import RunFiles, check_runs, name_sets, runs_in, settle
from robotvision.submissions.truthfile import TruthTable, read_truth
from robotvision.tasks import load_task
from robotvision.tasks.model import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CORRECT, WRONG, UNANSWERED = (
    list(Outcome).index(o) for o in (Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED)
)
UNSCORED = -1


@dataclass(frozen=True, slots=True, eq=False)
class ContestSet:
    """The truth of one test set by column.

    Parameters
    ----------
    table : TruthTable
        As read.
    truth : (n,) integers
        Place of the true label in ``task.labels``, -1 where it is not known.
    segment : (n,) integers
        All 0 where the truth came without its sequence.
    """

    table: TruthTable
    truth: Ints
    segment: Ints

    __test__ = False


@dataclass(frozen=True, eq=False)
class Contest:
    """A task with the truth of its test sets.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    sets : Mapping[str, ContestSet]
        In the task's order.
    has_segments : bool
        Whether jumps between frames are known; else visits are told by the rooms alone.
    """

    task: Task
    sets: Mapping[str, ContestSet]
    has_segments: bool

    @cached_property
    def worth(self) -> PointsTable:
        """What answers earn."""
        return PointsTable(self.task)

    def visits(self, names: Sequence[str]) -> Ints:
        """Return the room visit of every frame of some test sets whose truth is known."""
        chosen = [self.sets[name] for name in names]
        known = [s.truth >= 0 for s in chosen]
        number = [np.full(k.sum(), i) for i, k in enumerate(known)]
        return visits(
            np.concatenate(number),
            np.concatenate([s.segment[k] for s, k in zip(chosen, known, strict=True)]),
            np.concatenate([s.truth[k] for s, k in zip(chosen, known, strict=True)]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameColumns:
    """What a run said and earned, a row a frame of a test set.

    Parameters
    ----------
    answer, outcome : (n,) integers
        Place of the label said (-1: none) and of the outcome (`UNSCORED` without a truth).
    points : (n,) floats
        0 without a truth.
    stated : (n, objects) integers or None
        0 stated present, 1 stated absent, 2 not stated.
    """

    answer: Ints
    outcome: Ints
    points: Floats
    stated: Ints | None


@dataclass(frozen=True, slots=True, eq=False)
class ContestEntry:
    """An accepted run: its name, its score as `summarise` gives it, its frames by test set."""

    name: str
    score: Mapping[str, Any]
    tallies: Mapping[str, Tally]
    frames: Mapping[str, FrameColumns]
    warnings: tuple[str, ...] = ()


def open_contest(task: str | Task, truths: Sequence[Path], train: Sequence[Path] = ()) -> Contest:
    """Return the contest of a task over its truths, as `robotvision.submissions.batch` takes them.

    Raises
    ------
    RobotVisionError
        The task or a truth is wrong.
    """
    rules = load_task(task) if isinstance(task, str) else task
    tables = [read_truth(path) for path in truths]
    names = name_sets(rules, [t.name for t in tables])
    rules = settle(rules, tables, train)
    segments = [_segments(path) for path in truths]
    sets = {
        name: ContestSet(
            table,
            _truth_codes(rules, table),
            np.zeros(len(table), np.int64) if segment is None else segment,
        )
        for name, table, segment in zip(names, tables, segments, strict=True)
    }
    return Contest(rules, sets, all(s is not None for s in segments))


def _segments(path: Path) -> Ints | None:
    if not path.is_dir():
        return None

    return np.array([e.segment for e in open_sequence(path).frames], np.int64)


def _truth_codes(task: Task, table: TruthTable) -> Ints:
    code = {label: i for i, label in enumerate(task.labels)}
    own = [code.get(task.label_of(room) or room, -1) for room in table.rooms]
    return np.array([*own, -1], np.int64)[table.codes]


def read_entries(contest: Contest, scores: Scores, folder: Path) -> list[ContestEntry]:
    """Return the accepted runs of a folder with their frames, in the order of ``scores``.

    Raises
    ------
    RobotVisionError
        The folder changed since it was scored.
    """
    found = list(_accepted(contest, runs_in(folder, list(contest.sets))))
    if [run.name for run, _ in found] != [run.name for run in scores.scored]:
        raise RobotVisionError(f"{folder}: its runs changed while they were scored; rank again")
    return [
        entry(contest, scored.name, checks, scored.score, scored.warnings)
        for scored, (_, checks) in zip(scores.scored, found, strict=True)
    ]


def _accepted(
    contest: Contest, runs: Iterable[RunFiles | InputFaults]
) -> Iterable[tuple[RunFiles, dict[str, CheckResult]]]:
    for run in runs:
        if isinstance(run, InputFaults):
            continue
        checks = check_runs(
            run, contest.task, [(name, s.table.frames) for name, s in contest.sets.items()]
        )
        if all(check.is_ok for check in checks.values()):
            yield run, checks


def entry(
    contest: Contest,
    name: str,
    checks: Mapping[str, CheckResult],
    score: Mapping[str, Any],
    warnings: tuple[str, ...] = (),
) -> ContestEntry:
    """Return a checked run with its frames."""
    return ContestEntry(
        name,
        score,
        {s: tally_run(contest.task, contest.sets[s].table, c) for s, c in checks.items()},
        {s: _columns(contest, contest.sets[s], c) for s, c in checks.items()},
        warnings,
    )


def _columns(contest: Contest, test_set: ContestSet, check: CheckResult) -> FrameColumns:
    if check.answers is None or check.positions is None:
        raise InputFaults(check.faults)
    worth, truth = contest.worth, test_set.truth
    said = np.full(len(truth), -1, np.int64)
    said[check.positions] = check.answers.codes
    is_known = truth >= 0
    outcome = np.where(said < 0, UNANSWERED, np.where(said == truth, CORRECT, WRONG))
    outcome[~is_known & (said >= 0)] = UNSCORED
    points = np.array([worth.correct, worth.wrong, worth.unanswered, 0.0])[outcome]
    stated = None
    if contest.task.objects:
        stated = np.full((len(truth), len(worth.objects)), NOT_STATED, np.int64)
        if check.answers.objects:
            stated[check.positions] = check.answers.stated
        points = points + _object_points(worth, test_set.table, stated)
    points[~is_known] = 0.0
    return FrameColumns(said, outcome, points, stated)


def _object_points(worth: PointsTable, table: TruthTable, stated: Ints) -> Floats:
    seen = np.stack(
        [
            table.seen[:, table.objects.index(o)]
            if o in table.objects
            else np.zeros(len(table), np.bool_)
            for o in worth.objects
        ],
        axis=1,
    )
    earned: Floats = np.array(worth.statements())[stated + np.where(seen, 0, 3)].sum(1)
    return earned
