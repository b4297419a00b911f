"""Begin a contest: a folder with its ``contest.yaml``, to be read and mended by hand."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import relpath
from pathlib import Path

from robotvision.contest.file import FILE, ContestSetup, open_contest_file
from robotvision.errors import RobotVisionError
from robotvision.submissions.testsets import name_sets
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks import load_task, task_names
from robotvision.writing import make_folder, write_text
from robotvision.yamlfile import dump_yaml

_HEAD = "# A contest. What each key means: robotvision contest init --help, docs/organisers.md\n"
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
# What the published site shows: totals, rooms or frames (the last two give the truth away).
public: {reveal: totals, pages: false}
contact: ""
"""


def init(folder: Path, task: str, truths: Sequence[Path], title: str | None = None) -> ContestSetup:
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

    Raises
    ------
    RobotVisionError
        There is a contest already, or the task or a truth is wrong.
    """
    path = folder / FILE
    if path.exists():
        raise RobotVisionError(f"{path}: exists already; edit it, or give another folder")
    rules = load_task(task)
    names = name_sets(rules, [read_truth(truth).name for truth in truths])
    place = task if task in task_names() else relpath(task, folder)
    sets = [
        {"name": name, "truth": relpath(truth, folder), "conditions": {}}
        for name, truth in zip(names, truths, strict=True)
    ]
    about = {"title": title or rules.title or rules.id, "task": place, "modes": list(rules.modes)}
    make_folder(folder)
    write_text(path, _HEAD + dump_yaml({**about, "test_sets": sets}) + _TAIL)
    setup = open_contest_file(path)
    for phase in setup.about.phases:
        setup.contest(phase)
    return setup
