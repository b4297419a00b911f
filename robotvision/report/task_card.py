"""A task as a page to read: its rules, where each comes from, and its published results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from robotvision.records import Answer
from robotvision.report.scores import STATUS, print_changes, print_published, say, table
from robotvision.submissions.forms import form_of
from robotvision.tasks.model import Fact, KnownCount, Task

_NO_OBJECTS = "none asked for"
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
    out.print(_rules(task))
    out.print()
    out.print(_points(task))
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


def _rules(task: Task) -> Table:
    made = Table(box=None, pad_edge=False, title="rules", title_justify="left", title_style="bold")
    made.add_column("what", no_wrap=True)
    made.add_column("rule")
    made.add_column("status, source", style="dim")
    rooms = ", ".join(task.room_names) or "those of the training sequences"
    sets = ", ".join(s.name + (f" ({s.title})" if s.title else "") for s in task.test_sets)
    for key, rule in (
        ("rooms", rooms),
        ("unknown", task.unknown or "none: every room is one of these"),
        ("objects", ", ".join(task.objects) or _NO_OBJECTS),
        ("sensors", ", ".join(task.sensors) or "any"),
        ("modes", ", ".join(task.modes)),
        ("test_sets", sets or "any"),
        ("overall", "sum of the test sets" if task.overall == "sum" else "each set apart"),
    ):
        origin = _origin(task.fact(key)) if rule != _NO_OBJECTS else ""
        made.add_row(key.replace("_", " "), escape(rule), escape(origin))
    return made


def _origin(fact: Fact) -> str:
    return "; ".join(filter(None, (STATUS[fact.status], fact.source, fact.note)))


def _points(task: Task) -> Table:
    made = Table(box=None, pad_edge=False, title="points", title_justify="left", title_style="bold")
    made.add_column("answer", no_wrap=True)
    made.add_column("points", justify="right", no_wrap=True)
    made.add_column("status, source", style="dim")
    room = task.points.room
    for name, value in (
        ("room right", room.correct),
        ("room wrong", room.wrong),
        ("no room", room.unanswered),
    ):
        key = {"room right": "correct", "room wrong": "wrong", "no room": "unanswered"}[name]
        made.add_row(name, f"{value:+g}", escape(_origin(task.fact(f"points.room.{key}"))))
    if task.points.objects:
        for row in OBJECT_ROWS:
            cell = getattr(task.points.objects, row)
            origin = escape(_origin(task.fact(f"points.objects.{row}")))
            words = "object " + row.replace("_", " ")
            made.add_row(f"{words}, in view", f"{cell.present:+g}", origin)
            made.add_row(f"{words}, not in view", f"{cell.absent:+g}", "")
    return made


def _examples(task: Task) -> tuple[str, str]:
    """Return a line of the task's run file, and one that answers nothing."""
    form = form_of(task)
    first = task.run_file.first_number
    return form.line(first, form.example), form.line(first, Answer(None))


def _print_run_file(out: Console, task: Task) -> None:
    answered, silent = _examples(task)
    say(
        out,
        f"\n[bold]run file[/]  {task.run_file.form}  ({escape(_origin(task.fact('run_file')))})",
    )
    say(out, f"  an answer  {escape(repr(answered))}")
    say(out, f"  no answer  {escape(repr(silent))}")
    say(out, "  a missing line is not answered, with a warning; a repeated or malformed line, or a")
    say(out, "  label outside the task, refuses the file (this project's own rule)")


def _print_counts(out: Console, task: Task) -> None:
    counts = task.known_counts
    if not counts:
        return
    labels = [r for r in task.room_names if any(r in c.rooms for c in counts)]
    out.print()
    out.print(_counts_by_room(counts, labels) if len(counts) < 6 else _counts(counts, labels))
    for count in counts:
        if count.note:
            say(out, f"  {escape(count.sequence)}: {escape(count.note)}")


def _counts(counts: Sequence[KnownCount], labels: Sequence[str]) -> Table:
    made = table("known frame counts", "sequence", "frames", *labels, "status")
    for count in counts:
        cells = [_count(count, room) for room in labels]
        made.add_row(escape(count.sequence), _frames(count), *cells, str(count.status))
    return made


def _counts_by_room(counts: Sequence[KnownCount], labels: Sequence[str]) -> Table:
    made = table("known frame counts", "", *(escape(c.sequence) for c in counts))
    made.add_row("frames", *map(_frames, counts))
    for room in labels:
        made.add_row(f"  {escape(room)}", *(_count(c, room) for c in counts))
    made.add_row("status", *(str(c.status) for c in counts))
    return made


def _frames(count: KnownCount) -> str:
    return "?" if count.frames is None else str(count.frames)


def _count(count: KnownCount, room: str) -> str:
    return str(count.rooms.get(room, "?")) if count.rooms else ""
