"""Several runs side by side: panels on one scale, paired differences, ranks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.report.columns import RunColumns
from robotvision.report.html.multiples import small_multiples
from robotvision.report.html.payload import Aligned
from robotvision.report.measures import CORRECT
from robotvision.report.table import Cell, Column, Table, columns, number
from robotvision.scoring.intervals import difference_text, p_text, verdict
from robotvision.scoring.ranks import Ranks, ranks


def comparison(runs: Sequence[RunColumns], aligned: Aligned) -> dict[str, Any]:
    """Return the paired comparison of the runs on the frames that all of them scored."""
    at, notes = shared_frames(runs, aligned)
    n_frames = len(at[0])
    if not n_frames:
        return {"notes": notes, "frames": 0}
    points = np.stack([run.points[i] for run, i in zip(runs, at, strict=True)], axis=1)
    right = np.stack([run.outcome[i] == CORRECT for run, i in zip(runs, at, strict=True)], axis=1)
    visits = runs[0].visit[at[0]]
    ranking = ranks(points, visits, bounds=shared_bounds(runs, at))
    n_visits = len(np.unique(visits))
    notes += dict.fromkeys(
        f"{p.caution[0].upper()}{p.caution[1:]}." for p in ranking.points if p.caution
    )
    return {
        "notes": notes,
        "frames": n_frames,
        "runs": _runs_table(runs, ranking, right, n_visits),
        "pairs": _pairs_table(runs, ranking, right),
        "panels": small_multiples(runs, aligned),
        "matrix": _matrix(runs, ranking),
        "swatches": {run.name: f"run-{i}" for i, run in enumerate(runs)},
    }


def shared_frames(
    runs: Sequence[RunColumns], aligned: Aligned
) -> tuple[list[NDArray[np.int64]], list[str]]:
    """Return the places of the frames that every run scored, and what makes comparing unfair."""
    shared = aligned.shared
    for run, places in zip(runs, aligned.places, strict=True):
        shared = shared & (run.is_scored[places] if len(run) else False)
    return [p[shared] for p in aligned.places], _notes(runs, aligned, int(shared.sum()))


def shared_bounds(
    runs: Sequence[RunColumns], at: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the most that any of the runs could earn on the frames of all."""
    bounds = [[ends[i] for ends in run.frame_bounds] for run, i in zip(runs, at, strict=True)]
    least, most = (np.stack(ends) for ends in zip(*bounds, strict=True))
    return least.min(0), most.max(0)


def _notes(runs: Sequence[RunColumns], aligned: Aligned, n_shared: int) -> list[str]:
    notes = []
    if len({run.task.model_dump_json(exclude={"changed"}) for run in runs}) > 1:
        notes.append("The runs follow different tasks: their points are not on one scale.")
    if len({str(sorted(run.record.about["policy"].items())) for run in runs}) > 1:
        notes.append("The runs were made under different late-frame policies.")
    digests: dict[str, set[str]] = {}
    for run in runs:
        for s in run.record.sequences:
            digests.setdefault(str(s.about["name"]), set()).add(str(s.about.get("digest")))
    changed = [name for name, digest in digests.items() if len(digest) > 1]
    if changed:
        notes.append("Sequences of one name but different content: " + ", ".join(changed))
    if n_shared < len(aligned):
        notes.append(
            f"Compared on the {n_shared:,} of {len(aligned):,} frames that every run has scored."
        )
    return notes


def _runs_table(
    runs: Sequence[RunColumns], ranking: Ranks, right: NDArray[np.bool_], n_visits: int
) -> Table:
    rows: list[list[Cell]] = []
    for i in _best_first(ranking):
        best, worst = ranking.ranks[i]
        points = ranking.points[i]
        rows.append(
            [
                runs[i].name,
                number(points.estimate),
                points.text(),
                f"{right[:, i].mean():.1%}",
                str(best) if best == worst else f"{best} to {worst}",
                f"{ranking.share_first[i]:.0%}",
            ]
        )
    return Table(
        f"On {len(right):,} frames in {n_visits} room visits. Intervals are 95 %, by room visit; "
        "ranks are those that chance leaves open after all comparisons.",
        columns("run", "points", "95 % interval", "correct", "rank", "first in"),
        rows,
    )


def _best_first(ranking: Ranks) -> list[int]:
    return sorted(range(len(ranking.points)), key=lambda i: -ranking.points[i].estimate)


def _matrix(runs: Sequence[RunColumns], ranking: Ranks) -> dict[str, Any]:
    """Return how many points more the run of a row earned than that of a column.

    The best run comes first. ``state``: ``apart`` after all comparisons, ``alone`` where only the
    pair's own interval leaves 0 out, else empty.
    """
    order = _best_first(ranking)
    rows = []
    for i in order:
        cells: list[dict[str, Any] | None] = []
        for j in order:
            if i == j:
                cells.append(None)
                continue
            gap = ranking.difference(i, j)
            after = float(ranking.p[i, j]) if len(runs) > 2 else None
            state = "apart" if ranking.separated(i, j) else "alone" if gap.excludes_zero else ""
            cells.append(
                {
                    "points": ("+" if gap.estimate > 0 else "") + number(gap.estimate),
                    "ends": gap.text(),
                    "p": "" if gap.p is None else p_text(gap.p if after is None else after),
                    "text": f"{runs[i].name} less {runs[j].name}: {difference_text(gap, after)}",
                    "state": state,
                    "sign": "ahead" if gap.estimate > 0 else "behind",
                }
            )
        rows.append({"name": runs[i].name, "place": i, "cells": cells})
    return {"rows": rows, "is_many": len(runs) > 2}


def _pairs_table(runs: Sequence[RunColumns], ranking: Ranks, right: NDArray[np.bool_]) -> Table:
    rows: list[list[Cell]] = []
    for i, j in combinations(range(len(runs)), 2):
        gap, a, b = ranking.difference(i, j), right[:, i], right[:, j]
        rows.append(
            [
                *(runs[i].name, runs[j].name),
                ("+" if gap.estimate > 0 else "") + number(gap.estimate),
                gap.text(),
                *(int(part.sum()) for part in (a & b, a & ~b, ~a & b, ~a & ~b)),
                verdict(gap, float(ranking.p[i, j]) if len(runs) > 2 else None),
            ]
        )
    counts = ("both right", "only first", "only second", "neither")
    names = ("first", "second", "difference in points", "95 % interval", *counts)
    return Table(
        "Paired: both runs on the same frames",
        [*columns(*names, n_text=2), Column("verdict", is_text=True)],
        rows,
    )
