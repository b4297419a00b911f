"""Rank the runs of a contest, by points, and as plain data for programs.

Runs are ranked by points; equal points share a rank, and the next one is left out (1, 1, 3: this
project's own rule, no source settles ties). Where an edition keeps its test sets apart, each has a
ranking of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from robotvision.submissions.batch import ScoredRun, Scores
from robotvision.submissions.numbers import exact
from robotvision.writing import csv_of


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


def rank_part(scored: Sequence[ScoredRun], name: str, sets: Sequence[str]) -> Ranking:
    """Return the ranking of runs over some of their test sets, under a name."""
    return _ranking(name, [(run.name, _summed(run.score, sets)) for run in scored])


def _summed(score: dict[str, Any], sets: Sequence[str]) -> dict[str, Any]:
    """Return frames, points and outcomes of some test sets together."""
    parts = [score["sets"][s] for s in sets]
    totals = {k: sum(p[k] for p in parts) for k in ("frames", "points", "max_points")}
    names = parts[0]["outcomes"] if parts else ()
    outcomes = {k: sum(p["outcomes"][k] for p in parts) for k in names}
    return {**totals, "outcomes": outcomes, "sets": dict(zip(sets, parts, strict=True))}


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
        "refused": [run.as_dict() for run in scores.refused],
        "warnings": [notice.as_dict() for notice in scores.warnings],
    }


def as_csv(rankings: Sequence[Ranking]) -> str:
    """Return rankings as CSV, one line a run."""
    sets = list(dict.fromkeys(s for r in rankings for x in r.rows for s in x.sets))
    outcomes = list(rankings[0].rows[0].outcomes) if rankings else []
    head = ["ranking", "rank", "run", "points", "max_points", "frames", *outcomes, *sets]
    rows = [
        [
            r.name,
            x.rank,
            x.run,
            exact(x.points),
            exact(x.max_points),
            x.frames,
            *x.outcomes.values(),
            *(exact(x.sets[s]) for s in sets),
        ]
        for r in rankings
        for x in r.rows
    ]
    return csv_of([head, *rows])
