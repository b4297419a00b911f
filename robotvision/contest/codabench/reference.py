"""What the scoring program is given beside a submission: the task, the truth, how it is scored."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np

from robotvision.contest.codabench.archive import WHEEL, wheel
from robotvision.contest.codabench.options import Options
from robotvision.contest.codabench.plan import PlannedPhase
from robotvision.contest.codabench.program import REFERENCE, TASK
from robotvision.contest.leaderboard.contest import segment_lengths
from robotvision.contest.release import settled_task
from robotvision.errors import RobotVisionError
from robotvision.submissions.truthfile import TruthTable
from robotvision.writing import csv_of
from robotvision.yamlfile import dump_yaml

COMMAND = "python3 /app/program/score.py /app/input /app/output"
"""The worker mounts program, input and output there, and starts it in the program's folder."""


def scoring_program() -> dict[str, bytes]:
    """Return the files of the scoring program."""
    text = (files("robotvision.contest.codabench") / "score.py").read_bytes()
    about = {"command": COMMAND, "description": "Scores run files with robotvision."}
    return {"metadata.yaml": dump_yaml(about).encode(), "score.py": text, WHEEL: wheel()}


def reference_data(phase: PlannedPhase, options: Options) -> dict[str, bytes]:
    """Return the task as it was settled, the truth of each test set, and how it is scored.

    Tables are written by rising number, so where frames stand in another order (those of a
    shuffled release, in the order of their source) that order is written down, too: visits there
    are then the organiser's own.

    Raises
    ------
    RobotVisionError
        A frame has no truth, or a test set's name cannot name a file.
    """
    contest = phase.contest
    for name in contest.sets:
        if "/" in name or "\\" in name:
            raise RobotVisionError(f"test set {name!r}: expected a name that can name a file")
    about: dict[str, Any] = {"schema": 1, "sets": list(contest.sets), "mode": options.mode}
    about["reveal"] = options.reveal.name.lower()
    if phase.first_set:
        about["first_set"] = phase.first_set
    if order := {
        name: table.frames.indices.tolist()
        for name, table in contest.sets.items()
        if bool((np.diff(table.frames.indices) < 0).any())
    }:
        about["order"] = order
    if contest.has_segments:
        about["segments"] = segment_lengths(contest)
    if phase.is_withheld and options.points_step is not None:
        about["points_step"] = options.points_step
    if phase.is_withheld and options.public_share is not None:
        about |= {"public_share": options.public_share, "public_seed": options.public_seed}
    task = dump_yaml(settled_task(contest.task)).encode()
    tables = {f"{name}.csv": _truth(s) for name, s in contest.sets.items()}
    return {TASK: task, REFERENCE: json.dumps(about, indent=1).encode(), **tables}


def _truth(table: TruthTable) -> bytes:
    rows: list[list[Any]] = [["index", "room", *(["objects"] if table.has_objects else [])]]
    for k in np.argsort(table.frames.indices, kind="stable").tolist():
        index, code = table.frames.indices[k], table.codes[k]
        if code < 0:
            raise RobotVisionError(
                f"{table.path}: frame {index} has no truth; a contest needs the truth of every "
                "frame"
            )
        row = [int(index), table.rooms[code]]
        if table.has_objects:
            row.append(";".join(o for o, s in zip(table.objects, table.seen[k], strict=True) if s))
        rows.append(row)
    return csv_of(rows).encode()
