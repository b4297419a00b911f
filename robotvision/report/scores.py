"""Print scores: a page of tables for people. What a program wants is in the JSON.

Published results stand beside a run with the status of each number; a number that is only
recollected says so and is never shown as official.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from robotvision.report.console import fitted_grid, print_folded
from robotvision.report.ranking import EXPLANATION, ranking_table
from robotvision.report.table import number
from robotvision.report.tables import points_rule
from robotvision.report.terminal import print_breakdown, print_published, uncertainty
from robotvision.submissions.batch import Scores
from robotvision.submissions.ranking import Ranking
from robotvision.submissions.standings import Standings
from robotvision.tasks.model import Task

LEAST = ("no answer", "wrong", "correct", "first in", "visits", "not separable from")
"""Columns of a ranking that a narrow terminal goes without, the first to go first."""


def say(out: Console, text: str) -> None:
    """Print a line of text, never broken."""
    out.print(text, soft_wrap=True)


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
    for line in uncertainty(score):
        out.print(line, soft_wrap=True)
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
        f"{points_rule(task)}; an answer pays where it is right with "
        f"probability above {room.break_even:.2f}",
    )
    print_breakdown(out, score)
    print_changes(out, task)


def print_changes(out: Console, task: Task) -> None:
    """Print which rules differ from the shipped task of the same name."""
    if task.changed:
        say(out, "\n[bold]rules changed against the shipped task[/]")
        for line in task.changed:
            say(out, f"  {escape(line)}")


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


def print_ranking(
    out: Console, scores: Scores, rankings: Sequence[Ranking], standings: Sequence[Standings]
) -> None:
    """Print rankings, what was refused and why, and the published results of the edition.

    ``standings`` are the same rankings with intervals.
    """
    for ranking, found in zip(rankings, standings, strict=True):
        table = ranking_table(scores.task, ranking, found)
        out.print(Text(table.title, style="bold"), soft_wrap=True)
        out.print(fitted_grid(out, table, LEAST))
        if found.note:
            say(out, f"[yellow]note: {escape(found.note)}[/]")
        out.print()
    if rankings:
        say(out, points_rule(scores.task))
        out.print(EXPLANATION, style="dim")
        out.print()
    for notice in scores.warnings:
        say(out, f"note: {escape(notice.message)}")
    if scores.refused:
        say(out, "[bold]refused[/]")
    for run in scores.refused:
        print_folded(out, run.name, 2)
        for line in run.kinds:
            print_folded(out, line, 4)
    print_published(out, scores.task, scores.scored[0].score if scores.scored else None)
    print_changes(out, scores.task)
