"""Whether a truth fits its task, and the score of a whole run as plain data.

The summary is what ``robotvision run``, ``score`` and ``rescore`` print as JSON: the points of the
task's protocol (see `robotvision.scoring.points`), counts by outcome, and the breakdown by room and
object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robotvision.errors import Fault, raise_faults
from robotvision.records import Notice
from robotvision.scoring.estimates import points_interval
from robotvision.scoring.table import FrameTable
from robotvision.scoring.tally import Tally, total
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks.model import Task
from robotvision.tasks.truth_labels import alias_notices

SCHEMA = 1


def require_truth_fits(task: Task, truth: TruthTable) -> list[Notice]:
    """Return warnings about a truth that may not be the task's.

    Raises
    ------
    InputFaults
        A true room is none of the task's and the task has no unknown label, a room or an object is
        misspelt, or the task asks for objects and the truth says nothing of them.
    """
    labels = truth.labels
    faults = labels.faults(task)
    notices = alias_notices(task, [labels])
    if task.unknown is not None and (others := labels.strange_rooms(task)):
        text = f"{truth.name}: counted as {task.unknown}: {', '.join(others)}"
        notices.append(Notice("rooms-outside-task", text))
    if task.objects and not truth.has_objects:
        faults.append(
            Fault(
                truth.path,
                f"the task {task.id} asks for objects, and the truth says nothing of them",
                remedy="add a column objects to the truth",
            )
        )
    if task.objects and (others := labels.strange_objects(task)):
        text = f"{truth.name}: objects outside the task left out: {', '.join(others)}"
        notices.append(Notice("objects-outside-task", text))
    raise_faults(faults)
    return notices


def summarise(
    task: Task,
    tallies: Mapping[str, Tally],
    mode: str = "obligatory",
    policy: Any = "offline",
    notices: Iterable[Notice] = (),
    table: FrameTable | None = None,
) -> dict[str, Any]:
    """Return a run's score as plain data, ready for JSON.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    tallies : Mapping[str, Tally]
        By test set, in the task's order. The top level is their sum; ``sets`` holds each, and
        ``overall`` says whether the edition adds them (``sum``) or keeps them apart.
    mode : str
        ``obligatory`` or ``optional``.
    policy : str
        What a late answer was worth; a run file is ``offline``.
    notices : iterable of Notice, optional
        What a reader of the score must know.
    table : FrameTable, optional
        The scored frames; without them there is no interval.

    Returns
    -------
    dict
        ``schema, task, mode, policy, frames, points, max_points, outcomes, rooms, latency_ns,
        run_dir`` (the last two empty: what knows times and folders fills them in), and
        ``room_points, object_points, unscored, interval, visits, caution, objects, labels,
        confusion, overall, sets, changed, warnings``.
    """
    whole = total(task, tallies)
    return {
        "schema": SCHEMA,
        "task": task.id,
        "mode": mode,
        "policy": policy,
        **_head(whole),
        **_uncertainty(task, table, list(tallies)),
        "rooms": _rooms(whole),
        "objects": _objects(whole),
        "labels": list(task.labels),
        "confusion": whole.confusion.tolist(),
        "overall": task.overall,
        "sets": {
            name: _head(tally) | _uncertainty(task, table, [name]) | {"rooms": _rooms(tally)}
            for name, tally in tallies.items()
        },
        "changed": list(task.changed),
        "warnings": [notice.as_dict() for notice in notices],
        "latency_ns": {},
        "run_dir": None,
    }


def _uncertainty(task: Task, table: FrameTable | None, sets: list[str]) -> dict[str, Any]:
    """Return the interval of the points over some test sets, by room visit.

    Without its ends where the frames are not at hand, or the edition keeps the test sets apart.
    """
    if table is None or (len(sets) > 1 and task.overall == "separate"):
        return {"interval": [None, None], "visits": None, "caution": ""}
    return points_interval(table.of_sets(sets), task).as_dict()


def _head(tally: Tally) -> dict[str, Any]:
    return {
        "frames": tally.frames,
        "points": tally.points,
        "max_points": tally.max_points,
        "room_points": tally.room_points,
        "object_points": tally.object_points,
        "outcomes": tally.outcomes,
        "unscored": tally.unscored,
    }


def _rooms(tally: Tally) -> dict[str, Any]:
    return {
        line.room: {
            "frames": line.frames,
            "precision": line.precision,
            "recall": line.recall,
            "points": line.points,
            **line.outcomes,
        }
        for line in tally.rooms()
    }


def _objects(tally: Tally) -> dict[str, Any]:
    return {
        line.name: {
            "frames": line.present,
            "points": line.points,
            "stated_present": {
                "present": line.stated_present_right,
                "absent": line.stated_present_wrong,
            },
            "stated_absent": {
                "present": line.stated_absent_wrong,
                "absent": line.stated_absent_right,
            },
            "not_stated": {"present": line.not_stated_present, "absent": line.not_stated_absent},
        }
        for line in tally.objects()
    }
