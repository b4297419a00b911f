"""The rankings of a contest with what chance leaves open, on the frames of its test sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.scoring.ranks import RESAMPLES
from robotvision.scoring.table import FrameTable
from robotvision.submissions.ranking import Ranking
from robotvision.submissions.standings import Standing, Standings, stand, with_intervals

__all__ = ["Standing", "Standings", "standings", "with_intervals"]

NO_SEGMENTS = (
    "visits are told by changes of the true room, since the truth came without its sequence"
)


def standings(
    contest: Contest,
    entries: Sequence[ContestEntry],
    rankings: Sequence[Ranking],
    resamples: int = RESAMPLES,
) -> list[Standings]:
    """Return rankings with intervals; ``rankings`` as `robotvision.submissions.ranking.rank`."""
    return [_standings(contest, entries, ranking, resamples) for ranking in rankings]


def _standings(
    contest: Contest, entries: Sequence[ContestEntry], ranking: Ranking, resamples: int
) -> Standings:
    names = [ranking.name] if ranking.name in contest.sets else list(contest.sets)
    tables = [_scored_part(e.table, names) for e in _in_order(entries, ranking, names)]
    note = "" if contest.has_segments else NO_SEGMENTS
    return stand(ranking, tables, contest.task, names, note=note, resamples=resamples)


def _in_order(
    entries: Sequence[ContestEntry], ranking: Ranking, names: Sequence[str]
) -> list[ContestEntry]:
    """Return the entry of each row; runs of one name are distinguished by their points."""
    left = list(entries)
    ordered = []
    for row in ranking.rows:
        k = next(
            i
            for i, e in enumerate(left)
            if e.name == row.run and np.isclose(sum(e.tallies[n].points for n in names), row.points)
        )
        ordered.append(left.pop(k))
    return ordered


def _scored_part(table: FrameTable, names: Sequence[str]) -> FrameTable:
    """Return the frames of some test sets whose truth is known."""
    part = table.of_sets(names)
    return part.select(part.is_known)
