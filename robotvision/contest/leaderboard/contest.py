"""A contest: the frames of its test sets with their truth, and every accepted run's scored frames.

A score sums a run up; intervals, ranks and timelines need its frames. They are read again from the
run files, as a `FrameTable`, and come to the same points as the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Notice
from robotvision.scoring.judging import count
from robotvision.scoring.judging import score as scored
from robotvision.scoring.table import FrameTable
from robotvision.scoring.tally import Tally
from robotvision.submissions.batch import Scores
from robotvision.submissions.checker import CheckResult
from robotvision.submissions.score import require_truth_fits
from robotvision.submissions.table import judged, segments_of, truth_frames
from robotvision.submissions.testsets import RunFiles, check_runs, name_sets, runs_in, settle
from robotvision.submissions.truthfile import TruthTable, read_truth
from robotvision.tasks import load_task
from robotvision.tasks.model import Task


@dataclass(frozen=True, eq=False)
class Contest:
    """A task with the truth of its test sets.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    sets : Mapping[str, TruthTable]
        In the task's order.
    frames : FrameTable
        Their frames, not answered; a sequence a test set.
    has_segments : bool
        Whether jumps between frames are known; else visits end where the true room changes.
    """

    task: Task
    sets: Mapping[str, TruthTable]
    frames: FrameTable
    has_segments: bool


@dataclass(frozen=True, slots=True, eq=False)
class ContestEntry:
    """An accepted run: its name, its score as `summarise` gives it, its scored frames."""

    name: str
    score: Mapping[str, Any]
    tallies: Mapping[str, Tally]
    table: FrameTable
    warnings: tuple[Notice, ...] = ()


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
    segments = [segments_of(path) for path in truths]
    sets = dict(zip(names, tables, strict=True))
    for table in tables:
        require_truth_fits(rules, table)
    frames = truth_frames(rules, sets, segments)
    return Contest(rules, sets, frames, all(s is not None for s in segments))


def read_entries(contest: Contest, scores: Scores, folder: Path) -> list[ContestEntry]:
    """Return the accepted runs of a folder with their frames, in the order of ``scores``.

    Raises
    ------
    RobotVisionError
        The folder changed since it was scored.
    """
    accepted = list(_accepted(contest, runs_in(folder, list(contest.sets))))
    if [run.name for run, _ in accepted] != [run.name for run in scores.scored]:
        raise RobotVisionError(f"{folder}: its runs changed while they were scored; rank again")
    return [
        entry(contest, run.name, checks, run.score, run.warnings)
        for run, (_, checks) in zip(scores.scored, accepted, strict=True)
    ]


def _accepted(
    contest: Contest, runs: Iterable[RunFiles | InputFaults]
) -> Iterable[tuple[RunFiles, dict[str, CheckResult]]]:
    for run in runs:
        if isinstance(run, InputFaults):
            continue
        checks = check_runs(
            run, contest.task, [(name, s.frames) for name, s in contest.sets.items()]
        )
        if all(check.is_ok for check in checks.values()):
            yield run, checks


def entry(
    contest: Contest,
    name: str,
    checks: Mapping[str, CheckResult],
    score: Mapping[str, Any],
    warnings: tuple[Notice, ...] = (),
) -> ContestEntry:
    """Return a checked run with its frames."""
    table = judged(contest.frames, checks)
    tallies = count(table, contest.task)
    return ContestEntry(name, score, tallies, scored(table, contest.task), warnings)
