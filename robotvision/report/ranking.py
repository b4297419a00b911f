"""A ranking as a table with what chance leaves open, and the files that ``rank --out`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from robotvision.report.table import Cell, Column, Table, in_line
from robotvision.report.tables import has_original_frames, points_rule, published_table
from robotvision.submissions.batch import Scores
from robotvision.submissions.numbers import exact
from robotvision.submissions.ranking import Ranking, as_csv
from robotvision.submissions.standings import Standing, Standings
from robotvision.tasks.model import Task
from robotvision.writing import make_folder, write_text

FILES = ("ranking.md", "ranking.csv", "scores.json")
EXPLANATION = (
    "95 %: interval of the points, by room visit. May be: the ranks that chance leaves open, after "
    "all comparisons. First in: share of resamples of the visits in which the run was first. "
    "Visits: how many visits like these would separate it from the run above it (the first: from "
    "the second)."
)


def ranking_table(
    task: Task, ranking: Ranking, standings: Standings | None = None, most_names: int = 2
) -> Table:
    """Return a ranking: points, what chance leaves open, outcomes.

    Parameters
    ----------
    task : Task
    ranking : Ranking
    standings : Standings, optional
        The same with intervals.
    most_names : int
        How many runs a cell names.
    """
    of_row = standings.rows if standings else [None] * len(ranking.rows)
    rows: list[list[Cell]] = [
        [
            row.rank,
            row.run,
            row.points,
            *row.sets.values(),
            *(_open(standing, most_names) if standing else ()),
            row.outcomes["correct"],
            row.outcomes["wrong"],
            row.frames - row.outcomes["correct"] - row.outcomes["wrong"],
        ]
        for row, standing in zip(ranking.rows, of_row, strict=True)
    ]
    shown = [Column("rank"), Column("run", is_text=True), Column("points")]
    shown += map(Column, ranking.rows[0].sets if ranking.rows else ())
    if standings:
        shown += [Column("95 %"), Column("may be"), Column("first in")]
        shown += [Column("not separable from", is_text=True), Column("visits")]
    shown += map(Column, ("correct", "wrong", "no answer"))
    return Table(_title(task, ranking, standings), shown, rows, "ranking")


def _open(standing: Standing, most_names: int) -> list[Cell]:
    return [
        standing.points.text(),
        standing.ranks_text,
        standing.first_text,
        standing.not_separable_text(most_names),
        standing.visits_text,
    ]


def _title(task: Task, ranking: Ranking, standings: Standings | None) -> str:
    frames = ", ".join(str(n) for n in sorted({row.frames for row in ranking.rows}))
    most = max((row.max_points for row in ranking.rows), default=0.0)
    visits = f" in {standings.n_visits} room visits" if standings else ""
    return f"{task.id}, {ranking.name}: at most {exact(most)} points on {frames} frames{visits}"


def markdown(
    scores: Scores, rankings: Sequence[Ranking], standings: Sequence[Standings] = ()
) -> Iterator[str]:
    """Yield the ranking as lines of Markdown: runs, refusals, published results, changed rules.

    ``standings`` are the same rankings with intervals.
    """
    yield f"# {scores.task.title or scores.task.id}: ranking"
    of_ranking: Sequence[Standings | None] = standings or [None] * len(rankings)
    for ranking, found in zip(rankings, of_ranking, strict=True):
        yield from ("", f"## {ranking.name}", "")
        yield from ranking_table(scores.task, ranking, found, most_names=8).markdown().splitlines()
        if found is not None:
            yield from ("", EXPLANATION)
        if found is not None and found.note:
            yield from ("", f"{found.note[0].upper()}{found.note[1:]}.")
    if scores.warnings:
        yield from ("", "## Warnings", "")
        yield from (f"* {in_line(notice.message)}" for notice in scores.warnings)
    if scores.refused:
        yield from ("", "## Refused", "")
        for run in scores.refused:
            yield f"* {in_line(run.name)}"
            yield from (f"  * {in_line(text)}" for text in run.kinds)
    is_original = all(has_original_frames(scores.task, run.score) for run in scores.scored)
    for published in scores.task.published if is_original else ():
        yield from ("", f"## Published: {published.track}", "")
        yield from published_table(published).markdown().splitlines()
    yield from _rules(scores.task)


def _rules(task: Task) -> Iterator[str]:
    yield from ("", "## Rules", "")
    yield f"{points_rule(task).capitalize()}. Equal points share a rank (own rule)."
    if task.changed:
        yield from ("", "Changed against the shipped task:", "")
        yield from (f"* {line}" for line in task.changed)


def scores_text(data: Mapping[str, Any]) -> str:
    """Return ``scores.json``: a line a key, since indenting every pair of runs takes seconds."""
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in data.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write(
    folder: Path,
    scores: Scores,
    rankings: Sequence[Ranking],
    data: dict[str, Any],
    standings: Sequence[Standings] = (),
) -> None:
    """Write ranking.md, ranking.csv and scores.json.

    Parameters
    ----------
    data : dict
        What scores.json holds.
    standings : sequence of Standings, optional
        The same rankings with intervals.

    Raises
    ------
    RobotVisionError
        The folder cannot be written.
    """
    texts = (
        "\n".join(markdown(scores, rankings, standings)) + "\n",
        as_csv(rankings),
        scores_text(data),
    )
    make_folder(folder)
    for name, text in zip(FILES, texts, strict=True):
        write_text(folder / name, text, errors="backslashreplace")
