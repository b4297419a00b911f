"""A report as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from robotvision.scoring.points import SILENT
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Status, Task
from robotvision.timing.quantiles import QUANTILES, frames_needed

MAX_CONFUSION = 16
OUTSIDE = ("rest", "wait", "hand-over", "decode")
"""Rows of the latency table that no stage of the system accounts for."""


def print_report(
    console: Console, data: Mapping[str, Any], task: Task, tallies: Mapping[str, Tally]
) -> None:
    """Print a report: points, outcomes, rooms, confusion, latency, published results."""
    console.print(Group(*_parts(data, task, tallies)))


def _parts(
    data: Mapping[str, Any], task: Task, tallies: Mapping[str, Tally]
) -> list[RenderableType]:
    parts: list[RenderableType] = [headline(data, task)]
    for name, tally in tallies.items():
        title = "" if len(tallies) == 1 else f"test set {name}: {points_text(tally)}"
        if tally.scored_frames:
            parts += [_titled(rooms_table(tally), title or "by room")]
            parts += [_titled(confusion_table(tally), "confusion: row true, column answered")]
            if task.objects:
                parts += [_titled(objects_table(tally), "by object")]
    if data["latency_ns"]:
        parts += [_titled(latency_table(data), "latency in ms")]
        parts += _unsupported(data)
        parts += _null(data)
    for table in published_tables(task):
        parts.append(Padding(table, (1, 0, 0, 0)))
    parts += notes(data, task)
    return parts


def _titled(table: RenderableType, title: str) -> RenderableType:
    return Group(Text(""), Text(title, style="bold"), table)


def points_text(tally: Tally) -> str:
    """Return ``123.5 of 200 points``."""
    return f"{tally.points:g} of {tally.max_points:g} points"


def headline(data: Mapping[str, Any], task: Task) -> RenderableType:
    """Return the points, the maximum and the count of every outcome."""
    lines = []
    if data["points"] is None:
        lines.append(Text("truth withheld: not scored", style="bold yellow"))
    else:
        most = data["max_points"]
        share = f"  {data['points'] / most:.1%}" if most else ""
        frames = max(1, data["frames"])
        lines.append(
            Text.assemble(
                (f"{data['points']:g} points", "bold green"),
                f" of {most:g}",
                (share, "bold"),
                f"   {data['points'] / frames:.3f} a frame",
                (f"   task {task.id}, {data['mode']}, policy {policy_text(data['policy'])}", "dim"),
            )
        )
    counts = "  ".join(f"{name} {n}" for name, n in data["outcomes"].items())
    unscored = f"  unscored {data['unscored']}" if data.get("unscored") else ""
    lines.append(Text(f"{data['frames']} frames: {counts}{unscored}"))
    return Group(*lines)


def policy_text(policy: Any) -> str:
    """Return a policy with its deadline, where it has one."""
    if not isinstance(policy, Mapping):
        return str(policy)
    deadline = policy.get("deadline_ms")
    if deadline is None:
        return str(policy["name"])
    shown = deadline if isinstance(deadline, str) else f"{deadline:g} ms"
    return f"{policy['name']} (deadline {shown})"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def rooms_table(tally: Tally) -> Table:
    """Return frames, points, precision, recall and outcomes of each room."""
    outcomes = ["correct", "wrong", *map(str, SILENT)]
    used = [o for o in outcomes if o in ("correct", "wrong", "unanswered") or tally.outcomes[o]]
    table = _table("room", "frames", "points", "precision", "recall", *used)
    for line in tally.rooms():
        if not line.frames and line.precision is None:
            continue  # neither there nor answered
        table.add_row(
            line.room,
            str(line.frames),
            f"{line.points:g}",
            _share(line.precision),
            _share(line.recall),
            *(str(line.outcomes[o]) for o in used),
        )
    return table


def confusion_table(tally: Tally) -> RenderableType:
    """Return who was taken for whom; labels that never occur are left out."""
    n = len(tally.labels)
    shown = [i for i in range(n) if sum(tally.counts[i]) or any(row[i] for row in tally.counts)]
    if len(shown) > MAX_CONFUSION:
        return Text(f"({len(shown)} labels: see report.json)", style="dim")
    table = _table("", *(_short(tally.labels[j]) for j in shown), "(none)")
    for i in shown:
        row = tally.counts[i]
        cells = [
            Text(
                str(row[j]) if row[j] else "·",
                style=("green" if i == j else "red") if row[j] else "dim",
            )
            for j in shown
        ]
        table.add_row(tally.labels[i], *cells, Text(str(sum(row[n:])) if sum(row[n:]) else "·"))
    return table


def _short(label: str) -> str:
    return label if len(label) <= 9 else label[:8] + "…"


def objects_table(tally: Tally) -> Table:
    """Return statements about each object, right and wrong."""
    table = _table(
        "object",
        "in view",
        "points",
        "stated, there",
        "stated, not there",
        "denied, there",
        "denied, not there",
        "missed",
    )
    for line in tally.objects():
        table.add_row(
            line.name,
            str(line.present),
            f"{line.points:g}",
            str(line.stated_present_right),
            str(line.stated_present_wrong),
            str(line.stated_absent_wrong),
            str(line.stated_absent_right),
            str(line.not_stated_present),
        )
    return table


def latency_table(data: Mapping[str, Any]) -> Table:
    """Return p50, p90, p99 and max of each stage."""
    table = _table("stage", *QUANTILES, "max")
    for stage, values in data["latency_ns"].items():
        cells = [
            "*" if values.get(q) is None else f"{values[q] / 1e6:.3f}" for q in (*QUANTILES, "max")
        ]
        style = "bold" if stage == "total" else ("dim" if stage in OUTSIDE else "")
        table.add_row(stage, *cells, style=style)
    return table


def _unsupported(data: Mapping[str, Any]) -> list[RenderableType]:
    values = data["latency_ns"].get("total", {})
    missing = [
        f"{name} ({frames_needed(q)})" for name, q in QUANTILES.items() if values.get(name) is None
    ]
    if not missing:
        return []
    return [
        Text(f"* so few frames cannot support it; frames needed: {', '.join(missing)}", style="dim")
    ]


def _null(data: Mapping[str, Any]) -> list[RenderableType]:
    null = data.get("null_ns")
    if not null:
        return []
    inside, cycle = null["total"]["p50"] / 1e3, null["cycle"]["p50"] / 1e3
    return [
        Text(
            f"null system, run just before: {inside:.2f} µs inside the total, {cycle:.0f} µs "
            "a frame through the whole loop (medians)",
            style="dim",
        )
    ]


def published_tables(task: Task) -> list[Table]:
    """Return the published results of the edition, each row with its status."""
    tables = []
    for published in task.published:
        table = _table("published: " + published.track, "points", "status")
        for row in published.rows:
            points = "-" if row.points is None else f"{row.points:g}"
            style = "" if row.status is Status.VERIFIED else "dim"
            table.add_row(row.group, points, str(row.status), style=style)
        table.caption = published.source or None
        table.caption_justify = "left"
        tables.append(table)
    return tables


def notes(data: Mapping[str, Any], task: Task) -> list[RenderableType]:
    """Return what a reader must know beside the numbers."""
    lines: list[RenderableType] = []
    for fault in data.get("faults", [])[:8]:
        n, first = fault["frames"], fault["first_frame"]
        which = f"frame {first}" if n == 1 else f"{n} frames, the first {first}"
        lines.append(Text(f"failed: {which}: {fault['fault']}", style="red"))
    if not data.get("is_whole", True):
        lines.append(
            Text(
                f"partial run: {data['frames']} of {data['frames_expected']} frames; go "
                f"on with robotvision run --resume {data['run_dir']}",
                style="yellow",
            )
        )
    lines += [Text(f"changed rule: {change}", style="yellow") for change in task.changed]
    lines += [Text(w, style="yellow") for w in data.get("warnings", [])]
    if task.published or task.fact("points.room").status is not Status.OWN:
        fact = task.fact("points.room")
        lines.append(Text(f"points of {task.id}: {fact.status} ({fact.source})", style="dim"))
    return [Text(""), *lines] if lines else []
