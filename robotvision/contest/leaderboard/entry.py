"""One accepted run as a page: points, outcomes, timeline, mistakes, confusion, rooms.

The timeline and the cards are the report's own; a run file knows no latency, no confidence and no
pictures, so those are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.records import Outcome
from robotvision.report.html import charts
from robotvision.report.html.shell import TIMELINE, as_script, render
from robotvision.report.html.svg import number
from robotvision.report.html.tables import set_table, task_card
from robotvision.scoring.bootstrap import FEW_BLOCKS, Interval, interval
from robotvision.tasks.model import Task

MAX_FRAMES = 200_000
"""A timeline of more frames than this would make the page too heavy to open."""


def entry_page(
    contest: Contest,
    entry: ContestEntry,
    *,
    standing: Sequence[Mapping[str, Any]] = (),
    home: str | None = None,
) -> str:
    """Return the page of one run.

    Parameters
    ----------
    standing : sequence of mappings
        Where the run stands, one a ranking: ``name, rank, ranks, group, n``.
    home : str, optional
        Address of the ranking.
    """
    data = payload(contest, entry)
    task = contest.task
    n_frames = len(data["index"])
    has_timeline = 0 < n_frames <= MAX_FRAMES
    return render(
        "entry.html.j2",
        scripts=TIMELINE if has_timeline else (),
        title=f"{entry.name}, {task.id}",
        home=home,
        run=_section(contest, entry),
        runs=[_section(contest, entry)],
        standing=standing,
        task_id=task.id,
        tasks=[task_card(task)],
        has_timeline=has_timeline,
        data=as_script(data if has_timeline else {}),
        pictures=as_script({}),
        sequences=data["sequences"],
        labels=data["labels"],
        outcomes=data["outcomes"],
        comparison=None,
        channels=[],
        tour_map=None,
        album={"notes": [], "depth_range_m": None},
        is_file=True,
    )


def refused_page(
    name: str, reasons: Sequence[str], task: Task | None = None, home: str | None = None
) -> str:
    """Return the page of a run that was refused: every fault, one a line."""
    tasks = [] if task is None else [task_card(task)]
    return render(
        "refused.html.j2",
        title=f"{name}: refused",
        home=home,
        name=name,
        reasons=list(reasons),
        tasks=tasks,
    )


def _section(contest: Contest, entry: ContestEntry) -> dict[str, Any]:
    score = entry.score
    by_visit = _interval(contest, entry)
    sets = [set_table(name, tally) for name, tally in entry.tallies.items()]
    n_scored = sum(s["scored"] for s in sets)
    answered = score["outcomes"]["correct"] + score["outcomes"]["wrong"]
    return {
        "place": 0,
        "name": entry.name,
        "data": score,
        "mode": score["mode"],
        "n_scored": n_scored,
        "share": score["points"] / score["max_points"] if score["max_points"] else None,
        "answered": answered / n_scored if n_scored else None,
        "right": score["outcomes"]["correct"] / answered if answered else None,
        "interval": by_visit,
        "outcome_bar": charts.outcome_bar(score["outcomes"], score["unscored"])
        if score["frames"]
        else None,
        "sets": sets,
        "overall": contest.task.overall,
        "objects": _objects(entry),
        "warnings": list(entry.warnings),
    }


def _interval(contest: Contest, entry: ContestEntry) -> dict[str, Any] | None:
    names = list(entry.frames)
    if len(names) > 1 and contest.task.overall == "separate":
        return None
    points = [entry.frames[n].points[contest.sets[n].truth >= 0] for n in names]
    found = interval(np.concatenate(points), contest.visits(names))
    return {
        "text": interval_text(found),
        "blocks": found.blocks,
        "warning": "a rough interval" if found.blocks < FEW_BLOCKS else "",
    }


def interval_text(found: Interval) -> str:
    """Return ``812.5 to 1034``, or why there is none."""
    if found.low is None or found.high is None:
        return "none"
    return f"{number(round(found.low, 1))} to {number(round(found.high, 1))}"


def _objects(entry: ContestEntry) -> list[dict[str, Any]]:
    lines: dict[str, dict[str, Any]] = {}
    for tally in entry.tallies.values():
        for line in tally.objects():
            mine = asdict(line)
            old = lines.setdefault(line.name, mine)
            if old is not mine:
                for key, value in mine.items():
                    old[key] = value if key == "name" else old[key] + value
    return list(lines.values())


def payload(contest: Contest, entry: ContestEntry) -> dict[str, Any]:
    """Return the columns behind the timeline, as the report's own pages have them."""
    task, sets = contest.task, [contest.sets[n] for n in entry.frames]
    frames = list(entry.frames.values())
    n_each = [len(s.truth) for s in sets]
    truth = np.concatenate([s.truth for s in sets])
    segment = np.concatenate([s.segment for s in sets])
    sequence = np.repeat(np.arange(len(sets)), n_each)
    n = len(truth)
    nothing: list[None] = [None] * n
    return {
        "labels": list(task.labels),
        "unknown": [task.unknown] if task.unknown else [],
        "outcomes": list(map(str, Outcome)),
        "objects": list(task.objects),
        "sequences": list(entry.frames),
        "sequence": sequence.tolist(),
        "index": np.concatenate([s.table.frames.indices for s in sets]).tolist(),
        "segment": segment.tolist(),
        "visit": np.cumsum([0, *_changes(sequence, segment, truth)])[:n].tolist(),
        "time_ms": nothing,
        "truth": truth.tolist(),
        "seen": _seen(contest, entry),
        "runs": [
            {
                "name": entry.name,
                "max_points": entry.score["max_points"],
                "best": entry.score["max_points"],
                "break_even": round(task.points.room.break_even, 4),
                "deadline_ms": None,
                "frame_ms": None,
                "outcome": np.concatenate([f.outcome for f in frames]).tolist(),
                "answer": np.concatenate([f.answer for f in frames]).tolist(),
                "late_answer": {},
                "points": [_short(p) for f in frames for p in f.points.tolist()],
                "confidence": nothing,
                "latency_us": nothing,
                "stages_us": {},
                "age_ms": [],
                "faults": {},
                "stated": _stated(contest, entry),
            }
        ],
        "channels": [],
        "depth_range_m": None,
    }


def _changes(*columns: Any) -> list[int]:
    changed: list[int] = np.any([np.diff(c) != 0 for c in columns], axis=0).astype(int).tolist()
    return changed


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 4)


def _seen(contest: Contest, entry: ContestEntry) -> dict[int, list[str]]:
    found, first = {}, 0
    for name in entry.frames:
        table = contest.sets[name].table
        if contest.task.objects:
            for k in np.flatnonzero(table.seen.any(1)).tolist():
                found[first + k] = [table.objects[j] for j in np.flatnonzero(table.seen[k])]
        first += len(table)
    return found


def _stated(contest: Contest, entry: ContestEntry) -> dict[int, dict[str, bool]]:
    found: dict[int, dict[str, bool]] = {}
    first, objects = 0, contest.task.objects
    for columns in entry.frames.values():
        if columns.stated is not None:
            for k, row in enumerate(columns.stated.tolist()):
                said = {o: s == 0 for o, s in zip(objects, row, strict=True) if s < 2}
                if said:
                    found[first + k] = said
        first += len(columns.answer)
    return found
