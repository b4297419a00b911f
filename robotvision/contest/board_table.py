"""A board as tables: who is ranked, who is shown beside them, and points by condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from robotvision.contest.board import Board, Received
from robotvision.contest.leaderboard.panel_page import ROLES
from robotvision.contest.leaderboard.panels import BoardPanel, PanelLine
from robotvision.report.table import Cell, Column, Table, percent
from robotvision.scoring.intervals import LEVEL
from robotvision.scoring.tally import Tally

INTERVAL = f"{LEVEL:.0%} interval".replace("%", " %")
COLUMNS = (
    Column("rank"),
    Column("run", is_text=True),
    Column("team", is_text=True),
    Column("points"),
)
BEHIND = (
    Column("may be"),
    Column("first in"),
    Column(INTERVAL, is_text=True),
    Column("not separable from", is_text=True),
    Column("correct", percent, digits=4),
    Column("wrong", percent, digits=4),
    Column("no answer", percent, digits=4),
    Column("note", is_text=True),
)
NARROW = ("team", "first in", "not separable from")
"""Columns that a terminal does without: a run's name begins with its team, and ``scores.json`` has
the rest.
"""


@dataclass(frozen=True, slots=True)
class BoardTable:
    """A board's runs in order of points, ranked or not.

    Parameters
    ----------
    table : Table
    note : str
        What a reader must know of the intervals.
    """

    table: Table
    note: str

    def without(self, names: Sequence[str] = NARROW) -> Table:
        """Return the table without some columns; by default without the widest."""
        kept = [i for i, c in enumerate(self.table.columns) if c.name not in names]
        rows = [[row[i] for i in kept] for row in self.table.rows]
        return replace(self.table, columns=[self.table.columns[i] for i in kept], rows=rows)


def board_tables(board: Board) -> list[BoardTable]:
    """Return the tables of a board: one, or one a test set where the edition keeps them apart."""
    panels = board.ranked.panels()
    if panels and panels[0].name == "overall":
        panels = panels[:1]
    return [_table(panel) for panel in panels]


def _table(panel: BoardPanel) -> BoardTable:
    shown = list(panel.sets) if len(panel.sets) > 1 else []
    visits = f" in {panel.standings.n_visits:,} room visits" if panel.standings else ""
    table = Table(
        f"{panel.frames:,} frames{visits}. “Rank” is the order of the points of the teams' primary "
        "runs.",
        [*COLUMNS, *map(Column, shown), *BEHIND],
        [_cells(line, panel.sets, shown) for line in panel.lines],
        "board",
        heading=1,
    )
    return BoardTable(table, panel.note)


def _cells(line: PanelLine, sets: Sequence[str], shown: Sequence[str]) -> list[Cell]:
    row, standing = line.row, line.standing
    note = "; ".join(filter(None, (ROLES[row.role], *row.notes)))
    return [
        standing.row.rank if standing else None,
        row.name,
        row.team or None,
        line.points.estimate,
        *(row.entry.tallies[s].points for s in shown),
        standing.ranks_text if standing else None,
        standing.first_text if standing else None,
        line.points.text(),
        standing.not_separable_text() if standing else None,
        *_shares([row.entry.tallies[s] for s in sets]),
        note or None,
    ]


def _shares(tallies: Sequence[Tally]) -> tuple[Cell, Cell, Cell]:
    """Return the shares of frames that were right, wrong, and without an answer."""
    frames = sum(t.frames for t in tallies)
    if not frames:
        return None, None, None
    right = sum(t.outcomes["correct"] for t in tallies)
    wrong = sum(t.outcomes["wrong"] for t in tallies)
    return right / frames, wrong / frames, (frames - right - wrong) / frames


def condition_tables(board: Board) -> list[Table]:
    """Return a table for each condition that differs between test sets: points by its values."""
    tables = []
    for key, values in board.by_condition().items():
        heads = [Column("run", is_text=True)]
        for value in values:
            heads += [Column(f"{value}: points"), Column(f"{value}: correct", percent, digits=4)]
        rows: list[list[Cell]] = []
        for row in sorted(
            board.rows, key=lambda r: -sum(t.points for t in r.entry.tallies.values())
        ):
            cells: list[Cell] = [row.entry.name]
            for sets in values.values():
                tallies = [row.entry.tallies[s] for s in sets]
                cells += [sum(t.points for t in tallies), _shares(tallies)[0]]
            rows.append(cells)
        described = "; ".join(f"{value}: {', '.join(sets)}" for value, sets in values.items())
        tables.append(Table(f"By {key} ({described})", heads, rows, f"by {key}"))
    return tables


def condition_data(board: Board) -> dict[str, dict[str, dict[str, float]]]:
    """Return points by condition, value and run as plain data."""
    return {
        key: {
            value: {
                row.entry.name: float(sum(row.entry.tallies[s].points for s in sets))
                for row in board.rows
            }
            for value, sets in values.items()
        }
        for key, values in board.by_condition().items()
    }


def reasons(received: Received) -> list[str]:
    """Return why a run is not on the board: a line a kind of fault, or what became of it."""
    if received.why:
        return [received.why]
    return [] if received.verdict.is_accepted else received.verdict.lines()[:-1]


def apart_table(board: Board) -> Table:
    """Return what is listed apart: refused, late, over a limit, not judged yet."""
    rows: list[list[Cell]] = []
    for r in board.apart:
        kinds = reasons(r)
        why = kinds[0] if kinds else ""
        more = f" (and {len(kinds) - 1} more kinds of faults)" if len(kinds) > 1 else ""
        rows.append([r.submission.name, r.submission.record.team, str(r.status), why + more])
    names = ("run", "team", "what", "why")
    return Table("Not on the board", [Column(n, is_text=True) for n in names], rows, "apart")
