"""``contest.yaml``: everything that an organiser decides about a contest, in one file.

::

    title: Our building by night
    task: night.yaml
    modes: [obligatory, optional]
    test_sets:
      - {name: night, truth: secret/night, conditions: {light: night, robot: A}}
    phases:
      test: {opens: "2027-03-01T00:00+01:00", closes: "2027-06-01T00:00+02:00"}
    limits: {runs: 3, per_day: 2}
    baselines: [{name: "chance", run: baselines/chance.txt}]
    public: {reveal: totals}

Paths are relative to the file. Moments have a time zone, so that a deadline is one moment for all.
A contest of several tasks names them in place of ``task``, and each test set is of one::

    tasks: {rooms: rooms.yaml, objects: objects.yaml}
    test_sets:
      - {name: night, truth: secret/night, task: rooms}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.arrays import Ints
from robotvision.config.json_schema import DIALECT
from robotvision.contest.leaderboard.contest import Contest
from robotvision.contest.schema import Baseline, ContestFile, HiddenSet, as_moment, no_test_set
from robotvision.contest.verdict import EntryRules
from robotvision.errors import Fault, InputFaults, RobotVisionError, near, raise_faults
from robotvision.submissions.batch import fitting_frames
from robotvision.submissions.handed_in import packed_for
from robotvision.submissions.released import ReleasedPart, read_truths
from robotvision.submissions.testsets import settle
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from robotvision.yamlfile import Document, load, validate

FILE = "contest.yaml"


@dataclass(frozen=True)
class ContestSetup:
    """A contest as described: its file and what it names, opened on first use.

    Parameters
    ----------
    path : Path
        ``contest.yaml``.
    about : ContestFile
    """

    path: Path
    about: ContestFile

    @property
    def task(self) -> Task:
        """The first of the tasks, mostly the only one. Raises RobotVisionError."""
        return next(iter(self.tasks.values()))

    @property
    def folder(self) -> Path:
        """The folder of the contest; paths start there."""
        return self.path.parent

    def place(self, name: str) -> Path:
        """Return a path that the file names."""
        return self.folder / name

    @cached_property
    def _truths(self) -> Mapping[str, tuple[TruthTable, Ints | None]]:
        """The truth of each test set, in the order of its source, and the segments."""
        return {s.name: self._truth(s) for s in self.about.test_sets}

    def _truth(self, about: HiddenSet) -> tuple[TruthTable, Ints | None]:
        released = None
        if about.key is not None:
            released = ReleasedPart.read(self.place(about.key), about.part)
        (table,), (segments,) = read_truths([self.place(about.truth)], released)
        indices = np.sort(table.frames.indices)
        if not np.array_equal(indices, np.arange(len(indices))):
            message = f"the frames of {about.name} are not numbered 0, 1, 2, ..."
            remedy = "robotvision data release numbers them anew"
            raise InputFaults(Fault(self.place(about.truth), message, remedy=remedy))
        return table, segments

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        """Each task by name, its rooms settled; where there is one its name is empty.

        Raises
        ------
        RobotVisionError
            A task or a truth is wrong, or two tasks have the same id.
        """
        train = [self.place(p) for p in self.about.train]
        tasks: dict[str, Task] = {}
        for name, file in self.about.task_files.items():
            tables = [self._truths[s.name][0] for s in self.about.test_sets if s.task == name]
            tasks[name] = settle(load_task(file, self.folder), tables, train)
        ids = [task.id for task in tasks.values()]
        if len(set(ids)) < len(ids):  # a pack names its task by it
            message = f"two tasks have the same id; they are: {', '.join(ids)}"
            raise InputFaults(Fault(self.path, message, remedy="give each an id of its own"))
        return tasks

    def known_task(self, name: str | None) -> str:
        """Return a task by name; the only one where None. Raises RobotVisionError."""
        return known_task(name, list(self.about.task_files))

    def task_for(self, submission: Path, name: str | None = None) -> str:
        """Return which task a submission is for: the one named, else that of a pack, else the only.

        Raises
        ------
        RobotVisionError
            There are several, and neither says which.
        """
        return task_for(submission, name, {n: task.id for n, task in self.tasks.items()})

    def known_phase(self, name: str | None) -> str:
        """Return a phase by name; the last one where None. Raises RobotVisionError."""
        phases = list(self.about.phases)
        if name is None:
            return phases[-1]
        if name not in phases:
            raise RobotVisionError(
                f"no phase is called {name!r}{near(name, phases)}; they are: {', '.join(phases)}"
            )
        return name

    def sets_of(self, phase: str, task: str = "") -> list[HiddenSet]:
        """Return the test sets of a phase and task, in their order."""
        return [s for s in self.about.test_sets if (s.phase, s.task) == (phase, task)]

    @property
    def divisions(self) -> list[tuple[str, str]]:
        """Every phase and task that has test sets: each has boards of its own."""
        pairs = [(p, t) for p in self.about.phases for t in self.about.task_files]
        return [pair for pair in pairs if self.sets_of(*pair)]

    def contest(self, phase: str, task: str = "") -> Contest:
        """Return a task with the truth of a phase's test sets.

        Raises
        ------
        RobotVisionError
            A truth is wrong, or the task has no test set in the phase.
        """
        if (phase, task) not in self._contests:
            self._contests[phase, task] = self._open(phase, task)
        return self._contests[phase, task]

    @cached_property
    def _contests(self) -> dict[tuple[str, str], Contest]:
        return {}

    def _open(self, phase: str, task: str) -> Contest:
        truths = {s.name: self._truths[s.name] for s in self.sets_of(phase, task)}
        if not truths:
            raise no_test_set(phase, task)
        sets = {name: table for name, (table, _) in truths.items()}
        segments = [known for _, known in truths.values()]
        frames = fitting_frames(self.tasks[task], sets, segments)
        return Contest(self.tasks[task], sets, frames, all(s is not None for s in segments))

    def rules(self, phase: str, task: str = "") -> EntryRules:
        """Return what submissions of a phase and task are judged by; errors as `contest`."""
        return EntryRules.of(
            self.contest(phase, task), self.about.modes, takes_programs=self.about.programs
        )

    def phase_of(self, when: datetime) -> str:
        """Return the phase that a run counts for by when it came: open, else the last one over.

        Raises
        ------
        InputFaults
            None has begun.
        """
        phases = self.about.phases
        for name, phase in phases.items():
            if phase.is_open(when):
                return name
        over = [
            (as_moment(p.closes), name)
            for name, p in phases.items()
            if p.is_over(when) and p.closes
        ]
        if not over:
            opens = min(as_moment(p.opens) for p in phases.values() if p.opens)
            message = f"no phase is open at {when.isoformat(timespec='minutes')}"
            remedy = f"the first opens {opens.isoformat(timespec='minutes')}"
            raise InputFaults(Fault(self.path, message, remedy=remedy))
        return max(over)[1]


def known_task(name: str | None, tasks: Sequence[str]) -> str:
    """Return one of the tasks of a contest by name; the only one where None.

    Raises
    ------
    RobotVisionError
        There is none of that name, or there are several to choose from.
    """
    if name is None and len(tasks) == 1:
        return tasks[0]
    shown = ", ".join(t for t in tasks if t)
    if name is None:
        raise RobotVisionError(f"the contest has several tasks; name one with --task: {shown}")
    if name not in tasks or not name:
        raise RobotVisionError(_no_such("task", name, tasks))
    return name


def task_for(submission: Path, name: str | None, ids: Mapping[str, str]) -> str:
    """Return which task of a contest a submission is for.

    Parameters
    ----------
    submission : Path
        A pack names its task.
    name : str or None
        The task's name, where it is given.
    ids : Mapping[str, str]
        The id of each task by its name in the contest.

    Raises
    ------
    RobotVisionError
        There are several, and none was given, nor is one named by the submission.
    """
    if name is None and len(ids) > 1:
        packed = packed_for(submission)
        name = next((n for n, i in ids.items() if i == packed), None)
    return known_task(name, list(ids))


def open_contest_file(path: Path) -> ContestSetup:
    """Read ``contest.yaml``, or that of a folder.

    Raises
    ------
    InputFaults
        It cannot be read, or something in it does not fit together; every fault with its place.
    """
    file = path / FILE if path.is_dir() else path
    document = load(file)
    about = validate(document, ContestFile)
    faults = list(_misfits(document, about))
    raise_faults(faults)
    return ContestSetup(file, about)


def contest_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``contest.yaml`` as plain data."""
    return {"$schema": DIALECT, **ContestFile.model_json_schema(), "title": "robotvision contest"}


def _misfits(document: Document, about: ContestFile) -> list[Fault]:
    """Return what names something that the file does not have, or is there twice."""
    faults = []
    lists: dict[str, Sequence[HiddenSet | Baseline]] = {
        "test_sets": about.test_sets,
        "baselines": about.baselines,
    }
    for key, items in lists.items():
        names: set[Any] = set()
        for i, item in enumerate(items):
            for word, name, known in (
                ("phase", item.phase, about.phases),
                ("task", item.task, about.task_files),
            ):
                if name not in known:
                    place = (key, i, word) if (key, i, word) in document.values else (key, i)
                    faults.append(document.fault(place, _no_such(word, name, known)))
            if item.name in names:
                faults.append(document.fault((key, i, "name"), f"{item.name!r} is there twice"))
            names.add(item.name)
    for name in about.phases:
        if name not in {s.phase for s in about.test_sets}:
            text = "no test set is of this phase"
            remedy = f"give one 'phase: {name}', or leave the phase out"
            faults.append(document.fault(("phases", name), text, remedy))
    return faults


def _no_such(word: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no phase or task of a name; an only task has none."""
    shown = ", ".join(filter(None, known))
    if not shown:
        return f"names the {word} {name!r}, and the contest has one, without a name"
    if not name:
        return f"expected the key '{word}', one of {shown}"
    return f"no {word} is called {name!r}; they are: {shown}"


def now() -> datetime:
    """Return this moment, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
