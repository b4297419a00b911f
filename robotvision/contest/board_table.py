"""A board as tables: who is ranked, who is shown beside them, and points by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from robotvision.contest.board import Board, BoardRow, Role
from robotvision.contest.leaderboard.table import INTERVAL, axis, interval_cell, interval_scale
from robotvision.report.table import Cell, Column, Table, percent
from robotvision.scoring.estimates import points_interval
from robotvision.scoring.intervals import Interval
from robotvision.scoring.tally import Tally
from robotvision.submissions.standings import Standing, Standings

ROLES = {Role.PRIMARY: "", Role.OTHER: "further run", Role.BASELINE: "baseline"}
COLUMNS = (
    Column("rank", css="rank"),
    Column("run", is_text=True),
    Column("team", is_text=True),
    Column("points", css="strong"),
)
BEHIND = (
    Column("may be"),
    Column("first in"),
    Column(INTERVAL, is_text=True, css="interval"),
    Column("not separable from", is_text=True),
    Column("correct", percent, digits=4),
    Column("wrong", percent, digits=4),
    Column("no answer", percent, digits=4),
    Column("note", is_text=True),
)


NARROW = ("team", "first in", "not separable from")
DRAWN = (*NARROW, "note")
"""Columns that a page does without: a run's name begins with its team, the note stands below it,
``scores.json`` has the rest.
"""


@dataclass(frozen=True, slots=True)
class BoardTable:
    """A board's runs in order of points, ranked or not.

    Parameters
    ----------
    table : Table
    points : list of Interval
        Of each row.
    note : str
        What a reader must know of the intervals.
    """

    table: Table
    points: list[Interval]
    note: str

    def without(self, names: Sequence[str] = NARROW) -> Table:
        """Return the table without some columns; by default without the widest."""
        kept = [i for i, c in enumerate(self.table.columns) if c.name not in names]
        rows = [[row[i] for i in kept] for row in self.table.rows]
        return replace(self.table, columns=[self.table.columns[i] for i in kept], rows=rows)

    def html(self, links: Mapping[str, str] | None = None) -> Markup:
        """Return the table for a page, unranked rows faint; ``links`` by run."""
        links = links or {}
        scale = interval_scale(self.points, 0.0)
        drawn = {
            "run": [_named(str(row[1]), row[-1], links) for row in self.table.rows],
            INTERVAL: [interval_cell(p, scale) for p in self.points],
        }
        return self.without(DRAWN).html(
            "ranking",
            row_css=lambda rank: "faint" if rank == "-" else "",
            drawn=drawn,
            heads={INTERVAL: axis(scale)},
        )


def _named(run: str, note: Cell, links: Mapping[str, str]) -> Markup:
    """Return a run's name, with what is to be said of it below."""
    name = Markup('<a href="{}">{}</a>').format(links[run], run) if run in links else escape(run)
    if note is None:
        return name
    return Markup('{}<br><small class="muted">{}</small>').format(name, note)


def board_tables(board: Board, *, is_blind: bool = False) -> list[BoardTable]:
    """Return the tables of a board: one, or one a test set where the edition keeps them apart.

    ``is_blind``: intervals whose bounds do not tell what is in view in a frame.
    """
    ranked = board.primaries
    standings = ranked.blind_standings if is_blind else ranked.standings
    if standings:
        return [_table(board, s, is_blind) for s in standings]
    return [_table(board, None, is_blind)] if board.rows else []


def _table(board: Board, standings: Standings | None, is_blind: bool) -> BoardTable:
    sets = list(standings.sets) if standings else list(board.contest.sets)
    places = {x.row.run: x for x in standings.rows} if standings else {}
    lines = []
    for row in board.rows:
        standing = places.get(row.entry.name)
        frames = row.entry.table.of_sets(sets)
        points = (
            standing.points
            if standing
            else points_interval(frames, board.contest.task, is_blind=is_blind)
        )
        lines.append((row, standing, points))
    lines.sort(key=lambda line: (-line[2].estimate, line[0].role, line[0].entry.name))
    shown = sets if len(sets) > 1 else []
    n_visits = standings.n_visits if standings else None
    visits = f" in {n_visits:,} room visits" if n_visits else ""
    n = sum(len(board.contest.sets[s]) for s in sets)
    table = Table(
        f"{n:,} frames{visits}. “Rank” is the order of the points of the teams' primary runs.",
        [*COLUMNS, *map(Column, shown), *BEHIND],
        [_cells(row, standing, points, sets, shown) for row, standing, points in lines],
        "board",
        heading=1,
    )
    return BoardTable(
        table, [points for _, _, points in lines], standings.note if standings else ""
    )


def _cells(
    row: BoardRow,
    standing: Standing | None,
    points: Interval,
    sets: Sequence[str],
    shown: Sequence[str],
) -> list[Cell]:
    tallies = [row.entry.tallies[s] for s in sets]
    note = "; ".join(filter(None, (ROLES[row.role], *row.notes)))
    return [
        standing.row.rank if standing else None,
        row.entry.name,
        row.team or None,
        points.estimate,
        *(row.entry.tallies[s].points for s in shown),
        standing.ranks_text if standing else None,
        standing.first_text if standing else None,
        points.text(),
        standing.not_separable_text() if standing else None,
        *_shares(tallies),
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


def apart_table(board: Board) -> Table:
    """Return what is listed apart: refused, late, over a limit, not judged yet."""
    rows: list[list[Cell]] = []
    for r in board.apart:
        kinds = r.verdict.lines()[:-1] if not r.verdict.is_accepted else []
        why = r.why or (kinds[0] if kinds else "")
        more = f" (and {len(kinds) - 1} more kinds of faults)" if len(kinds) > 1 else ""
        rows.append([r.submission.name, r.submission.record.team, str(r.status), why + more])
    names = ("run", "team", "what", "why")
    return Table("Not on the board", [Column(n, is_text=True) for n in names], rows, "apart")
