"""The rankings of a contest with what chance leaves open, on the frames of its test sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.scoring.ranks import RESAMPLES
from robotvision.scoring.table import FrameTable
from robotvision.submissions.ranking import Ranked, Ranking, rank_part
from robotvision.submissions.standings import Standing, Standings, stand, with_intervals

__all__ = ["Standing", "Standings", "standings", "with_intervals"]

NO_SEGMENTS = "visits end at changes of the true room, since the truth came without its sequence"


def standings(
    contest: Contest,
    entries: Sequence[ContestEntry],
    rankings: Sequence[Ranking],
    resamples: int = RESAMPLES,
    *,
    is_blind: bool = False,
) -> list[Standings]:
    """Return rankings with intervals; ``rankings`` as `robotvision.submissions.ranking.rank`.

    ``is_blind`` as `robotvision.scoring.estimates.frame_bounds` takes it.
    """
    result = []
    for ranking in rankings:
        names = [ranking.name] if ranking.name in contest.sets else list(contest.sets)
        result.append(_stand(contest, entries, ranking, names, resamples, is_blind))
    return result


def part_standings(
    contest: Contest,
    entries: Sequence[ContestEntry],
    name: str,
    sets: Sequence[str],
    *,
    is_blind: bool = False,
) -> Standings:
    """Return the ranking over some of the test sets with intervals, under a name."""
    return _stand(contest, entries, rank_part(entries, name, sets), sets, RESAMPLES, is_blind)


def _stand(
    contest: Contest,
    entries: Sequence[ContestEntry],
    ranking: Ranking,
    sets: Sequence[str],
    resamples: int,
    is_blind: bool,
) -> Standings:
    tables = [scored_part(e.table, sets) for e in in_order(entries, ranking.rows, sets)]
    note = "" if contest.has_segments else NO_SEGMENTS
    return stand(
        ranking, tables, contest.task, sets, note=note, resamples=resamples, is_blind=is_blind
    )


def in_order(
    entries: Sequence[ContestEntry], rows: Iterable[Ranked], names: Sequence[str]
) -> list[ContestEntry]:
    """Return the entry of each row; runs of one name are distinguished by their points."""
    remaining = list(entries)
    ordered = []
    for row in rows:
        k = next(
            i
            for i, e in enumerate(remaining)
            if e.name == row.run and np.isclose(sum(e.tallies[n].points for n in names), row.points)
        )
        ordered.append(remaining.pop(k))
    return ordered


def scored_part(table: FrameTable, names: Sequence[str]) -> FrameTable:
    """Return the frames of some test sets whose truth is known."""
    part = table.of_sets(names)
    return part.select(part.is_known)
