"""``release.yaml``: what of a contest is public, for participants to rehearse by.

It holds the task as settled, how many frames each test set has, and what is taken when. There is no
truth in it, nor a path: whoever has it gets the judge's verdict on a submission, and no points.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from robotvision.contest.file import ContestSetup, task_for
from robotvision.contest.schema import (
    EntryLimits,
    FileName,
    Phase,
    at_least_one,
    has_task_or_tasks,
    no_test_set,
)
from robotvision.contest.verdict import EntryRules, EntryVerdict, verdict_on
from robotvision.errors import Fault, InputFaults
from robotvision.submissions.truthfile import FrameSet
from robotvision.systems.base import Mode
from robotvision.tasks.model import Task
from robotvision.writing import write_text
from robotvision.yamlfile import Strict, dump_yaml, load, validate

FILE = "release.yaml"


class OpenSet(Strict):
    """A test set as participants know it."""

    name: FileName
    frames: int = Field(ge=1)
    conditions: dict[str, str] = {}
    phase: str = "test"
    task: str = ""


class ContestRelease(Strict):
    """The contents of ``release.yaml``."""

    contest: str
    task: Task | None = None
    tasks: dict[FileName, Task] = {}
    modes: tuple[Mode, ...]
    test_sets: Annotated[tuple[OpenSet, ...], AfterValidator(at_least_one)]
    phases: dict[FileName, Phase]
    limits: EntryLimits = EntryLimits()
    programs: bool = False
    contact: str = ""

    _has_tasks = model_validator(mode="after")(has_task_or_tasks)

    @property
    def tasks_by_name(self) -> dict[str, Task]:
        """Each task by name; where there is one its name is empty."""
        return self.tasks or ({} if self.task is None else {"": self.task})

    def rules(self, phase: str, task: str = "") -> EntryRules:
        """Return what submissions of a phase and task are judged by: the same as the organiser's.

        Raises
        ------
        RobotVisionError
            The task has no test set in the phase.
        """
        sets = {
            s.name: FrameSet(s.name, np.arange(s.frames, dtype=np.int64))
            for s in self.test_sets
            if (s.phase, s.task) == (phase, task)
        }
        if not sets:
            raise no_test_set(phase, task)
        return EntryRules(self.tasks_by_name[task], sets, self.modes, self.programs)


def settled_task(task: Task) -> dict[str, Any]:
    """Return a task as plain data for a YAML file, its rooms as they are settled."""
    return task.model_dump(mode="json", exclude={"changed"}, exclude_defaults=True)


def release_of(setup: ContestSetup) -> dict[str, Any]:
    """Return what of a contest is public, as plain data for `release.yaml`."""
    about = setup.about
    frames = {n: len(t) for d in setup.divisions for n, t in setup.contest(*d).sets.items()}
    tasks = {name: settled_task(task) for name, task in setup.tasks.items()}
    named = {"tasks": tasks} if about.tasks else {"task": tasks[""]}
    shown = about.model_dump(
        mode="json", include={"modes", "phases", "limits", "programs", "contact"}
    )
    sets = [
        {"name": s.name, "frames": frames[s.name], "conditions": s.conditions, "phase": s.phase}
        | ({"task": s.task} if s.task else {})
        for s in about.test_sets
    ]
    return {"contest": about.title, **named, "test_sets": sets, **shown}


def write_release(path: Path, setup: ContestSetup) -> Path:
    """Write ``release.yaml`` and return its path. Raises RobotVisionError."""
    head = "# Rehearse by it: robotvision pack --rehearse release.yaml run.zip\n"
    return write_text(path, head + dump_yaml(release_of(setup)))


def read_release(path: Path) -> ContestRelease:
    """Read ``release.yaml``, or that of a folder. Raises InputFaults."""
    return validate(load(path / FILE if path.is_dir() else path), ContestRelease)


def rehearse(
    release: Path, submission: Path, phase: str | None = None, task: str | None = None
) -> EntryVerdict:
    """Return the judge's verdict on a submission, by what the organisers published.

    Parameters
    ----------
    release : Path
        ``release.yaml``, or the folder it is in.
    submission : Path
        A pack, a zip file, a folder of run files, or a run file.
    phase : str, optional
        The phase it is meant for; the last one where None.
    task : str, optional
        The task it is meant for, where the contest has several; a pack says it itself.

    Raises
    ------
    RobotVisionError
        The release cannot be read, or has no such phase or task.
    """
    about = read_release(release)
    chosen = phase or list(about.phases)[-1]
    if chosen not in about.phases:
        message = f"no phase is called {chosen!r}; they are: {', '.join(about.phases)}"
        raise InputFaults(Fault(release, message))
    ids = {name: t.id for name, t in about.tasks_by_name.items()}
    return verdict_on(submission, about.rules(chosen, task_for(submission, task, ids)))
