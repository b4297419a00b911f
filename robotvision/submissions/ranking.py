"""Rank the runs of a contest, as tables for people and files for programs.

Runs are ranked by points; equal points share a rank, and the next one is left out (1, 1, 3: this
project's own rule, no source settles ties). Where an edition keeps its test sets apart, each has a
ranking of its own.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robotvision.submissions.batch import Scores
from robotvision.tasks.model import PublishedTable, Status, Task
from robotvision.writing import make_folder, write_text

FILES = ("ranking.md", "ranking.csv", "scores.json")


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of a ranking."""

    rank: int
    run: str
    frames: int
    points: float
    max_points: float
    outcomes: dict[str, int]
    sets: dict[str, float]
    """Points by test set; empty where there is one."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Runs in order of points."""

    name: str
    """The test set, or ``overall``."""
    rows: tuple[Ranked, ...]


def rank(scores: Scores) -> list[Ranking]:
    """Return the ranking of scored runs, or one a test set where the task keeps them apart."""
    if not scores.scored:
        return []
    sets = list(scores.scored[0].score["sets"])
    if len(sets) < 2 or scores.task.overall == "sum":
        return [_ranking("overall", [(r.name, r.score) for r in scores.scored])]
    return [_ranking(s, [(r.name, r.score["sets"][s]) for r in scores.scored]) for s in sets]


def _ranking(name: str, runs: list[tuple[str, dict[str, Any]]]) -> Ranking:
    runs = sorted(runs, key=lambda run: (-run[1]["points"], run[0]))
    rows: list[Ranked] = []
    for place, (run, score) in enumerate(runs, start=1):
        is_tie = bool(rows) and rows[-1].points == score["points"]
        parts = score.get("sets", {})
        rows.append(
            Ranked(
                rank=rows[-1].rank if is_tie else place,
                run=run,
                frames=score["frames"],
                points=score["points"],
                max_points=score["max_points"],
                outcomes=score["outcomes"],
                sets={s: p["points"] for s, p in parts.items()} if len(parts) > 1 else {},
            )
        )
    return Ranking(name, tuple(rows))


def as_dict(scores: Scores, rankings: list[Ranking]) -> dict[str, Any]:
    """Return rankings, scores and refusals as plain data."""
    return {
        "schema": 1,
        "task": scores.task.id,
        "changed": list(scores.task.changed),
        "rankings": {
            r.name: [{"rank": x.rank, "run": x.run, "points": x.points} for x in r.rows]
            for r in rankings
        },
        "runs": [{"name": run.name, **run.score} for run in scores.scored],
        "refused": [{"name": run.name, "faults": list(run.reasons)} for run in scores.refused],
        "warnings": [notice.as_dict() for notice in scores.warnings],
    }


def write(
    folder: Path, scores: Scores, rankings: list[Ranking], data: dict[str, Any] | None = None
) -> None:
    """Write ranking.md, ranking.csv and scores.json.

    Parameters
    ----------
    data : dict, optional
        What scores.json holds (else what `as_dict` returns).

    Raises
    ------
    RobotVisionError
        The folder cannot be written.
    """
    texts = (
        "\n".join(markdown(scores, rankings)) + "\n",
        as_csv(rankings),
        json.dumps(as_dict(scores, rankings) if data is None else data, indent=1) + "\n",
    )
    make_folder(folder)
    for name, text in zip(FILES, texts, strict=True):
        write_text(folder / name, text, errors="backslashreplace")


def as_csv(rankings: list[Ranking]) -> str:
    """Return rankings as CSV, one line a run."""
    sets = list(dict.fromkeys(s for r in rankings for x in r.rows for s in x.sets))
    outcomes = list(rankings[0].rows[0].outcomes) if rankings else []
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["ranking", "rank", "run", "points", "max_points", "frames", *outcomes, *sets])
    for r in rankings:
        for x in r.rows:
            rows.writerow(
                [
                    r.name,
                    x.rank,
                    x.run,
                    _number(x.points),
                    _number(x.max_points),
                    x.frames,
                    *x.outcomes.values(),
                    *(_number(x.sets[s]) for s in sets),
                ]
            )
    return out.getvalue()


def markdown(scores: Scores, rankings: list[Ranking]) -> Iterator[str]:
    """Yield the ranking as lines of Markdown: runs, refusals, published results, changed rules."""
    yield f"# {scores.task.title or scores.task.id}: ranking"
    for ranking in rankings:
        yield from ("", f"## {_cell(ranking.name)}", "")
        sets = list(ranking.rows[0].sets)
        yield from _table(
            ["rank", "run", "points", *sets, "of", "frames", "correct", "wrong", "no answer"],
            [
                [
                    str(x.rank),
                    x.run,
                    _number(x.points),
                    *map(_number, x.sets.values()),
                    _number(x.max_points),
                    str(x.frames),
                    str(x.outcomes["correct"]),
                    str(x.outcomes["wrong"]),
                    str(x.frames - x.outcomes["correct"] - x.outcomes["wrong"]),
                ]
                for x in ranking.rows
            ],
        )
    if scores.refused:
        yield from ("", "## Refused", "")
        for run in scores.refused:
            yield f"* {_cell(run.name)}"
            yield from (f"  * {_cell(line)}" for line in run.reasons)
    for published in scores.task.published:
        yield from _published(published)
    yield from _rules(scores.task)


def _published(published: PublishedTable) -> Iterator[str]:
    yield from ("", f"## Published: {published.track}", "", "Participants' best runs.", "")
    yield from _table(
        ["group", "points", "status", "note"],
        [
            [
                r.group,
                "?" if r.points is None else _number(r.points),
                "recollected, not confirmed" if r.status is Status.RECOLLECTED else str(r.status),
                r.note,
            ]
            for r in published.rows
        ],
    )


def _rules(task: Task) -> Iterator[str]:
    room, fact = task.points.room, task.fact("points.room")
    yield from ("", "## Rules", "")
    yield (
        f"Right {room.correct:+g}, wrong {room.wrong:+g}, no answer {room.unanswered:+g} "
        f"({fact.status}). Equal points share a rank (own rule)."
    )
    if task.changed:
        yield from ("", "Changed against the shipped task:", "")
        yield from (f"* {line}" for line in task.changed)


def _table(header: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
