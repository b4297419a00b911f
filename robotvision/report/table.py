"""A table once: its title, columns and values, written as text, Markdown, LaTeX, CSV or HTML.

The terminal's rendering is `robotvision.report.console.grid`, so that nothing here needs rich.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape

from robotvision.submissions.numbers import decimals, exact
from robotvision.writing import csv_of

Cell = str | int | float | None
NEGATIVE = re.compile(r"(?<![\w.])-(?=[\d.])")
NOTHING: Mapping[str, Any] = MappingProxyType({})


def minus(text: str) -> str:
    """Return a text for a page: numbers below 0 have the sign of that name, not a hyphen."""
    return NEGATIVE.sub("\u2212", text)


def number(value: float) -> str:
    """Return points with as many decimals as they need: ``3824``, ``890.5``, ``4638.875``."""
    return decimals(value, 3)


def plain(value: Cell) -> str:
    """Return a value for people: words as they are, a dash for None."""
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else str(value)


def share(value: Cell) -> str:
    """Return a share of 1 with three decimals, a dash for None."""
    return "-" if value is None else f"{value:.3f}"


def percent(value: Cell) -> str:
    """Return a share of 1 in percent, a dash for None."""
    return "-" if value is None else f"{value:.1%}"


def dotted(value: Cell) -> str:
    """Return a count, a dot for 0, so that the others stand out."""
    return str(value or "·")


def milliseconds(value: Cell) -> str:
    """Return a latency in ms, a star where too few frames support the quantile."""
    return "*" if value is None else f"{value:.3f}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Parameters
    ----------
    name : str
        Its heading.
    form : callable
        How the terminal and a page write a value of it.
    is_text : bool
        Words, which stand on the left; numbers stand on the right.
    digits : int or None
        Decimals that files get; None: all.
    css : str
        Class of its cells on a page.
    """

    name: str
    form: Callable[[Cell], str] = plain
    is_text: bool = False
    digits: int | None = None
    css: str = ""

    def value(self, cell: Cell) -> Cell:
        """Return a value as files get it."""
        if self.digits is not None and isinstance(cell, float):
            return round(cell, self.digits)
        return cell


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Parameters
    ----------
    title : str
    columns : sequence of Column
    rows : list of rows
        A value for each column; None: not known, or without meaning.
    kind, run, test_set : str
        What it shows, and of which run and test set, where several tables share a CSV file.
    heading : int
        Place of the column that names a row.
    """

    title: str
    columns: Sequence[Column]
    rows: list[list[Cell]]
    kind: str = ""
    run: str = ""
    test_set: str = ""
    heading: int = 0

    def shown(self) -> Iterable[list[str]]:
        """Return the rows as people read them."""
        for row in self.rows:
            yield [c.form(v) for c, v in zip(self.columns, row, strict=True)]

    def values(self) -> Iterable[list[Cell]]:
        """Return the rows as files get them."""
        for row in self.rows:
            yield [c.value(v) for c, v in zip(self.columns, row, strict=True)]

    def markdown(self) -> str:
        """Return the table in Markdown, its title in bold above it."""

        def line(cells: Iterable[Cell]) -> str:
            texts = (_short(c).replace("\\", "\\\\").replace("|", "\\|") for c in cells)
            return "| " + " | ".join(t.replace("<", "&lt;") for t in texts) + " |"

        rule = "|" + "|".join(" --- " if c.is_text else " ---: " for c in self.columns) + "|"
        names = line(c.name for c in self.columns)
        return "\n".join([f"**{self.title}**", "", names, rule, *map(line, self.values()), ""])

    def csv(self) -> str:
        """Return the table as CSV: its heads, then a line for each row."""
        return csv_of([[c.name for c in self.columns], *self.values()])

    def latex(self) -> str:
        """Return the table in LaTeX, for the package booktabs."""

        def line(cells: Iterable[Cell]) -> str:
            texts = ("--" if c is None else latex_escape(_short(c)) for c in cells)
            return "    " + " & ".join(texts) + r" \\"

        sides = "".join("l" if c.is_text else "r" for c in self.columns)
        return "\n".join(
            [
                r"\begin{table}",
                r"  \centering",
                rf"  \caption{{{latex_escape(self.title)}}}",
                rf"  \begin{{tabular}}{{{sides}}}",
                r"    \toprule",
                line(c.name for c in self.columns),
                r"    \midrule",
                *map(line, self.values()),
                r"    \bottomrule",
                r"  \end{tabular}",
                r"\end{table}",
                "",
            ]
        )

    def html(
        self,
        css: str = "",
        row_css: Callable[[str], str] | None = None,
        swatches: Mapping[str, str] = NOTHING,
        drawn: Mapping[str, Sequence[Markup]] = NOTHING,
        heads: Mapping[str, Markup] = NOTHING,
    ) -> Markup:
        """Return the table as an HTML element; every text in it is escaped.

        Parameters
        ----------
        css : str
            Class of the table.
        row_css : callable, optional
            Class of a row, by its first cell.
        swatches : Mapping[str, str]
            Class of the coloured square before a cell of words, by its text.
        drawn : mapping
            For the columns of these names what stands in place of the text, a piece for each row.
        heads : mapping
            What follows the name at the head of a column.
        """
        head = Markup("").join(
            Markup('<th scope="col"{}>{}{}</th>').format(
                _css("" if c.is_text else "n"), c.name, heads.get(c.name, "")
            )
            if c.name
            else Markup("<td></td>")  # the corner above what names rows is no heading
            for c in self.columns
        )
        body = Markup("\n").join(
            Markup("<tr{}>{}</tr>").format(
                _css(row_css(cells[0])) if row_css else "",
                self._html_cells(cells, i, swatches, drawn),
            )
            for i, cells in enumerate(self.shown())
        )
        return Markup(
            "<table{}><caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table>"
        ).format(_css(css), self.title, head, body)

    def _html_cells(
        self,
        cells: Sequence[str],
        row: int,
        swatches: Mapping[str, str],
        drawn: Mapping[str, Sequence[Markup]],
    ) -> Markup:
        """Return the cells of a row, the one that names it as its heading."""
        elements = []
        for place, (column, text) in enumerate(zip(self.columns, cells, strict=True)):
            color = swatches.get(text, "") if column.is_text else ""
            square = (
                Markup("<span{}></span>").format(_css(f"swatch {color}")) if color else _NOTHING
            )
            words = text if column.is_text else minus(text)
            content = drawn[column.name][row] if column.name in drawn else square + words
            if place == self.heading:
                elements.append(Markup('<th scope="row">{}</th>').format(content))
            else:
                css = " ".join(filter(None, ("" if column.is_text else "n", column.css)))
                elements.append(Markup("<td{}>{}</td>").format(_css(css), content))
        return Markup("").join(elements)


def columns(*names: str, n_text: int = 1) -> list[Column]:
    """Return columns of numbers behind ``n_text`` columns of words."""
    return [Column(name, is_text=i < n_text) for i, name in enumerate(names)]


def csv_text(tables: Iterable[Table]) -> str:
    """Return tables as CSV in long form, one value a line."""
    rows: list[list[Cell]] = [["table", "run", "set", "row", "column", "value"]]
    for table in tables:
        for first, *cells in table.values():
            for column, value in zip(table.columns[1:], cells, strict=True):
                run = table.run or first
                rows.append([table.kind, run, table.test_set, first, column.name, value])
    return csv_of(rows)


_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def in_line(text: str) -> str:
    """Return text as it stands within a line, or a table's cell, of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def latex_escape(text: str) -> str:
    """Return text as LaTeX shows it literally."""
    return "".join(_SPECIAL.get(c, c) for c in text)


def _short(value: Cell) -> str:
    if value is None:
        return "-"
    return exact(value) if isinstance(value, float) else str(value)


_NOTHING = Markup("")


def _css(name: str) -> Markup:
    return Markup(' class="{}"').format(escape(name)) if name else Markup("")
