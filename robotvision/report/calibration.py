"""How far what training held out foretold the test: confidences, points with and without silence.

Probabilities are calibrated, and silence is chosen, on frames that training held out. Whether that
carries over shows beside the test, by the same numbers (`robotvision.scoring.confidence`).
Held-out frames are answered one by one, by rooms alone: a temporal filter and the answer *unknown*
are in the test's numbers alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from robotvision.arrays import Floats
from robotvision.records import FrameRecord
from robotvision.report.table import Cell, Table, columns
from robotvision.scoring.confidence import confidence_summary
from robotvision.scoring.intervals import interval
from robotvision.scoring.table import CORRECT, UNANSWERED, WRONG, FrameTable
from robotvision.tasks.model import Task

EVEN = 0.02
"""Points a frame within which two sets of frames are as hard where the test has no interval."""
_NONE = "-"


def calibration(
    about: Mapping[str, Any], task: Task, table: FrameTable, frames: Sequence[FrameRecord]
) -> dict[str, dict[str, Any]]:
    """Return what training held out beside the test, for each test set that has both.

    Parameters
    ----------
    about : Mapping
        The log's first line.
    task : Task
    table : FrameTable
        Scored.
    frames : sequence of FrameRecord
        Its rows' frames.

    Returns
    -------
    dict
        Test set to ``held_out`` and ``test``, each as `confidence_summary` gives it, ``assumed``,
        how many silent frames of the test have no likeliest room in the log and were counted by
        their confidence, ``verdict`` (harder, easier or even) and ``words``.
    """
    sets = np.array([table.sets[k] for k in table.sequence.tolist()], object)
    compared = {}
    for name, training in (about.get("training") or {}).items():
        held_out = training.get("held_out")
        rows = np.flatnonzero(
            (sets == name)
            & table.is_known
            & np.isin(table.outcome, (CORRECT, WRONG, UNANSWERED))
            & ~np.isnan(table.confidence)
        )
        if not held_out or not len(rows):
            continue
        right, n_assumed = _right(table, frames, rows)
        is_silent = table.outcome[rows] == UNANSWERED
        test = confidence_summary(table.confidence[rows], right, task.points.room, is_silent)
        compared[name] = {
            "held_out": held_out,
            "test": test,
            "assumed": n_assumed,
            **_verdict(held_out, test, right, table.visit[rows], task),
        }
    return compared


def _right(table: FrameTable, frames: Sequence[FrameRecord], rows: Any) -> tuple[Floats, int]:
    """Return whether each frame's likeliest room is the true one, and how many are not known."""
    right = (table.outcome[rows] == CORRECT).astype(np.float64)
    n_assumed = 0
    for i in np.flatnonzero(table.outcome[rows] == UNANSWERED).tolist():
        posterior = frames[int(table.source[rows[i]])].posterior
        if posterior:
            likeliest = max(posterior, key=posterior.__getitem__)
            right[i] = likeliest == table.labels[int(table.truth[rows[i]])]
        else:
            right[i] = table.confidence[rows[i]]
            n_assumed += 1
    return right, n_assumed


def _verdict(
    held_out: Mapping[str, Any], test: Mapping[str, Any], right: Floats, visit: Any, task: Task
) -> dict[str, str]:
    """Return whether held-out visits were harder than the test, by points if never silent."""
    room = task.points.room
    there, here = held_out["points"]["never"], test["points"]["never"]
    earned = right * room.correct + (1 - right) * room.wrong
    about = interval(earned, visit, bounds=(room.wrong, room.correct))
    low, high, ends = here - EVEN, here + EVEN, ""
    if about.low is not None and about.high is not None:
        low, high = about.low / len(right), about.high / len(right)
        ends = f", 95 % interval {low:.3f} to {high:.3f}"
    verdict = "harder" if there < low else "easier" if there > high else "even"
    compared = "about as hard as" if verdict == "even" else f"{verdict} than"
    return {
        "verdict": verdict,
        "words": f"held-out visits were {compared} this test: never silent, {there:.3f} points a "
        f"frame there and {here:.3f} here{ends}",
    }


def calibration_table(compared: Mapping[str, Any]) -> Table:
    """Return the numbers of the held-out frames beside those of the test."""
    sides = (compared["held_out"], compared["test"])

    def row(name: str, *path: str) -> list[Cell]:
        values: list[Any] = list(sides)
        for key in path:
            values = [v[key] for v in values]
        return [name, *(_NONE if v is None else f"{v:.3f}" for v in values)]

    return Table(
        "Held-out frames of the training, and this test",
        columns("", "held out", "this test"),
        [
            ["frames", *(s["frames"] for s in sides)],
            row("share right, were none silent", "right"),
            row("mean confidence", "confidence"),
            row("calibration error", "gap"),
            row("points a frame by the decision", "points", "decision"),
            row("… expected by the confidences", "expected", "decision"),
            row("points a frame, never silent", "points", "never"),
            row("… expected by the confidences", "expected", "never"),
            row("points a frame, oracle threshold (hindsight)", "points", "oracle"),
            row("oracle threshold (hindsight): answer from", "points", "oracle_from"),
        ],
    )


def unknown_text(about: Mapping[str, Any]) -> str:
    """Return how unknown rooms are detected and what that is expected to cost, in a line.

    Empty where they are not, or the log is from before this was noted.
    """
    if about.get("method") == "zone":
        return "unknown rooms: answered where a zone of them lasts, by the frames so far"
    expected = about.get("expected")
    if not expected:
        return ""
    return (
        f"unknown rooms: detected by {about['method']} above {about['threshold']:.3g}; on training "
        f"rooms left out a frame of a known room changes by {expected['known']:+.3f} points, one "
        f"of an unknown room by {expected['unknown']:+.3f}; with {about['share']:.0%} unknown "
        f"frames {expected['expected']:+.3f} a frame"
    )
