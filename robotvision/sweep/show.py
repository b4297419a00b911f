"""A sweep on the terminal: its rows, a pivot, two rows compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from robotvision.records import Outcome
from robotvision.scoring.intervals import verdict
from robotvision.sweep.rows import DONE, Row
from robotvision.sweep.table import Pivot, SweepComparison, SweepTable

MARK = "*"
"""Beside a latency that must not be quoted."""


def print_rows(console: Console, table: SweepTable, rows: Sequence[Row]) -> None:
    """Print rows with their number in the table."""
    keys = varying(table)
    number = {row["config_hash"]: i for i, row in enumerate(table.rows, 1)}
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("#", justify="right")
    for key in keys:
        grid.add_column(escape(key), overflow="fold")
    for name in ("points", "of", "a frame", "right", "wrong", "silent", "p50 ms", "status"):
        grid.add_column(name, justify="left" if name == "status" else "right")
    for row in rows:
        cells = [str(number[row["config_hash"]]), *(escape(cell(row.get(k))) for k in keys)]
        grid.add_row(*cells, *_figures(row))
    console.print(grid)
    done = [r for r in table.rows if r["status"] == DONE]
    console.print(f"{len(done)} of {len(table.rows)} runs done", style="dim", highlight=False)
    if any(r["latency_p50_ns"] is not None and not r["quotable"] for r in rows):
        console.print(
            f"{MARK} not quotable: timed inside a sweep (--exclusive gives each run "
            "cores of its own)",
            style="dim",
            highlight=False,
        )


def _figures(row: Row) -> list[str]:
    if row["status"] != DONE:
        text = row["status"] + (f": {row['error']}" if row["error"] else "")
        return ["-"] * 7 + [escape(text)]
    figures = [f"{row['points']:g}", f"{row['max_points']:g}", share(row["points_per_frame"])]
    figures += [str(row[o]) for o in (Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED)]
    return [*figures, milliseconds(row), row["status"]]


def milliseconds(row: Row, quantile: str = "p50") -> str:
    """Return a latency in milliseconds, marked where it must not be quoted."""
    value = row.get(f"latency_{quantile}_ns")
    if value is None:
        return "-"
    return f"{value / 1e6:.2f}{'' if row['quotable'] else MARK}"


def varying(table: SweepTable) -> list[str]:
    """Return the keys in which the rows differ; all where there is one row."""
    keys = [k for k in table.keys if len({str(r.get(k)) for r in table.rows}) > 1]
    return keys or table.keys


def cell(value: Any) -> str:
    """Return a cell of the table in words."""
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def share(value: float | None) -> str:
    """Return points a frame."""
    return "-" if value is None else f"{value:.3f}"


def print_pivot(console: Console, means: Pivot) -> None:
    """Print means by two keys, and of how many runs each is the mean."""
    title = f"{means.value}: mean of the finished runs (how many)"
    grid = Grid(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    grid.add_column(escape(f"{means.down} \\ {means.across}"))
    for column in means.columns:
        grid.add_column(escape(cell(column)), justify="right")
    for row in means.rows:
        cells = []
        for column in means.columns:
            n = means.counts.get((row, column), 0)
            mean = f"{means.cells[row, column]:.4g}" if n else "-"
            cells.append(f"{mean} [dim]({n})[/]")
        grid.add_row(escape(cell(row)), *cells)
    console.print(grid)


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
        console.print(d.caution, style="yellow", highlight=False)


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
