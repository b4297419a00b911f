"""Rankings with what chance leaves open: intervals of points, open ranks, who cannot be separated.

All runs are compared on the same frames, by room visit (`robotvision.scoring.ranks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robotvision.scoring.estimates import frame_bounds
from robotvision.scoring.intervals import LEVEL, Interval, difference_text
from robotvision.scoring.ranks import RESAMPLES, Ranks, ranks, visits_text
from robotvision.scoring.table import FrameTable
from robotvision.submissions.ranking import Ranked, Ranking
from robotvision.tasks.model import Task

METHOD = (
    "intervals: Student's t on the log-odds of the share of points won, leaving out one room visit "
    "at a time; ranks: signs flipped by room visit, step-down over each run's comparisons and over "
    "ranges of ranks"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A run in a ranking, with what chance leaves open.

    Parameters
    ----------
    row : Ranked
        Its points and rank.
    points : Interval
        The points with their interval.
    ranks : (int, int)
        The best and the worst rank that cannot be ruled out.
    share_first : float
        In how many resamples of the visits it was first.
    not_separable : tuple of str
        The runs that it cannot be told apart from, in order of rank.
    visits_needed : float or None
        How many visits would separate it from the run ranked just above it (the first: below it);
        None where they are separated, or it is alone.
    """

    row: Ranked
    points: Interval
    ranks: tuple[int, int]
    share_first: float
    not_separable: tuple[str, ...]
    visits_needed: float | None

    @property
    def ranks_text(self) -> str:
        """``2`` or ``2 to 5``."""
        best, worst = self.ranks
        return str(best) if best == worst else f"{best} to {worst}"

    @property
    def first_text(self) -> str:
        """``61 %``."""
        return f"{100 * self.share_first:.0f} %"

    @property
    def visits_text(self) -> str:
        """``about 120``, or a dash."""
        return "-" if self.visits_needed is None else visits_text(self.visits_needed)

    def not_separable_text(self, most: int = 3) -> str:
        """Return ``b, c and 4 more``, or a dash."""
        names, more = self.not_separable[:most], len(self.not_separable) - most
        return ", ".join(names) + (f" and {more} more" if more > 0 else "") if names else "-"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs of a ranking, the better first.

    Parameters
    ----------
    first, second : str
    difference : Interval
        With the p-value of the pair alone.
    p : float
        After all comparisons of the ranking.
    visits_needed : float
        How many visits would separate them.
    is_alone : bool
        Whether it is the only comparison, so that there is no ``p`` after others.
    """

    first: str
    second: str
    difference: Interval
    p: float
    visits_needed: float
    is_alone: bool = False

    @property
    def after_all(self) -> float | None:
        """The p-value after all comparisons; None where there is this one alone."""
        return None if self.is_alone else self.p

    def __str__(self) -> str:
        return difference_text(self.difference, self.after_all)


@dataclass(frozen=True, slots=True)
class Standings:
    """A ranking with intervals. ``note`` says what a reader must know of them."""

    name: str
    rows: tuple[Standing, ...]
    sets: tuple[str, ...]
    n_visits: int
    note: str
    pairs: tuple[Pair, ...] = ()

    @property
    def max_points(self) -> float:
        """The most points the frames allow."""
        return max((s.row.max_points for s in self.rows), default=0.0)


def stand(
    ranking: Ranking,
    tables: Sequence[FrameTable],
    task: Task,
    sets: Sequence[str],
    *,
    note: str = "",
    resamples: int = RESAMPLES,
    is_blind: bool = False,
) -> Standings:
    """Return a ranking with intervals.

    Parameters
    ----------
    ranking : Ranking
    tables : sequence of FrameTable
        Of each row, scored, the same frames, all with a known truth.
    task : Task
    sets : sequence of str
        The test sets whose frames these are.
    note : str
        What a reader must know besides.
    resamples : int
        As `robotvision.scoring.ranks.ranks` takes them.
    is_blind : bool
        As `robotvision.scoring.estimates.frame_bounds` takes it.
    """
    points = np.stack([table.points for table in tables], axis=1)
    blocks = tables[0].visit
    bounds = frame_bounds(tables[0], task, is_blind=is_blind)
    result = ranks(points, blocks, resamples=resamples, bounds=bounds)
    cautions = dict.fromkeys(p.caution for p in result.points if p.caution)
    notes = "; ".join(filter(None, (*cautions, note)))
    rows = tuple(_standing(ranking, result, i) for i in range(len(ranking.rows)))
    n_visits = len(np.unique(blocks))
    return Standings(ranking.name, rows, tuple(sets), n_visits, notes, _pairs(ranking, result))


def _standing(ranking: Ranking, result: Ranks, i: int) -> Standing:
    rows = ranking.rows
    others = [j for j in range(len(rows)) if j != i and not result.separated(i, j)]
    next_to = i - 1 if i else 1
    is_open = next_to < len(rows) and not result.separated(i, next_to)
    return Standing(
        row=rows[i],
        points=result.points[i],
        ranks=result.ranks[i],
        share_first=float(result.share_first[i]),
        not_separable=tuple(rows[j].run for j in others),
        visits_needed=float(result.visits_needed[i, next_to]) if is_open else None,
    )


def _pairs(ranking: Ranking, result: Ranks) -> tuple[Pair, ...]:
    names = [row.run for row in ranking.rows]
    return tuple(
        Pair(
            names[i],
            names[j],
            result.difference(i, j),
            float(result.p[i, j]),
            float(result.visits_needed[i, j]),
            len(names) < 3,
        )
        for i in range(len(names))
        for j in range(i + 1, len(names))
    )


def with_intervals(data: dict[str, Any], standings: Sequence[Standings]) -> dict[str, Any]:
    """Return a ranking as plain data (`robotvision.submissions.ranking.as_dict`) with intervals.

    Each row gets ``interval`` (low, high; null where nothing can be compared), ``caution`` (why it
    may not hold; empty: nothing against it), ``ranks`` (best, worst), ``share_first``,
    ``not_separable_from`` and ``visits_needed``; ``pairs`` holds every difference with its interval
    and its p-values; ``uncertainty`` says how all were computed.
    """
    method = {
        "method": METHOD,
        "level": LEVEL,
        "resamples": RESAMPLES,
        "visits": {s.name: s.n_visits for s in standings},
        "notes": {s.name: s.note for s in standings if s.note},
    }
    return {
        **data,
        "rankings": {s.name: [_row_data(x) for x in s.rows] for s in standings},
        "pairs": {s.name: [pair_data(p) for p in s.pairs] for s in standings},
        "uncertainty": method,
    }


def _row_data(x: Standing) -> dict[str, Any]:
    return {
        "rank": x.row.rank,
        "run": x.row.run,
        "points": x.row.points,
        **x.points.as_dict(),
        "ranks": list(x.ranks),
        "share_first": x.share_first,
        "not_separable_from": list(x.not_separable),
        "visits_needed": _finite(x.visits_needed),
    }


def pair_data(pair: Pair) -> dict[str, Any]:
    """Return a comparison as plain data."""
    d = pair.difference
    return {
        "first": pair.first,
        "second": pair.second,
        "difference": d.estimate,
        **d.as_dict(),
        "p": d.p,
        "p_after_all": pair.p,
        "visits_needed": _finite(pair.visits_needed),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
