"""Where reports are printed, and how a table looks there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from robotvision.report.table import Table
from robotvision.timing.measure import OUTSIDE

Style = Callable[[int, int], str]
"""Rich's style of the value in a row and a column of a table, both from 0."""
PLAIN_WIDTH = 120
"""Columns of a table that goes to a file or a pipe."""
MAX_LABELS = 16
"""A confusion table of more labels does not fit a page."""


def out() -> Console:
    """Return a console on stdout, wide and without colours where it is no terminal."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(highlight=False, emoji=False, width=width)


def grid(table: Table, style: Style | None = None) -> Grid:
    """Return a table for the terminal, without its title.

    Parameters
    ----------
    table : Table
    style : callable, optional
    """
    shown = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in table.columns:
        justify: JustifyMethod = "left" if column.is_text else "right"
        shown.add_column(Text(column.name), justify=justify, overflow="fold")
    for i, row in enumerate(table.shown()):
        shown.add_row(*(Text(t, style=style(i, j) if style else "") for j, t in enumerate(row)))
    return shown


def titled(table: Table, style: Style | None = None) -> RenderableType:
    """Return a table for the terminal with its title above it."""
    return Group(Text(table.title, style="bold"), grid(table, style))


def card(table: Table) -> Panel:
    """Return a table of names and values as a card: its title in the frame, no heads."""
    shown = Grid.grid(padding=(0, 2))
    shown.add_column(style="bold")
    for row in table.shown():
        shown.add_row(*map(Text, row))
    return Panel(shown, title=Text(table.title), title_align="left", expand=False)


def styles(rows: Iterable[str]) -> Style:
    """Return the style of a table whose rows have these."""
    known = list(rows)
    return lambda i, j: known[i]


def latency_style(table: Table) -> Style:
    """Return the style of a latency table: the total bold, dim what is no stage of a system."""
    special = {"total": "bold", **dict.fromkeys(("rest", *OUTSIDE), "dim")}
    return styles(special.get(str(row[0]), "") for row in table.rows)


def confusion_grid(table: Table) -> RenderableType:
    """Return a confusion table: right answers green, wrong ones red, long labels cut."""
    n = len(table.rows)
    if n > MAX_LABELS:
        return Text(f"({n} labels: see --json or report.json)", style="dim")
    width = 9 if n <= 9 else max(4, (PLAIN_WIDTH - 26) // n - 2)
    first, *labels = table.columns
    names = [c.name if len(c.name) <= width else c.name[: width - 1] + "…" for c in labels]
    short = [replace(c, name=name) for c, name in zip(labels, names, strict=True)]

    def style(i: int, j: int) -> str:
        if not j or j > n:
            return ""
        if not table.rows[i][j]:
            return "dim"
        return "green" if i + 1 == j else "red"

    return grid(replace(table, columns=[replace(first, name=""), *short]), style)
