"""``release.yaml``: what of a contest is public, for participants to rehearse by.

It holds the task as settled, how many frames each test set has, and what is taken when. There is no
truth in it, nor a path: whoever has it gets the judge's verdict on a submission, and no points.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from robotvision.contest.file import (
    ContestSetup,
    EntryLimits,
    FileName,
    Mode,
    Phase,
    at_least_one,
)
from robotvision.contest.verdict import EntryRules, EntryVerdict, verdict_on
from robotvision.errors import Fault, InputFaults
from robotvision.submissions.truthfile import FrameSet
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


class ContestRelease(Strict):
    """The contents of ``release.yaml``."""

    contest: str
    task: Task
    modes: tuple[Mode, ...]
    test_sets: Annotated[tuple[OpenSet, ...], AfterValidator(at_least_one)]
    phases: dict[FileName, Phase]
    limits: EntryLimits = EntryLimits()
    programs: bool = False
    contact: str = ""

    def rules(self, phase: str) -> EntryRules:
        """Return what submissions of a phase are judged by: the same as the organiser's."""
        sets = {
            s.name: FrameSet(s.name, np.arange(s.frames, dtype=np.int64))
            for s in self.test_sets
            if s.phase == phase
        }
        return EntryRules(self.task, sets, self.modes, self.programs)


def settled_task(task: Task) -> dict[str, Any]:
    """Return a task as plain data for a YAML file, its rooms as they are settled."""
    return task.model_dump(mode="json", exclude={"changed"}, exclude_defaults=True)


def release_of(setup: ContestSetup) -> dict[str, Any]:
    """Return what of a contest is public, as plain data for `release.yaml`."""
    about = setup.about
    frames = {name: len(t) for p in about.phases for name, t in setup.contest(p).sets.items()}
    shown = about.model_dump(
        mode="json", include={"modes", "phases", "limits", "programs", "contact"}
    )
    sets = [
        {"name": s.name, "frames": frames[s.name], "conditions": s.conditions, "phase": s.phase}
        for s in about.test_sets
    ]
    return {"contest": about.title, "task": settled_task(setup.task), "test_sets": sets, **shown}


def write_release(path: Path, setup: ContestSetup) -> Path:
    """Write ``release.yaml`` and return its path. Raises RobotVisionError."""
    head = "# Rehearse by it: robotvision pack --rehearse release.yaml run.zip\n"
    return write_text(path, head + dump_yaml(release_of(setup)))


def read_release(path: Path) -> ContestRelease:
    """Read ``release.yaml``, or that of a folder. Raises InputFaults."""
    return validate(load(path / FILE if path.is_dir() else path), ContestRelease)


def rehearse(release: Path, submission: Path, phase: str | None = None) -> EntryVerdict:
    """Return the judge's verdict on a submission, by what the organisers published.

    Parameters
    ----------
    release : Path
        ``release.yaml``, or the folder it is in.
    submission : Path
        A pack, a zip file, a folder of run files, or a run file.
    phase : str, optional
        The phase it is meant for; the last one where None.

    Raises
    ------
    InputFaults
        The release cannot be read, or has no such phase.
    """
    about = read_release(release)
    chosen = phase or list(about.phases)[-1]
    if chosen not in about.phases:
        message = f"no phase is called {chosen!r}; they are: {', '.join(about.phases)}"
        raise InputFaults([Fault(release, message)])
    return verdict_on(submission, about.rules(chosen))
