"""Print scores: a page of tables for people. What a program wants is in the JSON.

Published results stand beside a run with the status of each number; a number that is only
recollected says so and is never shown as official.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from robotvision.submissions.batch import Scores
from robotvision.submissions.ranking import Ranking
from robotvision.tasks.model import PublishedRow, Status, Task

MAX_LABELS = 16
"""A confusion table of more labels does not fit a page."""
PIPE_WIDTH = 120

STATUS = {
    Status.VERIFIED: "verified",
    Status.DERIVED: "derived",
    Status.RECOLLECTED: "recollected, not confirmed",
    Status.OWN: "own rule",
}


def console() -> Console:
    """Return a console on stdout: colours on a terminal, plain text of a fixed width in a pipe."""
    found = Console(highlight=False, emoji=False)
    return found if found.is_terminal else Console(highlight=False, emoji=False, width=PIPE_WIDTH)


def say(out: Console, text: str) -> None:
    """Print a line of text, never broken."""
    out.print(text, soft_wrap=True)


def number(value: float) -> str:
    """Return points with as many decimals as they need: ``3824``, ``890.5``, ``4638.875``."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def table(title: str, *columns: str) -> Table:
    """Return an empty table: the first column is words, the others numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        made.add_column(column, justify="right" if i else "left", no_wrap=True)
    return made


def print_score(out: Console, name: str, score: Mapping[str, Any], task: Task) -> None:
    """Print a run's score.

    Parameters
    ----------
    out : Console
        Where to.
    name : str
        What the run is called.
    score : Mapping
        As `robotvision.submissions.score.summarise` returns it.
    task : Task
        For its points and published results.
    """
    say(out, f"[bold]{escape(name)}[/]: {_earned(score)} on {escape(task.id)}")
    counts = ", ".join(f"{n} {o}" for o, n in score["outcomes"].items() if n)
    say(out, f"{score['frames']} frames: {counts}")
    if score["unscored"]:
        say(out, f"{score['unscored']} answers have no truth and were not scored")
    if task.objects:
        say(out, f"rooms {number(score['room_points'])}, objects {number(score['object_points'])}")
    _print_sets(out, score)
    room = task.points.room
    say(
        out,
        f"right {room.correct:+g}, wrong {room.wrong:+g}, no answer {room.unanswered:+g} "
        f"({STATUS[task.fact('points.room').status]}); an answer pays where it is right with "
        f"probability above {room.break_even:.2f}",
    )
    out.print()
    out.print(_rooms(score))
    out.print()
    if len(score["labels"]) <= MAX_LABELS:
        out.print(_confusion(score))
    else:
        say(out, f"confusion: {len(score['labels'])} labels, see --json")
    if score["objects"]:
        out.print()
        out.print(_objects(score))
    print_changes(out, task)


def print_changes(out: Console, task: Task) -> None:
    """Print which rules differ from the shipped task of the same name."""
    if task.changed:
        say(out, "\n[bold]rules changed against the shipped task[/]")
        for line in task.changed:
            say(out, f"  {escape(line)}")


def print_published(out: Console, task: Task) -> None:
    """Print the published results of the edition, each with its status."""
    for published in task.published:
        made = Table(box=None, pad_edge=False)
        made.add_column("group", no_wrap=True)
        made.add_column("points", justify="right", no_wrap=True)
        made.add_column("status", no_wrap=True)
        made.add_column("note")
        for row in published.rows:
            made.add_row(
                escape(row.group), published_points(row), STATUS[row.status], escape(row.note)
            )
        title = f"published, {published.track} (participants' best runs)"
        say(out, f"\n[bold]{escape(title)}[/]")
        out.print(made)
        for text in filter(None, (published.source, published.note)):
            say(out, f"  {escape(text)}")


def published_points(row: PublishedRow) -> str:
    """Return a published number, a question mark where only the rank is known."""
    return "?" if row.points is None else number(row.points)


def _earned(score: Mapping[str, Any]) -> str:
    points, most = score["points"], score["max_points"]
    share = f" ({points / most:.1%})" if most else ""
    return f"{number(points)} of {number(most)} points{share}"


def _print_sets(out: Console, score: Mapping[str, Any]) -> None:
    if len(score["sets"]) < 2:
        return
    for name, part in score["sets"].items():
        say(out, f"  {escape(name)}: {_earned(part)}, {part['frames']} frames")
    if score["overall"] == "separate":
        say(out, "  the edition ranks these apart; the sum above is not one of its numbers")


def _rooms(score: Mapping[str, Any]) -> Table:
    made = table(
        "rooms",
        "true room",
        "frames",
        "correct",
        "wrong",
        "no answer",
        "precision",
        "recall",
        "points",
    )
    for room, line in score["rooms"].items():
        silent = line["frames"] - line["correct"] - line["wrong"]
        made.add_row(
            escape(room),
            str(line["frames"]),
            str(line["correct"]),
            str(line["wrong"]),
            str(silent),
            _share(line["precision"]),
            _share(line["recall"]),
            number(line["points"]),
        )
    return made


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _confusion(score: Mapping[str, Any]) -> Table:
    labels = score["labels"]
    width = max(4, min(15, (PIPE_WIDTH - 26) // len(labels) - 2))
    made = table(
        "confusion (row: true, column: answered)", "", *(_cut(x, width) for x in labels), "none"
    )
    for i, (label, row) in enumerate(zip(labels, score["confusion"], strict=True)):
        cells = [f"[bold]{n}[/]" if i == k else str(n or ".") for k, n in enumerate(row)]
        made.add_row(escape(label), *cells, str(score["rooms"][label]["frames"] - sum(row) or "."))
    return made


def _cut(label: str, width: int) -> str:
    return escape(label if len(label) <= width else label[: width - 1] + "…")


def _objects(score: Mapping[str, Any]) -> Table:
    made = table(
        "objects",
        "object",
        "in view",
        "stated +",
        "of these absent",
        "stated -",
        "of these present",
        "missed",
        "points",
    )
    for name, line in score["objects"].items():
        said, denied = line["stated_present"], line["stated_absent"]
        made.add_row(
            escape(name),
            str(line["frames"]),
            str(sum(said.values())),
            str(said["absent"]),
            str(sum(denied.values())),
            str(denied["present"]),
            str(line["not_stated"]["present"]),
            number(line["points"]),
        )
    return made


def print_ranking(out: Console, scores: Scores, rankings: Sequence[Ranking]) -> None:
    """Print rankings, what was refused and why, and the published results of the edition."""
    for ranking in rankings:
        sets = list(ranking.rows[0].sets)
        made = Table(
            box=None,
            pad_edge=False,
            title_justify="left",
            title_style="bold",
            title=f"{escape(scores.task.id)}, {escape(ranking.name)}",
        )
        for column in ("rank", "run", "points", *sets, "of", "frames", "correct", "wrong"):
            made.add_column(escape(column), justify="left" if column == "run" else "right")
        for row in ranking.rows:
            made.add_row(
                str(row.rank),
                escape(row.run),
                number(row.points),
                *map(number, row.sets.values()),
                number(row.max_points),
                str(row.frames),
                str(row.outcomes["correct"]),
                str(row.outcomes["wrong"]),
            )
        out.print(made)
        out.print()
    for line in scores.warnings:
        say(out, f"note: {escape(line)}")
    if scores.refused:
        say(out, "[bold]refused[/]")
    for run in scores.refused:
        say(out, f"  {escape(run.name)}")
        for line in run.reasons:
            say(out, f"    {escape(line)}")
    print_published(out, scores.task)
    print_changes(out, scores.task)
