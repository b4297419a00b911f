"""A sweep on the terminal: its rows, a pivot, two rows compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from robotvision.records import Outcome
from robotvision.report.console import fitted_grid, titled
from robotvision.report.table import Cell, Column, Table, columns, share
from robotvision.scoring.intervals import verdict
from robotvision.sweep.rows import DONE, Row
from robotvision.sweep.table import Pivot, SweepComparison, SweepTable

MARK = "*"
"""Beside a latency that must not be quoted."""
LEAST = ("of", "silent", "wrong", "right", "a frame")
"""Columns that a narrow terminal goes without, the first to go first."""


def print_rows(console: Console, table: SweepTable, rows: Sequence[Row]) -> None:
    """Print rows with their number in the table."""
    console.print(fitted_grid(console, rows_table(table, rows), _least(rows)))
    console.print(f"{len(table.done)} of {len(table.rows)} runs done", style="dim", highlight=False)
    if any(r["latency_p50_ns"] is not None and not r["quotable"] for r in rows):
        console.print(
            f"{MARK} not quotable: timed inside a sweep (--exclusive gives each run "
            "cores of its own)",
            style="dim",
            highlight=False,
        )


def _least(rows: Sequence[Row]) -> list[str]:
    """Return the columns to go without first: those that say nothing, then `LEAST`."""
    is_timed = any(r["latency_p50_ns"] is not None for r in rows)
    is_done = all(r["status"] == DONE for r in rows)
    same = [*([] if is_timed else ["p50 ms"]), *(["status"] if is_done else [])]
    return [*same, *LEAST]


def rows_table(table: SweepTable, rows: Sequence[Row]) -> Table:
    """Return what is printed of each row: its keys, points, answers, latency and status."""
    keys = varying(table)
    number = {row["config_hash"]: i for i, row in enumerate(table.rows, 1)}
    shown = [
        Column("#"),
        *(Column(key, cell, is_text=True) for key in keys),
        *(Column(name, cell) for name in ("points", "of")),
        Column("a frame", share),
        *columns("right", "wrong", "silent", "p50 ms", n_text=0),
        Column("status", is_text=True),
    ]
    return Table(
        table.name,
        shown,
        [
            [number[r["config_hash"]], *(r.get(k) for k in keys), *_figures(r), _status(r)]
            for r in rows
        ],
    )


def _figures(row: Row) -> list[Cell]:
    if row["status"] != DONE:
        return ["-", "-", *[None] * 5]
    counts = (row[o] for o in (Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED))
    points = (row["points"], row["max_points"], row["points_per_frame"])
    return [*points, *counts, milliseconds(row)]


def _status(row: Row) -> str:
    error = "" if row["status"] == DONE else row["error"]
    return f"{row['status']}: {error}" if error else str(row["status"])


def milliseconds(row: Row, quantile: str = "p50") -> str:
    """Return a latency in milliseconds, marked where it must not be quoted."""
    value = row.get(f"latency_{quantile}_ns")
    if value is None:
        return "-"
    return f"{value / 1e6:.2f}{'' if row['quotable'] else MARK}"


def varying(table: SweepTable) -> list[str]:
    """Return the keys in which the rows differ; all where there is one row."""
    keys = [k for k in table.keys if table.n_values(k) > 1]
    return keys or table.keys


def cell(value: Any) -> str:
    """Return a cell of the table in words."""
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def print_pivot(console: Console, means: Pivot) -> None:
    """Print means by two keys, and of how many runs each is the mean."""
    rows: list[list[Cell]] = []
    for row in means.rows:
        counts = [means.counts.get((row, column), 0) for column in means.columns]
        cells = [
            f"{means.cells[row, column]:.4g} ({n})" if n else "- (0)"
            for column, n in zip(means.columns, counts, strict=True)
        ]
        rows.append([cell(row), *cells])
    names = columns(f"{means.down} \\ {means.across}", *map(cell, means.columns))
    title = f"{means.value}: mean of the finished runs (how many)"
    console.print(titled(Table(title, names, rows)))


def print_comparison(console: Console, table: SweepTable, comparison: SweepComparison) -> None:
    """Print two rows side by side and their difference with its interval."""
    for row, points in zip((comparison.first, comparison.second), comparison.points, strict=True):
        cells = ", ".join(f"{k}={cell(row.get(k))}" for k in varying(table))
        console.print(f"{row['config_hash']}  {escape(cells)}: {points:g} points", highlight=False)
    d = comparison.difference
    interval = (
        "no interval: too few room visits"
        if d.low is None or d.high is None
        else (f"{d.level:.0%} interval {d.low:+.1f} to {d.high:+.1f}")
    )
    console.print(
        f"difference {d.estimate:+g} points on {comparison.frames} frames, {interval} "
        f"(paired, {d.blocks} room visits): {verdict(d)}",
        highlight=False,
    )
    if d.caution:
        console.print(f"caution: {d.caution}", style="yellow", highlight=False)


def comparison_data(comparison: SweepComparison) -> dict[str, Any]:
    """Return a comparison as plain data."""
    d = comparison.difference
    return {
        "first": comparison.first["config_hash"],
        "second": comparison.second["config_hash"],
        "frames": comparison.frames,
        "points": list(comparison.points),
        "difference": d.estimate,
        "low": d.low,
        "high": d.high,
        "level": d.level,
        "visits": d.blocks,
        "p": d.p,
        "caution": d.caution,
        "told_apart": d.excludes_zero,
    }
