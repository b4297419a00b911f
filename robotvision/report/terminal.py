"""A report as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text

from robotvision.report.calibration import unknown_text
from robotvision.report.console import confusion_grid, latency_style, styles, titled
from robotvision.report.table import number
from robotvision.report.tables import (
    Score,
    confusion_table,
    has_original_frames,
    latency_note,
    latency_table,
    latency_text,
    objects_table,
    origin_text,
    policy_text,
    processor_text,
    published_table,
    rooms_table,
    score_of,
    worst_confusions,
)
from robotvision.scoring.intervals import Interval
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Status, Task


def print_report(
    console: Console, data: Mapping[str, Any], task: Task, tallies: Mapping[str, Tally]
) -> None:
    """Print a report: points, outcomes, rooms, confusion, latency, published results, warnings."""
    console.print(headline(data, task))
    console.print(Group(*essentials(data, console.width)))
    for name, tally in tallies.items():
        if tally.scored_frames:
            title = "" if len(tallies) == 1 else f"Test set {name}: {points_text(tally)}"
            print_breakdown(console, score_of(name, tally), title)
    if data["latency_ns"]:
        console.print()
        table = latency_table(data["latency_ns"])
        console.print(titled(table, latency_style(table)))
        if missing := latency_note(data["latency_ns"]):
            console.print(Text(missing, style="dim"))
        if spent := processor_text(data.get("processor")):
            console.print(Text(spent, style="dim"))
        console.print(Group(*_null(data)))
    for name, compared in data.get("calibration", {}).items():
        of_set = f"{name}: " if len(tallies) > 1 else ""
        console.print(Text(of_set + compared["words"], style="dim"))
    print_published(console, task, data)
    console.print(Group(*notes(data, task)))


def print_brief(console: Console, data: Mapping[str, Any], task: Task) -> None:
    """Print what is read first of a run: points, worst confusions, latency, warnings."""
    console.print(headline(data, task))
    console.print(Group(*essentials(data, console.width), *notes(data, task)))


def essentials(data: Mapping[str, Any], width: int) -> list[RenderableType]:
    """Return the worst confusions and the latency of a run, a line each where there is one.

    Of the confusions as many as stand on one line of ``width`` cells, and at least the worst.
    """
    pairs = [f"{true} → {answer} {n}" for true, answer, n in worst_confusions(data)]
    lines = [f"most confused: {', '.join(pairs[:n])}" for n in range(len(pairs), 0, -1)]
    worst = next((line for line in lines if cell_len(line) <= width), "".join(lines[-1:]))
    return [Text(text) for text in (worst, latency_text(data)) if text]


def print_breakdown(console: Console, score: Score, title: str = "") -> None:
    """Print a score by room, by pair of rooms, and by object where the task has objects."""
    console.print()
    console.print(titled(rooms_table(score, title or "By room")))
    console.print()
    table = confusion_table(score, "Confusion: row true, column answered")
    console.print(Group(Text(table.title, style="bold"), confusion_grid(table)))
    if score["objects"]:
        console.print()
        console.print(titled(objects_table(score)))


def points_text(tally: Tally) -> str:
    """Return ``123.5 of 200 points``."""
    return f"{number(tally.points)} of {number(tally.max_points)} points"


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
                (f"{number(data['points'])} points", "bold"),
                f" of {number(most)}",
                (share, "bold"),
                f"   {data['points'] / frames:.3f} a frame",
                (f"   task {task.id}, {data['mode']}, policy {policy_text(data['policy'])}", "dim"),
            )
        )
    lines += uncertainty(data)
    counts = "  ".join(f"{name} {n}" for name, n in data["outcomes"].items())
    unscored = f"  unscored {data['unscored']}" if data.get("unscored") else ""
    lines.append(Text(f"{data['frames']} frames: {counts}{unscored}"))
    return Group(*lines)


def uncertainty(data: Mapping[str, Any]) -> list[Text]:
    """Return the interval of the points and why it may not hold, a line each where there is any."""
    low, high = data.get("interval") or (None, None)
    if low is None or high is None:
        return []
    ends = Interval(data["points"], low, high, data["visits"]).text()
    lines = [Text(f"95 % interval {ends} points ({data['visits']} room visits)")]
    return lines + [Text(f"caution: {data['caution']}", style="yellow")] * bool(data["caution"])


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


def print_published(console: Console, task: Task, score: Score | None = None) -> None:
    """Print the published results of the edition, each with its status.

    ``score``: of the run they stand beside; where its frames are not those of the edition, one line
    says so in their place.
    """
    if task.published and score is not None and not has_original_frames(task, score):
        text = (
            f"published results of {task.id} are on its original sequences, which these are not "
            f"(by their numbers of frames): robotvision task show {task.id}"
        )
        console.print(Text(text, style="dim"), soft_wrap=True)
        return
    for published in task.published:
        is_sure = [row.status is Status.VERIFIED for row in published.rows]
        table = published_table(published)
        console.print()
        console.print(titled(table, styles("" if sure else "dim" for sure in is_sure)))
        for text in filter(None, (published.source, published.note)):
            console.print(Text(f"  {text}", style="dim"))


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
    for training in data.get("training", {}).values():
        if text := unknown_text(training.get("unknown", {})):
            lines.append(Text(text, style="dim"))
    lines += [Text(f"changed rule: {change}", style="yellow") for change in task.changed]
    lines += [Text(f"warning: {w['message']}", style="yellow") for w in data.get("warnings", [])]
    if task.published or task.fact("points.room").status is not Status.OWN:
        fact = task.fact("points.room")
        lines.append(Text(f"points of {task.id}: {origin_text(fact)}", style="dim"))
    return [Text(""), *lines] if lines else []
