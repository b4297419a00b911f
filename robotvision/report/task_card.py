"""A task as a page to read: its rules, where each comes from, and its published results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from robotvision.records import Answer
from robotvision.report.console import titled
from robotvision.report.scores import print_changes, say
from robotvision.report.table import Cell, Column, Table, columns
from robotvision.report.tables import NO_OBJECTS, origin_text, rules
from robotvision.report.terminal import print_published
from robotvision.submissions.forms import form_of
from robotvision.tasks.model import KnownCount, Task

OBJECT_ROWS = ("stated_present", "stated_absent", "not_stated")


def as_dict(task: Task) -> dict[str, Any]:
    """Return the task as plain data, with its break-even confidence and an example line."""
    data = task.model_dump(mode="json")
    data["break_even"] = task.points.room.break_even
    data["run_file"]["example"] = _examples(task)[0]
    data["run_file"]["no_answer"] = _examples(task)[1]
    return data


def print_task(out: Console, task: Task) -> None:
    """Print a task's card."""
    say(out, f"[bold]{escape(task.id)}[/]  {escape(task.title)}")
    for text in filter(None, (task.question, task.note)):
        out.print(escape(text))
    out.print()
    out.print(titled(rules_table(task)))
    out.print()
    out.print(titled(points_table(task)))
    room = task.points.room
    say(
        out,
        f"  an answer pays where it is right with probability above {room.break_even:.2f} "
        "(break-even confidence)",
    )
    _print_run_file(out, task)
    _print_counts(out, task)
    print_published(out, task)
    print_changes(out, task)


def rules_table(task: Task) -> Table:
    """Return the rules of a task apart from its points, each with its status and source."""
    rows: list[list[Cell]] = [
        [name, rule, "" if rule == NO_OBJECTS else origin_text(task.fact(key))]
        for name, rule, key in rules(task)
    ]
    return Table("rules", columns("what", "rule", "status, source", n_text=3), rows, "rules")


def points_table(task: Task) -> Table:
    """Return the points of a task, each with its status and source."""
    shown = [*columns("answer", "points"), Column("status, source", is_text=True)]
    room = task.points.room
    rows: list[list[Cell]] = [
        [name, f"{value:+g}", origin_text(task.fact(f"points.room.{key}"))]
        for name, key, value in (
            ("room right", "correct", room.correct),
            ("room wrong", "wrong", room.wrong),
            ("no room", "unanswered", room.unanswered),
        )
    ]
    for key in OBJECT_ROWS if task.points.objects else ():
        cell = getattr(task.points.objects, key)
        words = "object " + key.replace("_", " ")
        origin = origin_text(task.fact(f"points.objects.{key}"))
        rows.append([f"{words}, in view", f"{cell.present:+g}", origin])
        rows.append([f"{words}, not in view", f"{cell.absent:+g}", ""])
    return Table("points", shown, rows, "points")


def _examples(task: Task) -> tuple[str, str]:
    """Return a line of the task's run file, and one that answers nothing."""
    form = form_of(task)
    first = task.run_file.first_number
    return form.line(first, form.example), form.line(first, Answer(None))


def _print_run_file(out: Console, task: Task) -> None:
    answered, silent = _examples(task)
    origin = escape(origin_text(task.fact("run_file")))
    say(out, f"\n[bold]run file[/]  {task.run_file.form}  ({origin})")
    say(out, f"  an answer  {escape(repr(answered))}")
    say(out, f"  no answer  {escape(repr(silent))}")
    say(out, "  a missing line is not answered, with a warning; a repeated or malformed line, or a")
    say(out, "  label outside the task, refuses the file (this project's own rule)")


def _print_counts(out: Console, task: Task) -> None:
    counts = task.known_counts
    if not counts:
        return
    labels = [r for r in task.room_names if any(r in c.rooms for c in counts)]
    labels += [o for o in task.objects if any(o in c.objects for c in counts)]
    out.print()
    out.print(titled(counts_table(counts, labels)))
    for count in counts:
        if count.note:
            say(out, f"  {escape(count.sequence)}: {escape(count.note)}")


def counts_table(counts: Sequence[KnownCount], labels: Sequence[str]) -> Table:
    """Return known frame counts, a row a sequence; few sequences become columns instead."""
    if len(counts) < 6:
        rows: list[list[Cell]] = [
            ["frames", *map(_frames, counts)],
        ]
        rows += [[f"  {room}", *(_count(c, room) for c in counts)] for room in labels]
        rows.append(["status", *(str(c.status) for c in counts)])
        return Table("known frame counts", columns("", *(c.sequence for c in counts)), rows)
    rows = [
        [c.sequence, _frames(c), *(_count(c, room) for room in labels), str(c.status)]
        for c in counts
    ]
    return Table("known frame counts", columns("sequence", "frames", *labels, "status"), rows)


def _frames(count: KnownCount) -> str:
    return "?" if count.frames is None else str(count.frames)


def _count(count: KnownCount, label: str) -> str:
    known = count.rooms | count.objects
    return str(known.get(label, "?")) if known else ""
