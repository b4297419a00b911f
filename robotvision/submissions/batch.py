"""Score files: from a task's name, truths and run files to scores and refusals.

One refused run does not stop the others. What is wrong with the task or a truth does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from robotvision.arrays import Ints
from robotvision.errors import Fault, InputFaults, by_kind, in_file, printable
from robotvision.records import Notice
from robotvision.scoring.judging import count, score
from robotvision.scoring.table import FrameTable
from robotvision.scoring.tally import Tally
from robotvision.submissions.card import Card
from robotvision.submissions.checker import CheckResult
from robotvision.submissions.handed_in import runs_in
from robotvision.submissions.released import ReleasedPart, read_truths
from robotvision.submissions.run_report import overlap_told
from robotvision.submissions.score import require_truth_fits, summarise
from robotvision.submissions.similarity import flawless_runs, similar_runs, team_of
from robotvision.submissions.table import judged, truth_frames
from robotvision.submissions.testsets import (
    RunFiles,
    check_runs,
    name_sets,
    runs_of,
    settle,
)
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks import load_task
from robotvision.tasks.model import Task


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run with its score.

    Parameters
    ----------
    name : str
    score : dict
        As `summarise` gives it.
    warnings : tuple of Notice
        What may be a mistake in its files.
    tallies : Mapping[str, Tally]
        By test set.
    table : FrameTable
        Its frames, scored.
    team : str
        Who handed it in; empty where that is not stated.
    card : Card or None
        What it says of itself, where it came in a pack.
    """

    name: str
    score: dict[str, Any]
    warnings: tuple[Notice, ...]
    tallies: Mapping[str, Tally] = field(repr=False, compare=False)
    table: FrameTable = field(repr=False, compare=False)
    team: str = ""
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class RefusedRun:
    """A run that cannot be scored, and why: every fault."""

    name: str
    faults: tuple[Fault, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line a fault."""
        return tuple(map(str, self.faults))

    @property
    def kinds(self) -> tuple[str, ...]:
        """One line a kind of fault in a file."""
        return tuple(map(str, by_kind(self.faults)))

    def as_dict(self) -> dict[str, Any]:
        """Return name, every fault, and the kinds of faults as plain data."""
        kinds = in_file(by_kind(self.faults))
        return {"name": self.name, "faults": list(self.reasons), "kinds": kinds}


@dataclass(frozen=True, slots=True)
class Scores:
    """Every run that was given: scored or refused."""

    task: Task
    scored: tuple[ScoredRun, ...]
    refused: tuple[RefusedRun, ...]
    warnings: tuple[Notice, ...]

    def refusals(self) -> list[str]:
        """Return why runs were refused, one line a kind of fault in a file."""
        return [line for run in self.refused for line in run.kinds]

    def as_dict(self) -> dict[str, Any]:
        """Return one run's score, or ``{"runs": [...]}`` where several were given."""
        scores = [{"name": run.name, **run.score} for run in self.scored]
        if len(scores) == 1 and not self.refused:
            return scores[0]
        return {"runs": scores, "refused": [run.as_dict() for run in self.refused]}


def score_files(
    task_name: str,
    truths: Sequence[Path],
    runs: Sequence[Path],
    train: Sequence[Path] = (),
    mode: str = "obligatory",
    released: ReleasedPart | None = None,
) -> Scores:
    """Score run files against the truth of each test set.

    Parameters
    ----------
    task_name : str
        A task's name or YAML file.
    truths, runs : paths
        See `robotvision.submissions.testsets` for which files are a run.
    train : paths, optional
        Sequences that settle the rooms of a task that takes them from training.
    mode : str
        ``obligatory`` or ``optional``; noted in the score.
    released : ReleasedPart, optional
        The runs answer released frames; ``truths`` are those of the sequences they came from.

    Raises
    ------
    RobotVisionError
        The task, a truth or the list of runs is wrong.
    """
    task, sets, segments = open_sets(task_name, truths, train, released)
    frames = fitting_frames(task, sets, segments)
    return score_runs(task, sets, runs_of(runs, list(sets)), mode, frames)


def score_folder(
    task_name: str,
    truths: Sequence[Path],
    folder: Path,
    train: Sequence[Path] = (),
    mode: str = "obligatory",
) -> Scores:
    """Score every run of a folder; as `score_files`.

    Runs of several teams that agree too far, and runs that are all right, are among the warnings.
    """
    task, sets, segments = open_sets(task_name, truths, train)
    frames = fitting_frames(task, sets, segments)
    return score_runs(task, sets, runs_in(folder, list(sets), task), mode, frames, is_contest=True)


def open_sets(
    task: str | Task,
    truths: Sequence[Path],
    train: Sequence[Path] = (),
    released: ReleasedPart | None = None,
) -> tuple[Task, dict[str, TruthTable], list[Ints | None]]:
    """Return a task with its rooms settled, its test sets by name, and the segments of each.

    Raises
    ------
    RobotVisionError
        The task or a truth is wrong, or a truth does not fit the release.
    """
    rules = load_task(task) if isinstance(task, str) else task
    tables, segments = read_truths(truths, released)
    names = name_sets(rules, [t.name for t in tables])
    return settle(rules, tables, train), dict(zip(names, tables, strict=True)), segments


def fitting_frames(
    task: Task, sets: Mapping[str, TruthTable], segments: Sequence[Ints | None]
) -> FrameTable:
    """Return the frames of truths, as `truth_frames`, once they are known to fit the task.

    Raises
    ------
    InputFaults
        A truth does not fit.
    """
    for truth in sets.values():
        require_truth_fits(task, truth)
    return truth_frames(task, sets, segments)


def score_runs(
    task: Task,
    sets: Mapping[str, TruthTable],
    runs: Iterable[RunFiles | InputFaults],
    mode: str = "obligatory",
    frames: FrameTable | None = None,
    *,
    is_contest: bool = False,
) -> Scores:
    """Score runs against truths that are at hand.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    sets : Mapping[str, TruthTable]
        By test set, in the task's order.
    runs : iterable
        As `robotvision.submissions.handed_in.runs_in` yields them.
    mode : str
        Noted in the score of a run whose card does not say which.
    frames : FrameTable, optional
        The frames of the test sets, as `truth_frames` returns them (else made here).
    is_contest : bool
        Whether to warn of runs of several teams that agree too far, of runs all right, and of
        those whose own report says that training has seen test frames.

    Raises
    ------
    InputFaults
        A truth does not fit the task.
    """
    warnings = [notice for truth in sets.values() for notice in require_truth_fits(task, truth)]
    frames = truth_frames(task, sets) if frames is None else frames
    scored: list[ScoredRun] = []
    refused: list[RefusedRun] = []
    answers: dict[str, Ints] = {}
    teams: dict[str, str] = {}
    told: list[Notice] = []
    for run in runs:
        if isinstance(run, InputFaults):
            refused.append(RefusedRun(printable(Path(run.faults[0].path).name), run.faults))
            continue
        checks = check_runs(run, task, [(name, t.frames) for name, t in sets.items()])
        faults = tuple(f for check in checks.values() for f in check.faults)
        if faults:
            refused.append(RefusedRun(run.name, faults))
        else:
            table = score(judged(frames, checks), task)
            answers[run.name], teams[run.name] = table.answer, run.team or team_of(run.name)
            told += overlap_told(run.name, run.overlap)
            scored.append(_scored(task, table, run, checks, mode, warnings))
    of_runs = [notice for run in scored for notice in run.warnings]
    if is_contest:
        perfect = flawless_runs([(run.name, run.score) for run in scored])
        alike = [*told, *similar_runs(frames, answers, teams), *perfect]
        scored = [_with_notices(run, alike) for run in scored]
        of_runs += alike
    return Scores(task, tuple(scored), tuple(refused), (*warnings, *of_runs))


def _with_notices(run: ScoredRun, notices: Sequence[Notice]) -> ScoredRun:
    """Return a run with those of the notices that speak of it."""
    own = [notice for notice in notices if run.name in notice.details["runs"]]
    warnings = [*run.score["warnings"], *(notice.as_dict() for notice in own)]
    return replace(run, score={**run.score, "warnings": warnings}, warnings=(*run.warnings, *own))


def _scored(
    task: Task,
    table: FrameTable,
    run: RunFiles,
    checks: dict[str, CheckResult],
    mode: str,
    of_truth: list[Notice],
) -> ScoredRun:
    tallies = count(table, task)
    own = [
        Notice("run-file", f"{check.path}: {warning}")
        for check in checks.values()
        for warning in check.warnings
    ]
    notices = [*of_truth, *own]
    own_mode = run.card.mode if run.card else mode
    summary = summarise(task, tallies, own_mode, notices=notices, table=table)
    return ScoredRun(run.name, summary, tuple(own), tallies, table, run.team, run.card)
