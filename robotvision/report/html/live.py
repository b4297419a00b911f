"""The page that follows a run: the report's own timeline and cards, filled as the frames come."""

from __future__ import annotations

from typing import Any

from robotvision.data.sequence import ChannelKind
from robotvision.records import Outcome
from robotvision.report.feed import (
    ANSWER,
    CONFIDENCE,
    FAULT,
    INDEX,
    LATE,
    LATENCY,
    OBJECT_POINTS,
    OUTCOME,
    POINTS,
    SEGMENT,
    TIME,
    TRUTH,
    VISIT,
    FollowedFrame,
    K,
    Row,
)
from robotvision.report.html.payload import ABSENT
from robotvision.report.html.shell import TIMELINE, as_script, render
from robotvision.tasks.model import Task

TO_COME = -1
"""Visit of the frames to come: they belong to no stay in a room yet."""


def live_page(state: dict[str, Any]) -> str:
    """Return the page as it stands; ``state`` as `robotvision.report.feed.Feed.state` gives it."""
    task: Task | None = state["task"]
    sequences: list[FollowedFrame] = state["sequences"]
    data = payload(task, sequences, state["rows"], state["n_frames"])
    live = {
        "from": f"{state['generation']}.{len(state['rows'])}",
        "status": state["status"],
        "end": state["end"],
        "rows": len(state["rows"]),
        "last": state["rows"][-1][K] if state["rows"] else None,
    }
    return render(
        "live.html.j2",
        scripts=(*TIMELINE, "live"),
        is_served=True,
        title=f"{sequences[-1].name if sequences else 'run'}, live",
        task=task,
        name=sequences[-1].name if sequences else "",
        has_frames=task is not None,
        data=as_script(data),
        live=as_script(live),
        pictures=as_script({}),
        sequences=data["sequences"],
        labels=data["labels"],
        outcomes=data["outcomes"],
        channels=data["channels"],
        comparison=None,
        tour_map=None,
        album={"notes": [], "scope": "", "depth_range_m": None},
        runs=[],
    )


def payload(
    task: Task | None, sequences: list[FollowedFrame], rows: list[Row], n_frames: int
) -> dict[str, Any]:
    """Return the columns behind the timeline; frames to come are absent from the run."""
    n = n_frames if task is not None else 0
    got: dict[int, Row] = {row[K]: row for row in rows}

    def column(place: int, missing: Any) -> list[Any]:
        return [got[k][place] if k in got else missing for k in range(n)]

    last = rows[-1] if rows else None
    return {
        "labels": list(task.labels) if task else [],
        "unknown": [task.unknown] if task and task.unknown else [],
        "outcomes": list(map(str, Outcome)),
        "objects": list(task.objects) if task else [],
        "sequences": [s.name for s in sequences] if task else [],
        "sequence": [i for i, s in enumerate(sequences) for _ in range(s.n_frames)] if n else [],
        "index": [got[k][INDEX] if k in got else k for k in range(n)],
        "segment": column(SEGMENT, last[SEGMENT] if last else 0),
        "visit": column(VISIT, TO_COME),
        "time_ms": column(TIME, None),
        "truth": column(TRUTH, -1),
        "seen": {},
        "runs": [_run(task, column, got)] if task else [],
        "channels": channels(sequences),
        "depth_range_m": None,
    }


def _run(task: Task, column: Any, got: dict[int, Row]) -> dict[str, Any]:
    return {
        "name": "run",
        "max_points": 1,
        "best": 1,
        "break_even": round(task.points.room.break_even, 4),
        "deadline_ms": None,
        "frame_ms": None,
        "outcome": column(OUTCOME, ABSENT),
        "answer": column(ANSWER, -1),
        "late_answer": {k: r[LATE] for k, r in got.items() if r[LATE] is not None},
        "points": column(POINTS, None),
        "object_points": column(OBJECT_POINTS, None) if task.objects else [],
        "confidence": column(CONFIDENCE, None),
        "latency_us": column(LATENCY, None),
        "stages_us": {},
        "age_ms": [],
        "faults": {k: r[FAULT] for k, r in got.items() if r[FAULT] is not None},
        "stated": {},
    }


def channels(sequences: list[FollowedFrame]) -> list[str]:
    """Return one channel of colour and one of depth, where the sequence under way has them."""
    kinds = sequences[-1].about.get("channels", {}) if sequences else {}
    names = []
    for wanted in (ChannelKind.COLOR, ChannelKind.DEPTH_MM):
        names += [c for c, kind in kinds.items() if kind == str(wanted)][:1]
    return names
