"""Begin a contest: a folder with its ``contest.yaml``, to be read and mended by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

from robotvision.contest.file import FILE, ContestSetup, open_contest_file
from robotvision.errors import RobotVisionError
from robotvision.submissions.released import ReleasedPart
from robotvision.submissions.testsets import name_sets
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks import load_task, task_names
from robotvision.writing import make_folder, write_text
from robotvision.yamlfile import dump_yaml

_HEAD = """\
# A contest. What each key means: robotvision contest init --help, docs/organisers.md
# Several tasks: 'tasks: {name: file, ...}' in place of task, and 'task: name' in each test set.
"""
_TAIL = """\
# Moments have a time zone; runs that come later are listed apart.
phases:
  test: {opens: null, closes: null}    # opens: "2027-03-01T00:00+01:00"
# Accepted runs of a team in a phase; null: as many as it likes.
limits: {runs: 3, per_day: null}
# Shown in grey: {name: chance, run: baselines/chance.txt}, or {name: ours, config: ours.yaml}
baselines: []
# Whether packs may hold programs, and how those are run.
programs: false
judging: {policy: streaming, isolation: required, run_s: 3600, memory_mb: 4096, disk_mb: 1024}
# What the published site shows: totals, rooms or frames (the last two give the truth away); a page
# a run; what the cameras saw, on pages that show frames: the organiser's, and with reveal: frames.
public: {reveal: totals, pages: false, images: false}
contact: ""
"""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """The frames that were handed out: what ``robotvision data release`` wrote.

    Parameters
    ----------
    frames : Path
        The folder of released sequences.
    key : Path
        Which frame is which.
    """

    frames: Path
    key: Path


def init(
    folder: Path,
    task: str,
    truths: Sequence[Path],
    title: str | None = None,
    released: HandedOut | None = None,
) -> ContestSetup:
    """Write ``contest.yaml`` into a folder and return the contest.

    Parameters
    ----------
    folder : Path
        Made where it is missing; holds no ``contest.yaml`` yet.
    task : str
        A task's name or YAML file.
    truths : sequence of Path
        A sequence or ``truth.csv`` for each test set, in the task's order.
    title : str, optional
        Else the task's.
    released : HandedOut, optional
        The frames that runs answer, where they were released; ``truths`` are then those of the
        sequences they came from. Programs are run on them, too.

    Raises
    ------
    RobotVisionError
        There is a contest already, or the task or a truth is wrong.
    """
    path = folder / FILE
    if path.exists():
        raise RobotVisionError(f"{path}: exists already; edit it, or give another folder")
    rules = load_task(task)
    tables = [read_truth(truth) for truth in truths]
    place = task if task in task_names() else relpath(task, folder)
    sets: list[dict[str, Any]] = [{"truth": relpath(truth, folder)} for truth in truths]
    called = [table.name for table in tables]
    if released is not None:
        part = ReleasedPart.read(released.key)
        called = [part.truth_of(table).frames.name for table in tables]
        for about, name in zip(sets, called, strict=True):
            about["key"] = relpath(released.key, folder)
            about["sequence"] = relpath(released.frames / name, folder)
    for about, name in zip(sets, name_sets(rules, called), strict=True):
        about |= {"name": name, "conditions": {}}
    about = {"title": title or rules.title or rules.id, "task": place, "modes": list(rules.modes)}
    make_folder(folder)
    write_text(path, _HEAD + dump_yaml({**about, "test_sets": sets}) + _TAIL)
    setup = open_contest_file(path)
    for division in setup.divisions:
        setup.contest(*division)
    return setup
