"""Where reports are printed, and how a table looks there."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rich.cells import cell_len
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
NARROW_WIDTH = 80
"""Columns of the tables that are cut to a terminal's width, where there is no terminal."""
GAP = 2
"""Blanks between two columns."""
MAX_LABELS = 16
"""A confusion table of more labels does not fit a page."""


def out() -> Console:
    """Return a console on stdout; where it is no terminal, without colours, ``COLUMNS`` wide."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
    return Console(highlight=False, emoji=False, width=width)


def grid(table: Table, style: Style | None = None) -> Grid:
    """Return a table for the terminal, without its title.

    Parameters
    ----------
    table : Table
    style : callable, optional
    """
    shown = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0))
    for column in table.columns:
        justify: JustifyMethod = "left" if column.is_text else "right"
        shown.add_column(
            Text(column.name), justify=justify, overflow="fold", no_wrap=not column.is_text
        )
    for i, row in enumerate(table.shown()):
        shown.add_row(*(Text(t, style=style(i, j) if style else "") for j, t in enumerate(row)))
    return shown


def fitted(table: Table, width: int, least: Sequence[str]) -> tuple[Table, list[str]]:
    """Return a table of at most ``width`` columns of text, and the names of what was left out.

    Parameters
    ----------
    table : Table
    width : int
        Of the terminal.
    least : sequence of str
        Names of the columns that may go, the first to go first. Where the rest is too wide still,
        its words are folded.
    """
    dropped: list[str] = []
    for name in least:
        if _natural_width(table) <= width:
            break
        keep = [j for j, c in enumerate(table.columns) if c.name != name]
        if len(keep) < len(table.columns):
            dropped.append(name)
            table = replace(
                table,
                columns=[table.columns[j] for j in keep],
                rows=[[row[j] for j in keep] for row in table.rows],
            )
    return table, dropped


def table_width(console: Console) -> int:
    """Return how wide tables that are cut to a terminal may be."""
    return console.width if console.is_terminal else min(console.width, NARROW_WIDTH)


def print_folded(console: Console, text: str, indent: int) -> None:
    """Print a line as wide as tables are, what is longer folded to the same indent.

    Between words alone: a path with its line is one.
    """
    width = table_width(console) - indent
    for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False):
        console.print(Text(" " * indent + line), soft_wrap=True)


def fitted_grid(console: Console, table: Table, least: Sequence[str]) -> RenderableType:
    """Return a table as wide as the terminal, and below it a line that says what was left out."""
    width = table_width(console)
    shown, dropped = fitted(table, width, least)
    body = grid(shown)
    body.width = min(width, _natural_width(shown))
    if not dropped:
        return body
    text = f"left out to fit {width} columns, in --json: {', '.join(dropped)}"
    return Group(body, Text(text, style="dim"))


def _natural_width(table: Table) -> int:
    """Return how many columns of text a table takes where nothing is folded."""
    heads = [c.name for c in table.columns]
    widths = [max(map(cell_len, texts)) for texts in zip(heads, *table.shown(), strict=True)]
    return sum(widths) + GAP * len(widths)


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
