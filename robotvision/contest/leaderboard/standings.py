"""Rankings with what chance leaves open: intervals of points, of ranks, and letters.

Points are resampled by whole room visits, all runs on the same frames (`scoring.bootstrap`). Runs
that share a letter cannot be told apart: a compact display of the pairwise verdicts (Piepho 2004,
insert and absorb), which hold together at the level of the intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.scoring.bootstrap import FEW_BLOCKS, LEVEL, RESAMPLES, Interval, ranks
from robotvision.scoring.table import FrameTable
from robotvision.submissions.ranking import Ranked, Ranking


@dataclass(frozen=True, slots=True)
class Standing:
    """A run in a ranking, with what chance leaves open.

    ``ranks`` is the best and the worst rank that cannot be ruled out; runs that share a letter of
    ``group`` cannot be told apart; ``share_first`` is in how many resamples the run was first.
    """

    row: Ranked
    points: Interval
    ranks: tuple[int, int]
    group: str
    share_first: float


@dataclass(frozen=True, slots=True)
class Standings:
    """A ranking with intervals. ``note`` says what a reader must know of them."""

    name: str
    rows: tuple[Standing, ...]
    sets: tuple[str, ...]
    n_visits: int
    note: str

    @property
    def max_points(self) -> float:
        """The most points the frames allow."""
        return max((s.row.max_points for s in self.rows), default=0.0)


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
    by_name = _in_order(entries, ranking, names)
    tables = [_scored_part(e.table, names) for e in by_name]
    points = np.stack([table.points for table in tables], axis=1)
    blocks = tables[0].visit
    n_visits = len(np.unique(blocks))
    result = ranks(points, blocks, resamples=resamples)
    letters = compact_letters(result.is_above)
    rows = tuple(
        Standing(row, result.points[i], result.ranks[i], letters[i], float(result.share_first[i]))
        for i, row in enumerate(ranking.rows)
    )
    return Standings(ranking.name, rows, tuple(names), n_visits, _note(contest, n_visits))


def _in_order(
    entries: Sequence[ContestEntry], ranking: Ranking, names: Sequence[str]
) -> list[ContestEntry]:
    """Return the entry of each row; runs of one name are told apart by their points."""
    remaining = list(entries)
    ordered = []
    for row in ranking.rows:
        k = next(
            i
            for i, e in enumerate(remaining)
            if e.name == row.run and np.isclose(sum(e.tallies[n].points for n in names), row.points)
        )
        ordered.append(remaining.pop(k))
    return ordered


def _scored_part(table: FrameTable, names: Sequence[str]) -> FrameTable:
    """Return the frames of some test sets whose truth is known."""
    part = table.of_sets(names)
    return part.select(part.is_known)


def _note(contest: Contest, n_visits: int) -> str:
    notes = []
    if n_visits < FEW_BLOCKS:
        notes.append(f"only {n_visits} room visits: the intervals are rough")
    if not contest.has_segments:
        notes.append(
            "visits end at changes of the true room, since the truth came without its sequence"
        )
    return "; ".join(notes)


def compact_letters(is_above: NDArray[np.bool_]) -> list[str]:
    """Return letters for each run: two runs share one where neither is above the other.

    Parameters
    ----------
    is_above : (k, k) bool
        Row above column, beyond chance; runs in order of rank.
    """
    k = len(is_above)
    groups = [frozenset(range(k))]
    for i in range(k):
        for j in range(i + 1, k):
            if is_above[i, j] or is_above[j, i]:
                groups = _parted(groups, i, j)
    groups.sort(key=sorted)
    return ["".join(_letter(g) for g, group in enumerate(groups) if i in group) for i in range(k)]


def _parted(groups: list[frozenset[int]], i: int, j: int) -> list[frozenset[int]]:
    """Return groups none of which holds both, and none of which lies within another."""
    both = [g for g in groups if i in g and j in g]
    if not both:
        return groups
    others = [g for g in groups if not (i in g and j in g)]
    parts = dict.fromkeys(part for g in both for part in (g - {i}, g - {j}))
    known = [*others, *parts]
    return others + [g for g in parts if g not in others and not any(g < o for o in known)]


def _letter(place: int) -> str:
    """Return one sign for a group: a to z, A to Z, then whatever letters follow in Unicode."""
    return ascii_letters[place] if place < len(ascii_letters) else chr(0x3B1 + place - 52)


def with_intervals(data: dict[str, Any], rankings: Sequence[Standings]) -> dict[str, Any]:
    """Return a ranking as plain data (`robotvision.submissions.ranking.as_dict`) with intervals.

    Each row gets ``interval`` (low, high; null where nothing can be resampled), ``ranks`` (best,
    worst), ``group`` and ``share_first``; ``uncertainty`` says how they were computed.
    """
    rows = {
        s.name: [
            {
                "rank": x.row.rank,
                "run": x.row.run,
                "points": x.row.points,
                "interval": [x.points.low, x.points.high],
                "ranks": list(x.ranks),
                "group": x.group,
                "share_first": x.share_first,
            }
            for x in s.rows
        ]
        for s in rankings
    }
    method = {
        "method": "block bootstrap by room visit",
        "level": LEVEL,
        "resamples": RESAMPLES,
        "visits": {s.name: s.n_visits for s in rankings},
        "notes": {s.name: s.note for s in rankings if s.note},
    }
    return {**data, "rankings": rows, "uncertainty": method}
