"""The tables of ``docs/reference/tasks.md`` that follow from the task files.

``python tests/docs_tables.py`` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from robotvision.tasks import load_task, task_names
from robotvision.tasks.model import Fact, Task

PAGE = Path(__file__).parents[1] / "docs/reference/tasks.md"
_PART = re.compile(r"(<!-- rules of (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def cell(text: str) -> str:
    """Return text that can stand in a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;") or "-"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows, the first of them the heading, as a Markdown table."""
    head, *body = [[cell(c) for c in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _source(fact: Fact) -> str:
    return "; ".join(filter(None, (fact.source, fact.note)))


def rules(task: Task) -> str:
    """Return every rule of a task with its status and its source."""
    room, objects = task.points.room, task.points.objects
    aliases = ", ".join(f"{alias} = {label}" for alias, label in task.aliases.pairs())
    found = [
        ("rooms", ", ".join(task.room_names) or "those of the training sequences"),
        ("unknown", task.unknown or "none: every room is one of these"),
        *([("objects", ", ".join(task.objects))] if task.objects else []),
        *([("aliases", aliases)] if aliases else []),
        ("sensors", ", ".join(task.sensors) or "any"),
        ("modes", ", ".join(task.modes)),
        ("test_sets", ", ".join(s.name for s in task.test_sets) or "any"),
        ("overall", "sum of the test sets" if task.overall == "sum" else "each set apart"),
        ("points.room.correct", f"{room.correct:+g}"),
        ("points.room.wrong", f"{room.wrong:+g}"),
        ("points.room.unanswered", f"{room.unanswered:+g}"),
    ]
    for row in ("stated_present", "stated_absent", "not_stated") if objects else ():
        worth = getattr(objects, row)
        said = f"{worth.present:+g} where in view, {worth.absent:+g} where not"
        found.append((f"points.objects.{row}", said))
    found.append(("run_file", f"`{task.run_file.form}`"))
    rows = [("rule", "value", "status", "source, remarks")]
    for key, value in found:
        fact = task.fact(key)
        rows.append((f"`{key}`", value, f"**{fact.status}**", _source(fact)))
    return table(rows)


def results(task: Task) -> str:
    """Return the published results of a task, or nothing."""
    if not task.published:
        return ""
    rows = [("published: track", "group", "points", "status", "remarks")]
    for listed in task.published:
        for row in listed.rows:
            points = "?" if row.points is None else f"{row.points:g}"
            rows.append((listed.track, row.group, points, f"**{row.status}**", row.note))
    sources = [
        f"* {t.track}: {'; '.join(filter(None, (t.source, t.note)))}"
        for t in task.published
        if t.source or t.note
    ]
    return "\n\n" + table(rows) + ("\n\n" + "\n".join(sources) if sources else "")


def part(name: str) -> str:
    """Return what stands between the marks of a task."""
    task = load_task(name)
    return f"\n{rules(task)}{results(task)}\n\n"


def with_tables(text: str) -> str:
    """Return the page with the tables of the task files in their places."""
    return _PART.sub(lambda m: m[1] + part(m[2]) + m[3], text)


def named(text: str) -> list[str]:
    """Return the tasks that have a place on the page."""
    return [m[2] for m in _PART.finditer(text)]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(named(page)) == task_names()
    PAGE.write_text(with_tables(page), encoding="utf-8")
