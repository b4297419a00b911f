"""What pages of runs and of contests share: the tables of a test set, the card of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robotvision.report.table import number
from robotvision.report.tables import STATUS, Score, confusion_table, rooms_table, rules, score_of
from robotvision.scoring.tally import Tally
from robotvision.submissions.forms import form_of
from robotvision.tasks.model import Fact, Status, Task

__all__ = ["STATUS", "set_tables", "task_card"]


def set_tables(tallies: Mapping[str, Tally]) -> list[dict[str, Any]]:
    """Return the tables of each test set, by its tally."""
    return [_set_table(name, tally, len(tallies)) for name, tally in tallies.items()]


def _set_table(name: str, tally: Tally, n_sets: int) -> dict[str, Any]:
    """Return confusion matrix and breakdown by room of one of ``n_sets`` test sets."""
    score, where = score_of(name, tally), f", test set {name}" if n_sets > 1 else ""
    title = f"Confusion{where}: shade is the share of the row"
    return {
        "name": name,
        "frames": tally.frames,
        "scored": tally.scored_frames,
        "points": tally.points,
        "max_points": tally.max_points,
        "confusion": confusion_table(score, title),
        "rooms": rooms_table(score, f"By room{where}"),
        "strips": _strips(score),
    }


def _strips(score: Score) -> dict[str, dict[str, Any]]:
    """Return for each room its frames by outcome, and its points."""
    strips = {}
    for room, line in score["rooms"].items():
        counts = [(outcome, line[outcome]) for outcome in score["outcomes"] if line[outcome]]
        words = ", ".join(f"{n:,} {outcome}" for outcome, n in counts) or "no frame"
        text = f"{room}: {words}; {number(line['points'])} points"
        strips[room] = {"counts": counts, "points": line["points"], "text": text}
    return strips


def task_card(task: Task) -> dict[str, Any]:
    """Return a task's rules, each with its status and source."""
    room, objects = task.points.room, task.points.objects
    shown = [
        *rules(task),
        ("room right", f"{room.correct:+g}", "points.room.correct"),
        ("room wrong", f"{room.wrong:+g}", "points.room.wrong"),
        ("no room", f"{room.unanswered:+g}", "points.room.unanswered"),
    ]
    if objects is not None:
        for key in ("stated_present", "stated_absent", "not_stated"):
            cell = getattr(objects, key)
            text = f"{cell.present:+g} in view, {cell.absent:+g} not in view"
            shown.append((f"object {key.replace('_', ' ')}", text, f"points.objects.{key}"))
    form = form_of(task)
    example = form.line(task.run_file.first_number, form.example)
    shown.append(("run file", f"{task.run_file.form}, like: {example}", "run_file"))
    return {
        "id": task.id,
        "title": task.title,
        "question": task.question,
        "note": task.note,
        "break_even": room.break_even,
        "rules": [{"name": n, "rule": rule, **_origin(task.fact(k))} for n, rule, k in shown],
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
