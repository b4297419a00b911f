"""Which files are a run: test sets, their truths, and the run files that answer them.

The rule is this project's own. One truth: every run file is a run. Several truths are the task's
test sets, in the task's order; a run is then a folder with one file a set, named after it
(``easy.txt``, ``hard.txt``), or as many files in a row as there are truths, in the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from robotvision.errors import (
    Fault,
    InputFaults,
    RobotVisionError,
    printable,
    raise_faults,
    repeated,
)
from robotvision.submissions.card import Card
from robotvision.submissions.checker import CheckResult, check_run_file
from robotvision.submissions.run_report import overlap_shares
from robotvision.submissions.truthfile import FrameSet, TruthTable, read_truth
from robotvision.tasks.model import Task

T = TypeVar("T")
SUFFIXES = (".txt", ".csv", ".run")
"""How the name of a run file may end where it is looked for."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """One run: its name and its file for each test set.

    Parameters
    ----------
    name : str
    files : dict[str, Path]
        By test set.
    contents : Mapping[str, bytes]
        What files of an archive hold, by test set; their paths are names for messages alone.
    card : Card or None
        What it is, where it came in a pack.
    owner : str
        Who handed it in, where that is known otherwise.
    overlap : Mapping[str, float]
        The share of each test set that training has seen, by the run's own report.
    """

    name: str
    files: dict[str, Path]
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    card: Card | None = None
    owner: str = ""
    overlap: Mapping[str, float] = field(default_factory=dict)

    @property
    def team(self) -> str:
        """Who handed it in; empty where that is not stated."""
        return self.owner or (self.card.group if self.card else "")


def settle(task: Task, truths: Sequence[TruthTable], train: Sequence[Path] = ()) -> Task:
    """Return the task with its rooms: those of the training truths, else those of the test's.

    Raises
    ------
    InputFaults
        A training sequence cannot be read, holds no truth, or misspells a label.
    """
    if task.room_names:
        return task
    tables = [read_truth(path) for path in train]
    totals: Counter[str] = Counter()
    for table in tables or truths:
        totals.update(table.room_counts())
    task = task.with_rooms(totals)
    faults = [fault for table in tables for fault in table.labels.faults(task)]
    raise_faults(faults)
    return task


def name_sets(task: Task, names: Sequence[str]) -> list[str]:
    """Return names for test sets: the task's where as many are given, else their own.

    Raises
    ------
    RobotVisionError
        Two sets would have the same name.
    """
    if len(names) > 1 and len(names) == len(task.test_sets):
        return [s.name for s in task.test_sets]
    if twice := repeated(names):
        raise RobotVisionError(
            f"two truths are called {twice[0]!r}; the task {task.id} has "
            f"{len(task.test_sets) or 1} test sets: give one truth for each, in order"
        )
    return list(names)


def runs_of(paths: Sequence[Path], sets: Sequence[str]) -> list[RunFiles]:
    """Return the runs that ``paths`` name, by the rule above.

    Raises
    ------
    InputFaults
        A folder lacks the file of a test set, or files are left over.
    """
    if len(sets) == 1:
        return [RunFiles(printable(p.stem), {sets[0]: p}) for p in paths]
    runs, files = [], []
    for path in paths:
        if path.is_dir():
            runs.append(_of_folder(path, sets))
        else:
            files.append(path)
    if len(files) % len(sets):
        raise InputFaults(
            Fault(
                files[-1],
                f"expected {len(sets)} files a run ({', '.join(sets)}, in this "
                f"order), got {len(files)} in all",
                remedy="give one run file for each truth",
            )
        )
    groups = [files[i : i + len(sets)] for i in range(0, len(files), len(sets))]
    return runs + [RunFiles(printable(g[0].stem), dict(zip(sets, g, strict=True))) for g in groups]


def one_a_set(
    candidates: Mapping[str, Sequence[T]], where: Path | str, kind: str = ""
) -> dict[str, T]:
    """Return the one run file of each test set. Raises InputFaults where there is none, or more."""
    faults = [
        Fault(
            where,
            f"expected one run file for the test set {name!r}, got {len(found)}",
            remedy=f"call it {name}.txt",
            kind=kind,
        )
        for name, found in candidates.items()
        if len(found) != 1
    ]
    raise_faults(faults)
    return {name: found[0] for name, found in candidates.items()}


def _of_folder(folder: Path, sets: Sequence[str]) -> RunFiles:
    named = {name: [folder / (name + suffix) for suffix in SUFFIXES] for name in sets}
    found = {name: [path for path in paths if path.is_file()] for name, paths in named.items()}
    files = one_a_set(found, folder)
    return RunFiles(printable(folder.name), files, overlap=overlap_shares(files.values()))


def check_runs(
    run: RunFiles, task: Task, frames: Iterable[tuple[str, FrameSet]]
) -> dict[str, CheckResult]:
    """Return the check of each of a run's files, by test set; what cannot be read is refused."""
    return {name: _check(run, name, task, f) for name, f in frames}


def _check(run: RunFiles, name: str, task: Task, frames: FrameSet) -> CheckResult:
    path = run.files[name]
    try:
        return check_run_file(path, task, frames, run.contents.get(name))
    except InputFaults as e:
        return CheckResult(path, 0, 0, e.faults)
