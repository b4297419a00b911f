"""Several runs side by side: paired differences, ranks, where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.report.columns import RunColumns
from robotvision.report.html.payload import Aligned
from robotvision.report.measures import CORRECT
from robotvision.report.table import number
from robotvision.scoring.intervals import verdict
from robotvision.scoring.ranks import Ranks, ranks


def comparison(runs: Sequence[RunColumns], aligned: Aligned) -> dict[str, Any]:
    """Return the paired comparison of the runs on the frames that all of them scored."""
    at, notes = shared_frames(runs, aligned)
    n_frames = len(at[0])
    if not n_frames:
        return {"notes": notes, "frames": 0, "rows": [], "pairs": [], "visits": 0}
    points = np.stack([run.points[i] for run, i in zip(runs, at, strict=True)], axis=1)
    right = np.stack([run.outcome[i] == CORRECT for run, i in zip(runs, at, strict=True)], axis=1)
    visits = runs[0].visit[at[0]]
    least, most = shared_bounds(runs, at)
    found = ranks(points, visits, bounds=(least, most))
    n_visits = len(np.unique(visits))
    notes += dict.fromkeys(
        f"{p.caution[0].upper()}{p.caution[1:]}." for p in found.points if p.caution
    )
    return {
        "notes": notes,
        "frames": n_frames,
        "visits": n_visits,
        "rows": [_row(runs[i], i, found, right[:, i]) for i in np.argsort(-points.sum(0))],
        "pairs": [
            _pair(runs, i, j, right, found)
            for i in range(len(runs))
            for j in range(i + 1, len(runs))
        ],
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
    changed = [name for name, found in digests.items() if len(found) > 1]
    if changed:
        notes.append("Sequences of one name but different content: " + ", ".join(changed))
    if n_shared < len(aligned):
        notes.append(
            f"Compared on the {n_shared:,} of {len(aligned):,} frames that every run has scored."
        )
    return notes


def _row(run: RunColumns, place: int, found: Ranks, right: NDArray[np.bool_]) -> dict[str, Any]:
    best, worst = found.ranks[place]
    points = found.points[place]
    return {
        "name": run.name,
        "place": place,
        "points": number(points.estimate),
        "interval": points.text(),
        "correct": f"{right.mean():.1%}",
        "rank": str(best) if best == worst else f"{best} to {worst}",
        "first": f"{found.share_first[place]:.0%}",
    }


def _pair(
    runs: Sequence[RunColumns], i: int, j: int, right: NDArray[np.bool_], found: Ranks
) -> dict[str, Any]:
    difference = found.difference(i, j)
    a, b = right[:, i], right[:, j]
    return {
        "first": runs[i].name,
        "second": runs[j].name,
        "places": (i, j),
        "difference": ("+" if difference.estimate > 0 else "") + number(difference.estimate),
        "interval": difference.text(),
        "both": int((a & b).sum()),
        "only_first": int((a & ~b).sum()),
        "only_second": int((~a & b).sum()),
        "neither": int((~a & ~b).sum()),
        "verdict": verdict(difference, float(found.p[i, j]) if len(runs) > 2 else None),
    }
