"""One accepted run as a page: points, outcomes, timeline, mistakes, confusion, rooms.

The page is the report's own; a run file knows no latency and no confidence, so those are left out.
Images are there where the organiser publishes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.contest.leaderboard.disclosure import Disclosure
from robotvision.records import Outcome
from robotvision.report.html import charts
from robotvision.report.html.shell import ENTRY, as_script, render
from robotvision.report.html.tables import set_tables, task_card
from robotvision.report.tables import objects_table, sets_table
from robotvision.scoring.estimates import points_interval
from robotvision.scoring.intervals import Interval
from robotvision.scoring.judging import object_points
from robotvision.scoring.points import NOT_STATED, PRESENT
from robotvision.scoring.table import FrameTable
from robotvision.tasks.model import Task

if TYPE_CHECKING:
    from robotvision.report.html.images import ImageSet

UNDESCRIBED: Mapping[str, Any] = MappingProxyType(
    {"team": "", "method": None, "notes": (), "latency_ms": None, "is_judged": False}
)
"""What is said of a run that no board describes."""
NO_IMAGES: Mapping[str, Any] = MappingProxyType({"notes": (), "scope": "", "depth_range_m": None})
MAX_FRAMES = 200_000
"""A timeline of more frames than this would make the page too heavy to open."""


@dataclass(frozen=True, slots=True, eq=False)
class EntryContext:
    """What the page of a run shows beside the run itself.

    Parameters
    ----------
    standing : sequence of mappings
        Where the run stands, one a ranking: ``name, rank, ranks, n``.
    home : str, optional
        Address of the ranking.
    points : Interval, optional
        Of the points over all test sets, where it is known already.
    about : mapping
        What a board says of the run beside its score, as `BoardRow.as_dict` gives it.
    album : ImageSet, optional
        What the cameras saw, where that is published and the page shows frames.
    """

    standing: Sequence[Mapping[str, Any]] = ()
    home: str | None = None
    points: Interval | None = None
    about: Mapping[str, Any] = field(default_factory=lambda: UNDESCRIBED)
    album: ImageSet | None = None


def entry_page(
    contest: Contest,
    entry: ContestEntry,
    shown: Disclosure | None = None,
    context: EntryContext | None = None,
) -> str:
    """Return the page of one run.

    Parameters
    ----------
    contest : Contest
    entry : ContestEntry
    shown : Disclosure, optional
        What it shows; totals alone by default.
    context : EntryContext, optional
    """
    shown, context = shown or Disclosure(), context or EntryContext()
    task, album = contest.task, context.album
    has_timeline = shown.has_frames and 0 < len(entry.table) <= MAX_FRAMES
    data = payload(contest, entry, album) if has_timeline else {}
    run = _section(contest, entry, shown)
    run["interval"] = _interval(contest, entry, shown, context.points)
    return render(
        "entry.html.j2",
        scripts=ENTRY if has_timeline else (),
        has_files=album is not None and album.has_files,
        title=f"{entry.name}, {task.id}",
        home=context.home,
        run=run,
        about=context.about,
        runs=[run],
        shown=shown,
        standing=context.standing,
        task_id=task.id,
        tasks=[task_card(task)],
        has_timeline=has_timeline,
        data=as_script(data),
        pictures=as_script(album.images if album else {}),
        sequences=entry.table.sequences,
        labels=task.labels,
        outcomes=list(map(str, Outcome)),
        comparison=None,
        channels=album.channels if album and data else [],
        tour_map=_map(data, album) if album and data else None,
        album=album or NO_IMAGES,
        is_file=True,
    )


def _map(data: Mapping[str, Any], album: ImageSet) -> Markup | None:
    """Return the robot's path in the colours of the outcomes; None where it is not known."""
    seen = {key: data[key] for key in ("sequence", "truth", "visit", "labels")}
    return charts.tour_map(album.poses, outcome=data["runs"][0]["outcome"], **seen)


def refused_page(
    name: str,
    kinds: Sequence[str],
    n_faults: int,
    task: Task | None = None,
    home: str | None = None,
) -> str:
    """Return the page of a run that was refused: a line for each kind of fault."""
    tasks = [] if task is None else [task_card(task)]
    return render(
        "refused.html.j2",
        title=f"{name}: refused",
        home=home,
        name=name,
        kinds=list(kinds),
        n_faults=n_faults,
        tasks=tasks,
    )


def _section(contest: Contest, entry: ContestEntry, shown: Disclosure) -> dict[str, Any]:
    score = shown.score(contest.task, entry.score)
    n_scored = sum(tally.scored_frames for tally in entry.tallies.values())
    outcomes = score["outcomes"]
    answered = outcomes["correct"] + outcomes["wrong"] if outcomes else None
    return {
        "place": 0,
        "name": entry.name,
        "data": score,
        "mode": score["mode"],
        "n_scored": n_scored,
        "share": score["points"] / score["max_points"] if score["max_points"] else None,
        "answered": answered / n_scored if n_scored and answered is not None else None,
        "right": outcomes["correct"] / answered if answered else None,
        "outcome_bar": charts.outcome_bar(outcomes, score["unscored"])
        if score["frames"] and outcomes
        else None,
        "sets": set_tables(entry.tallies) if shown.has_rooms else [],
        "n_sets": len(entry.tallies),
        "sets_table": sets_table(score),
        "objects": objects_table(score) if shown.has_rooms else None,
        "warnings": [notice.message for notice in shown.notices(entry.warnings)],
    }


def _interval(
    contest: Contest, entry: ContestEntry, shown: Disclosure, points: Interval | None
) -> dict[str, Any] | None:
    if len(contest.sets) > 1 and contest.task.overall == "separate":
        return None
    if points is None:
        points = points_interval(entry.table, contest.task, is_blind=shown.is_blind(contest.task))
    points = shown.interval(points)
    return {"text": points.text(), "blocks": points.blocks, "warning": points.caution}


def payload(contest: Contest, entry: ContestEntry, album: ImageSet | None = None) -> dict[str, Any]:
    """Return the columns behind the timeline, as the report's own pages have them."""
    task, table = contest.task, entry.table
    nothing: list[None] = [None] * len(table)
    return {
        "labels": list(task.labels),
        "unknown": [task.unknown] if task.unknown else [],
        "outcomes": list(map(str, Outcome)),
        "objects": list(task.objects),
        "sequences": list(table.sequences),
        "sequence": table.sequence.tolist(),
        "index": table.index.tolist(),
        "segment": table.segment.tolist(),
        "visit": table.visit.tolist(),
        "time_ms": nothing,
        "truth": table.truth.tolist(),
        "seen": _seen(contest),
        "runs": [
            {
                "name": entry.name,
                "max_points": entry.score["max_points"],
                "best": entry.score["max_points"],
                "break_even": round(task.points.room.break_even, 4),
                "deadline_ms": None,
                "frame_ms": None,
                "outcome": table.outcome.tolist(),
                "answer": table.answer.tolist(),
                "late_answer": {},
                "points": [_short(p) for p in table.points.tolist()],
                "object_points": _of_objects(table, task),
                "confidence": nothing,
                "latency_us": nothing,
                "stages_us": {},
                "age_ms": [],
                "faults": {},
                "stated": _stated(table),
            }
        ],
        **(album.columns(len(table)) if album else {"channels": [], "depth_range_m": None}),
    }


def _of_objects(table: FrameTable, task: Task) -> list[float]:
    """Return what the objects earned in each frame; empty where the task has none."""
    if not task.objects:
        return []
    return [_short(p) for p in object_points(table, task).tolist()]


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 4)


def _seen(contest: Contest) -> dict[int, list[str]]:
    """Return the objects in view by frame, those outside the task too."""
    seen = {}
    for rows, truth in zip(contest.frames.parts(), contest.sets.values(), strict=True):
        if contest.task.objects:
            for k in np.flatnonzero(truth.seen.any(1)).tolist():
                seen[rows.start + k] = [truth.objects[j] for j in np.flatnonzero(truth.seen[k])]
    return seen


def _stated(table: FrameTable) -> dict[int, dict[str, bool]]:
    if table.stated is None:
        return {}
    states = np.flatnonzero((table.stated != NOT_STATED).any(1))
    return {
        k: {o: s == PRESENT for o, s in zip(table.objects, row, strict=True) if s != NOT_STATED}
        for k, row in zip(states.tolist(), table.stated[states].tolist(), strict=True)
    }
