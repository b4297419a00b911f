"""Tables that pages of runs and of contests share: confusion, rooms, the card of a task."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from robotvision.scoring.points import SILENT
from robotvision.scoring.tally import Tally
from robotvision.submissions.forms import form_of
from robotvision.tasks.model import Fact, Status, Task

STATUS = {
    Status.VERIFIED: "verified in a source",
    Status.DERIVED: "derived from a source",
    Status.RECOLLECTED: "recollected, not confirmed",
    Status.OWN: "own rule",
}


def set_table(name: str, tally: Tally) -> dict[str, Any]:
    """Return confusion matrix and breakdown by room of one test set."""
    n = len(tally.labels)
    used = [i for i in range(n) if sum(tally.counts[i]) or any(r[i] for r in tally.counts)]
    shown_outcomes = [str(o) for o in SILENT if tally.outcomes[o]]
    matrix = []
    for i in used:
        row = tally.counts[i]
        total = sum(row)
        cells = [
            {
                "n": row[j],
                "share": row[j] / total if total else 0.0,
                "right": i == j,
                "to": tally.labels[j],
            }
            for j in used
        ]
        silent = sum(row[n:])
        matrix.append(
            {
                "label": tally.labels[i],
                "cells": cells,
                "silent": silent,
                "total": total,
                "silent_share": silent / total if total else 0.0,
            }
        )
    return {
        "name": name,
        "frames": tally.frames,
        "scored": tally.scored_frames,
        "points": tally.points,
        "max_points": tally.max_points,
        "room_points": tally.room_points,
        "object_points": tally.object_points,
        "columns": [tally.labels[j] for j in used],
        "matrix": matrix,
        "outcome_columns": ["correct", "wrong", *shown_outcomes],
        "rooms": [
            asdict(line) for line in tally.rooms() if line.frames or line.precision is not None
        ],
    }


def task_card(task: Task) -> dict[str, Any]:
    """Return a task's rules, each with its status and source."""
    room, objects = task.points.room, task.points.objects
    sets = ", ".join(s.name + (f" ({s.title})" if s.title else "") for s in task.test_sets)
    rules = [
        ("rooms", ", ".join(task.room_names) or "those of the training sequences", "rooms"),
        ("unknown", task.unknown or "none: every room is one of these", "unknown"),
        ("objects", ", ".join(task.objects) or "none asked for", "objects"),
        ("sensors", ", ".join(task.sensors) or "any", "sensors"),
        ("modes", ", ".join(task.modes), "modes"),
        ("test sets", sets or "any", "test_sets"),
        (
            "overall",
            "sum of the test sets" if task.overall == "sum" else "each set apart",
            "overall",
        ),
        ("room right", f"{room.correct:+g}", "points.room.correct"),
        ("room wrong", f"{room.wrong:+g}", "points.room.wrong"),
        ("no room", f"{room.unanswered:+g}", "points.room.unanswered"),
    ]
    if objects is not None:
        for key in ("stated_present", "stated_absent", "not_stated"):
            cell = getattr(objects, key)
            text = f"{cell.present:+g} in view, {cell.absent:+g} not in view"
            rules.append((f"object {key.replace('_', ' ')}", text, f"points.objects.{key}"))
    form = form_of(task)
    example = form.line(task.run_file.first_number, form.example)
    rules.append(("run file", f"{task.run_file.form}, like: {example}", "run_file"))
    return {
        "id": task.id,
        "title": task.title,
        "question": task.question,
        "note": task.note,
        "break_even": room.break_even,
        "rules": [{"name": n, "rule": rule, **_origin(task.fact(k))} for n, rule, k in rules],
        "published": [
            {
                "track": t.track,
                "source": t.source,
                "note": t.note,
                "rows": [
                    {
                        "group": r.group,
                        "points": r.points,
                        "status": STATUS[r.status],
                        "verified": r.status is Status.VERIFIED,
                        "note": r.note,
                    }
                    for r in t.rows
                ],
            }
            for t in task.published
        ],
        "counts": [c.model_dump() | {"status": STATUS[c.status]} for c in task.known_counts],
    }


def _origin(fact: Fact) -> dict[str, Any]:
    return {
        "status": STATUS[fact.status],
        "kind": str(fact.status),
        "source": "; ".join(filter(None, (fact.source, fact.note))),
    }
