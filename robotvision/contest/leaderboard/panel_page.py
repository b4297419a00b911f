"""A board for a page: its tabs with table, the best three in words, any two runs compared, rooms.

Numbers become words and places on an axis here; ``board.html.j2`` sets them, ``board.js`` sorts,
changes tabs and compares. Without scripts all tabs stand below one another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robotvision.contest.leaderboard.disclosure import Disclosure
from robotvision.contest.leaderboard.panels import NOT_STATED, BoardPanel, BoardRow, PanelLine, Role
from robotvision.report.html.shell import as_script
from robotvision.report.html.svg import Scale, round_ticks
from robotvision.report.html.svg import number as tick
from robotvision.report.table import number
from robotvision.scoring.intervals import Interval, gap_text, p_values_text
from robotvision.scoring.ranks import visits_text
from robotvision.submissions.standings import Pair
from robotvision.tasks.model import Task

N_TOP = 3
"""Runs that are named above the table."""
ROLES = {Role.PRIMARY: "", Role.OTHER: "further run", Role.BASELINE: "baseline"}
MARGIN = 0.02
"""Of the range of points, beyond either end of an axis."""
ALL_SETS = "All test sets"


@dataclass(frozen=True, slots=True)
class Apart:
    """Runs of a team that are not on the board, in a line.

    Parameters
    ----------
    team : str
        Or the run, where no team is known.
    runs : sequence of (str, str)
        Name, and address of a page or nothing.
    why : str
    """

    team: str
    runs: Sequence[tuple[str, str]]
    why: str


@dataclass(frozen=True, slots=True)
class ApartGroup:
    """What is not on the board for one reason: ``Refused``, ``Late``; a line a team."""

    title: str
    lines: Sequence[Apart]

    @property
    def n_runs(self) -> int:
        """How many runs there are in it."""
        return sum(len(line.runs) for line in self.lines)


def by_team(runs: Iterable[tuple[str, str, str, Sequence[str]]]) -> list[Apart]:
    """Return lines of teams from runs: team, name, address of a page, and kinds of faults."""
    grouped: dict[str, list[tuple[str, str, Sequence[str]]]] = {}
    for team, name, page, kinds in runs:
        grouped.setdefault(team or name, []).append((name, page, kinds))
    lines = []
    for team, mine in grouped.items():
        kinds = list(dict.fromkeys(k for _, _, of in mine for k in of))
        more = len(kinds) - 1
        tail = f" (and {more:,} more kind{'s' * (more > 1)} of faults)" if more > 0 else ""
        why = kinds[0] + tail if kinds else ""
        lines.append(Apart(team, [(name, page) for name, page, _ in mine], why))
    return lines


def board_view(
    board_id: str,
    title: str,
    panels: Sequence[BoardPanel],
    task: Task,
    shown: Disclosure,
    apart: Sequence[ApartGroup] = (),
    pages: Mapping[BoardRow, str] | None = None,
) -> dict[str, Any]:
    """Return what ``board.html.j2`` shows of a board.

    Parameters
    ----------
    board_id : str
        Names its section in addresses.
    title : str
    panels : sequence of BoardPanel
        Its tabs; intervals computed blind where ``shown`` is.
    task : Task
    shown : Disclosure
    apart : sequence of ApartGroup
    pages : Mapping[BoardRow, str], optional
        Addresses of the runs' pages.
    """
    view = _BoardView(task, shown, pages or {})
    views = [view.panel(f"{board_id}-{k}", panel) for k, panel in enumerate(panels)]
    return {
        "id": board_id,
        "title": title,
        "panels": views,
        "notes": list(dict.fromkeys(p.note for p in panels if p.note)),
        "n_teams": len({line.row.team for line in panels[0].lines} - {""}) if panels else 0,
        "apart": [group for group in apart if group.lines],
    }


@dataclass(frozen=True, slots=True)
class _BoardView:
    """What the views of all tabs go by."""

    task: Task
    shown: Disclosure
    pages: Mapping[BoardRow, str]

    def panel(self, panel_id: str, panel: BoardPanel) -> dict[str, Any]:
        """Return what the page shows of a tab."""
        scale, ticks = axis([line.points for line in panel.lines])
        rows = [self.row(line, panel, scale) for line in panel.lines]
        visits = panel.standings.n_visits if panel.standings else None
        most = panel.standings.max_points if panel.standings else 0.0
        has = {
            key: any(row[key] for row in rows) for key in ("team", "method", "latency", "outcomes")
        }
        return {
            "id": panel_id,
            "name": ALL_SETS if panel.name == "overall" else panel.name,
            "frames": panel.frames,
            "visits": visits,
            "most": most if most and not self.shown.is_blind(self.task) else None,
            "ticks": [(scale(v), tick(v)) for v in ticks],
            "grid": _grid(scale(v) for v in ticks),
            "rows": rows,
            "has": {**has, "method": has["method"] or any(row["notes"] for row in rows)},
            "n_others": sum(row["role"] == Role.OTHER for row in rows),
            "lead": _lead(panel),
            "top": [self.top(panel, k) for k in range(min(N_TOP, len(panel.ranked)))],
            "pairs": _pairs(panel),
            "rooms": self.rooms(panel) if self.shown.has_rooms else None,
        }

    def row(self, line: PanelLine, panel: BoardPanel, scale: Scale) -> dict[str, Any]:
        """Return what the page shows of a run."""
        row, standing = line.row, line.standing
        counts = _counts(row, panel.sets)
        n = sum(counts.values())
        ms = row.latency_ms
        return {
            "role": str(row.role),
            "what": ROLES[row.role],
            "place": standing.row.rank if standing else None,
            "ranks": standing.ranks_text if standing else None,
            "worst": standing.ranks[1] if standing else None,
            "run": row.name,
            "team": row.team,
            "page": self.pages.get(row, ""),
            "method": row.method,
            "notes": [note for note in row.notes if note != NOT_STATED],
            "points": number(line.points.estimate),
            "points_sort": line.points.estimate,
            "interval": line.points.text() if line.points.low is not None else "",
            "whisker": _whisker(line.points, scale),
            "first": standing.first_text if standing else None,
            "first_sort": standing.share_first if standing else None,
            "mode": row.mode,
            "latency": f"{ms:.3g}" if ms is not None else None,
            "latency_sort": ms,
            "is_judged": row.judged_ms is not None,
            "outcomes": [(name, counts[name]) for name in counts if counts[name]],
            "outcome_words": ", ".join(f"{counts[name]:,} {name}" for name in counts),
            "right": counts["correct"] / n if n else None,
        }

    def top(self, panel: BoardPanel, place: int) -> dict[str, Any]:
        """Return one of the best: who it is, and whether it is separable from the next."""
        line = panel.ranked[place]
        scale, _ = axis([x.points for x in panel.ranked[: N_TOP + 1]])
        text = {
            **self.row(line, panel, scale),
            "is_separable": None,
            "against": "",
            "gap": "No run is ranked below it",
        }
        if panel.standings is None or place + 1 >= len(panel.ranked):
            return text
        n = len(panel.ranked)
        pair = panel.standings.pairs[place * (2 * n - place - 1) // 2]  # in order: 0-1, 0-2, ...
        text["is_separable"] = panel.standings.rows[place + 1].visits_needed is None
        text["against"] = panel.ranked[place + 1].row.name
        text["gap"] = _gap(pair)
        return text

    def rooms(self, panel: BoardPanel) -> dict[str, Any] | None:
        """Return the share right of each room, a row a run; rooms that never occur are left out."""
        if not panel.lines:
            return None
        labels = self.task.labels
        lines = [(line, _right_by_room(line.row, panel.sets, len(labels))) for line in panel.lines]
        used = [k for k, (_, n) in enumerate(lines[0][1]) if n]
        return {
            "labels": [labels[k] for k in used],
            "frames": [lines[0][1][k][1] for k in used],
            "rows": [
                {
                    "run": line.row.name,
                    "role": str(line.row.role),
                    "page": self.pages.get(line.row, ""),
                    "cells": [cells[k][0] / cells[k][1] if cells[k][1] else None for k in used],
                }
                for line, cells in lines
            ],
        }


def axis(points: Sequence[Interval]) -> tuple[Scale, list[float]]:
    """Return the common scale of intervals, in percent of its width, and its round ticks."""
    ends = [v for x in points for v in (x.low, x.high, x.estimate) if v is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if high <= low:
        low, high = low - 1, high + 1
    room = MARGIN * (high - low)
    return Scale(low - room, high + room, 0, 100), round_ticks(low, high, 8)


def _grid(places: Iterable[float]) -> str:
    """Return the ticks as backgrounds of a cell, in CSS."""
    line = "linear-gradient(var(--grid),var(--grid))"
    return ",".join(f"{line} {x:g}% 0/1px 100% no-repeat" for x in places)


def _whisker(points: Interval, scale: Scale) -> str:
    """Return where an interval and its estimate lie, as CSS variables in percent."""
    low = scale(points.estimate if points.low is None else points.low)
    high = scale(points.estimate if points.high is None else points.high)
    return f"--a:{low:g};--b:{high:g};--p:{scale(points.estimate):g}"


def _counts(row: BoardRow, sets: Sequence[str]) -> dict[str, int]:
    """Return a run's frames by outcome, those without an answer for whatever reason together."""
    parts = [row.entry.tallies[s].outcomes for s in sets]
    totals = {name: sum(part[name] for part in parts) for name in parts[0]} if parts else {}
    silent = sum(n for name, n in totals.items() if name not in ("correct", "wrong"))
    answered = {name: totals.get(name, 0) for name in ("correct", "wrong")}
    return {**answered, "unanswered": silent}


def _lead(panel: BoardPanel) -> str:
    """Return in words whether the first is first beyond chance."""
    ranked = panel.ranked
    if len(ranked) < 2:
        return ""
    could = sum(line.standing is not None and line.standing.ranks[0] == 1 for line in ranked)
    if could == 1:
        return f"{ranked[0].row.name} is first beyond chance."
    return f"{could} of {len(ranked)} ranked runs could be first: chance leaves their order open."


def _gap(pair: Pair) -> str:
    """Return ``+45 (3.3 to 89.6), p = 0.03 before, 0.21 after all comparisons``."""
    p = pair.difference.p
    tail = "nothing to compare" if p is None else p_values_text(p, pair.after_all)
    return f"{gap_text(pair.difference)}, {tail}"


def _pairs(panel: BoardPanel) -> Any:
    """Return every comparison of the tab for the script: places, words, the interval, visits."""
    rows = [
        [
            i,
            j,
            str(pair),
            *(float(f"{v:.4g}") for v in (pair.difference.estimate, *_ends(pair.difference))),
            "" if math.isinf(pair.visits_needed) else visits_text(pair.visits_needed),
        ]
        for i, j, pair in panel.compared()
    ]
    if not rows:
        return None
    used = {k for i, j, *_ in rows for k in (i, j)}
    names = [line.row.name if k in used else None for k, line in enumerate(panel.lines)]
    return as_script({"runs": names, "pairs": rows})


def _ends(difference: Interval) -> tuple[float, float]:
    if difference.low is None or difference.high is None:
        return difference.estimate, difference.estimate
    return difference.low, difference.high


def _right_by_room(row: BoardRow, sets: Sequence[str], n: int) -> list[tuple[int, int]]:
    """Return of each label how many frames were right, and how many there are."""
    tallies = [row.entry.tallies[s] for s in sets]
    return [
        (sum(t.counts[k][k] for t in tallies), sum(sum(t.counts[k]) for t in tallies))
        for k in range(n)
    ]
