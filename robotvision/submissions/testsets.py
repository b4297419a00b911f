"""Which files are a run: test sets, their truths, and the run files that answer them.

The rule is this project's own. One truth: every run file is a run. Several truths are the task's
test sets, in the task's order; a run is then a folder with one file a set, named after it
(``easy.txt``, ``hard.txt``), or as many files in a row as there are truths, in the same order.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from robotvision.errors import Fault, InputFaults, RobotVisionError, printable
from robotvision.submissions.checker import CheckResult, check_run_file
from robotvision.submissions.truthfile import FrameSet, TruthTable, read_truth
from robotvision.tasks.model import Task

SUFFIXES = (".txt", ".csv", ".run")
"""How the name of a run file may end where it is looked for."""
OURS = ("ranking.csv", "truth.csv")
"""Files that may lie beside runs and are none."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """One run: its name and its file for each test set."""

    name: str
    files: dict[str, Path]


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
    if faults:
        raise InputFaults(faults)
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
    if twice := sorted({n for n in names if list(names).count(n) > 1}):
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
            [
                Fault(
                    files[-1],
                    f"expected {len(sets)} files a run ({', '.join(sets)}, in this "
                    f"order), got {len(files)} in all",
                    remedy="give one run file for each truth",
                )
            ]
        )
    groups = [files[i : i + len(sets)] for i in range(0, len(files), len(sets))]
    return runs + [RunFiles(printable(g[0].stem), dict(zip(sets, g, strict=True))) for g in groups]


def _of_folder(folder: Path, sets: Sequence[str]) -> RunFiles:
    files, faults = {}, []
    for name in sets:
        candidates = [folder / (name + s) for s in SUFFIXES if (folder / (name + s)).is_file()]
        if len(candidates) == 1:
            files[name] = candidates[0]
        else:
            faults.append(
                Fault(
                    folder,
                    f"expected one run file for the test set {name!r}, got {len(candidates)}",
                    remedy=f"call it {name}.txt",
                )
            )
    if faults:
        raise InputFaults(faults)
    return RunFiles(printable(folder.name), files)


def runs_in(folder: Path, sets: Sequence[str]) -> Iterator[RunFiles | InputFaults]:
    """Yield every run in a folder by name, or why it is none.

    One test set: each file with the suffix of a run file. Several: each folder inside.

    Raises
    ------
    InputFaults
        The folder is not there or holds no run.
    """
    if not folder.is_dir():
        raise InputFaults([Fault(folder, "no such folder", remedy="give the folder of the runs")])
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    if len(sets) == 1:
        files = (p for p in entries if not p.is_dir())  # a fifo is refused by its reader
        runs = [p for p in files if p.suffix in SUFFIXES and p.name not in OURS]
    else:
        runs = [p for p in entries if p.is_dir()]
    if not runs:
        what = f"run file ({', '.join(SUFFIXES)})" if len(sets) == 1 else "folder of a run"
        raise InputFaults([Fault(folder, f"no {what} in it")])
    for path in runs:
        try:
            run = runs_of([path], sets)[0]
            _require_inside(folder, run)
            yield run
        except InputFaults as e:
            yield e


def _require_inside(folder: Path, run: RunFiles) -> None:
    """Raise InputFaults where a link leads out: a message must not quote another file's lines."""
    root = os.path.realpath(folder)
    faults = [
        Fault(path, "a link that leaves the folder of the runs", remedy="put the file itself there")
        for path in run.files.values()
        if not os.path.realpath(path).startswith(root + os.sep)
    ]
    if faults:
        raise InputFaults(faults)


def check_runs(
    run: RunFiles, task: Task, frames: Iterable[tuple[str, FrameSet]]
) -> dict[str, CheckResult]:
    """Return the check of each of a run's files, by test set; what cannot be read is refused."""
    return {name: _check(run.files[name], task, f) for name, f in frames}


def _check(path: Path, task: Task, frames: FrameSet) -> CheckResult:
    try:
        return check_run_file(path, task, frames)
    except InputFaults as e:
        return CheckResult(path, 0, 0, e.faults)
