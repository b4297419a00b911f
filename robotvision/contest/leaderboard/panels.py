"""A board's tabs: all test sets together, each one alone, those of a condition; who stands where.

In each tab the runs stand in order of points, with their interval. Those that are ranked have a
rank and the range of ranks that chance leaves open; further runs of a team and baselines have none.
Any two runs can be compared: ranked ones after all comparisons, others as a pair alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy as np

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.contest.leaderboard.standings import in_order, part_standings, scored_part
from robotvision.scoring.estimates import frame_bounds, points_interval
from robotvision.scoring.intervals import Interval, pairwise
from robotvision.submissions.standings import Pair, Standing, Standings

NOT_STATED = "mode not stated"
MAX_PAIRS = 20_000
"""With more pairs of runs than this, those without a rank are not compared on the page."""


class Role(StrEnum):
    """What a scored run is on its board."""

    PRIMARY = "primary"
    OTHER = "other"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True, eq=False)
class BoardRow:
    """A scored run on a board.

    Parameters
    ----------
    entry : ContestEntry
    role : Role
    team : str
    notes : tuple of str
        ``mode not stated``; how fast a judged program was.
    judged_ms : float or None
        Half of the frames took a judged program no longer; None: it was not run here.
    """

    entry: ContestEntry
    role: Role = Role.PRIMARY
    team: str = ""
    notes: tuple[str, ...] = ()
    judged_ms: float | None = None

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.entry.name

    @property
    def method(self) -> str:
        """How it answers, by its card; empty where it has none."""
        return self.entry.card.method if self.entry.card else ""

    @property
    def mode(self) -> str:
        """``obligatory``, ``optional`` or ``not stated``."""
        return "not stated" if NOT_STATED in self.notes else str(self.entry.score["mode"])

    @property
    def latency_ms(self) -> float | None:
        """Time of a frame: as it was judged, else as its card says."""
        if self.judged_ms is not None:
            return self.judged_ms
        return self.entry.card.time_per_frame_ms if self.entry.card else None

    def as_dict(self) -> dict[str, Any]:
        """Return what it says of the run beside its score as plain data."""
        return {
            "team": self.team,
            "role": str(self.role),
            "notes": list(self.notes),
            "method": self.method,
            "latency_ms": self.latency_ms,
            "is_judged": self.judged_ms is not None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class PanelLine:
    """A run in a tab; ``standing`` is None where it is not ranked."""

    row: BoardRow
    points: Interval
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BoardPanel:
    """A tab of a board.

    Parameters
    ----------
    name : str
        ``overall``, a test set, or a condition with its value.
    sets : tuple of str
        The test sets it counts.
    lines : list of PanelLine
        In order of points.
    standings : Standings or None
        The ranked runs; None where there is none.
    others : tuple of (int, int, Pair)
        Comparisons of which one run or both are not ranked, each as a pair alone, with the places
        of the two among ``lines``.
    frames : int
        How many it counts, those without a known truth among them.
    """

    name: str
    sets: tuple[str, ...]
    lines: list[PanelLine]
    standings: Standings | None
    others: tuple[tuple[int, int, Pair], ...]
    frames: int

    @property
    def ranked(self) -> list[PanelLine]:
        """The ranked runs, the best first."""
        return [line for line in self.lines if line.standing is not None]

    def compared(self) -> Iterator[tuple[int, int, Pair]]:
        """Yield every comparison with the places of its runs among ``lines``, the better first."""
        if self.standings is not None:
            ranked = [k for k, line in enumerate(self.lines) if line.standing is not None]
            for (i, j), pair in zip(combinations(ranked, 2), self.standings.pairs, strict=True):
                yield i, j, pair
        yield from self.others

    @property
    def note(self) -> str:
        """What a reader must know of the intervals."""
        return self.standings.note if self.standings else ""


@dataclass(frozen=True, slots=True)
class Tab:
    """What a tab counts: the name it bears, and test sets."""

    name: str
    sets: tuple[str, ...]


def tabs(contest: Contest, conditions: Mapping[str, Mapping[str, str]] | None = None) -> list[Tab]:
    """Return the tabs of a board.

    Parameters
    ----------
    contest : Contest
    conditions : Mapping, optional
        Of each test set: ``{night: {light: dark}}``. A value that one test set alone has is named
        in that set's tab.
    """
    sets = list(contest.sets)
    is_summed = contest.task.overall == "sum" or len(sets) < 2
    result = [Tab("overall", tuple(sets))] if is_summed else []
    values = by_condition(conditions or {})
    if len(sets) > 1:
        for name in sets:
            own = [f"{k} {v}" for k, of in values.items() for v, s in of.items() if s == [name]]
            result.append(Tab(f"{name} ({', '.join(own)})" if own else name, (name,)))
    if is_summed:
        for key, of in values.items():
            shared = {v: s for v, s in of.items() if 1 < len(s) < len(sets)}
            result += [Tab(f"{key} {value}", tuple(s)) for value, s in shared.items()]
    return result


def by_condition(conditions: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, list[str]]]:
    """Return for each condition that differs between test sets those of each of its values."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, of_set in conditions.items():
        for key, value in of_set.items():
            found.setdefault(key, {}).setdefault(value, []).append(name)
    return {key: values for key, values in found.items() if len(values) > 1}


def panels(
    contest: Contest,
    rows: Sequence[BoardRow],
    whole: Sequence[Standings],
    conditions: Mapping[str, Mapping[str, str]] | None = None,
    *,
    is_blind: bool = False,
) -> list[BoardPanel]:
    """Return the tabs of a board with their runs.

    Parameters
    ----------
    contest : Contest
    rows : sequence of BoardRow
        Every scored run.
    whole : sequence of Standings
        Those of the ranked runs that are known already.
    conditions
        As `tabs` takes them.
    is_blind : bool
        As `robotvision.scoring.estimates.frame_bounds` takes it.
    """
    known = {s.sets: s for s in whole}
    entries = [row.entry for row in rows if row.role is Role.PRIMARY]
    result: list[BoardPanel] = []
    for tab in tabs(contest, conditions) if rows else ():
        standings = known.get(tab.sets)
        if standings is None and entries:
            standings = part_standings(contest, entries, tab.name, tab.sets, is_blind=is_blind)
        result.append(_panel(contest, rows, tab, standings, is_blind, has_others=not result))
    return result


def _panel(
    contest: Contest,
    rows: Sequence[BoardRow],
    tab: Tab,
    standings: Standings | None,
    is_blind: bool,
    *,
    has_others: bool,
) -> BoardPanel:
    lines = _ranked_lines(rows, tab, standings)
    ranked = {id(line.row) for line in lines}
    for row in rows:
        if id(row) not in ranked:
            table = row.entry.table.of_sets(tab.sets)
            lines.append(PanelLine(row, points_interval(table, contest.task, is_blind=is_blind)))
    lines.sort(key=_place)
    others = tuple(_other_pairs(contest, tab, lines, is_blind)) if has_others else ()
    frames = sum(len(contest.sets[s]) for s in tab.sets)
    return BoardPanel(tab.name, tab.sets, lines, standings, others, frames)


def _place(line: PanelLine) -> tuple[float, bool]:
    """Return what lines are sorted by: ranked ones stand before others of the same points."""
    points = line.points.estimate if line.standing is None else line.standing.row.points
    return -points, line.standing is None


def _ranked_lines(
    rows: Sequence[BoardRow], tab: Tab, standings: Standings | None
) -> list[PanelLine]:
    """Return the ranked runs in order, each with where it stands."""
    if standings is None:
        return []
    of_entry = {id(row.entry): row for row in rows if row.role is Role.PRIMARY}
    entries: list[ContestEntry] = [row.entry for row in of_entry.values()]
    ordered = in_order(entries, [x.row for x in standings.rows], tab.sets)
    return [
        PanelLine(of_entry[id(entry)], x.points, x)
        for entry, x in zip(ordered, standings.rows, strict=True)
    ]


def _other_pairs(
    contest: Contest, tab: Tab, lines: Sequence[PanelLine], is_blind: bool
) -> Iterator[tuple[int, int, Pair]]:
    """Yield the comparisons that the ranking does not hold, the better run first."""
    n = len(lines)
    pairs = [
        (i, j)
        for i, j in combinations(range(n), 2)
        if lines[i].standing is None or lines[j].standing is None
    ]
    if not pairs or n * (n - 1) // 2 > MAX_PAIRS:
        return
    tables = [scored_part(line.row.entry.table, tab.sets) for line in lines]
    differences = pairwise(
        np.stack([t.points for t in tables], axis=1),
        tables[0].visit,
        pairs,
        bounds=frame_bounds(tables[0], contest.task, is_blind=is_blind),
    )
    for (i, j), d in zip(pairs, differences, strict=True):
        names = lines[i].row.name, lines[j].row.name
        yield i, j, Pair(*names, d, 1.0 if d.p is None else d.p, math.inf, is_alone=True)
