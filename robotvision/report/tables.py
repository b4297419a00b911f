"""Runs as tables to paste: Markdown, LaTeX (booktabs), CSV in long form.

Three tables: the runs with their points and 95 % intervals by room visit, each run by room, and who
was taken for whom. CSV holds all of them as one value a line (``table, run, set, row, column,
value``), which any program can pivot.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.report.columns import RunColumns
from robotvision.report.terminal import policy_text
from robotvision.scoring.tally import Tally

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what it shows, of which run and test set, and its cells (the first is words)."""

    kind: str
    title: str
    columns: list[str]
    rows: list[list[Cell]]
    run: str = ""
    set: str = ""


def tables(runs: Sequence[RunColumns]) -> list[Table]:
    """Return the tables of the runs."""
    made = [_overview(runs)]
    for run in runs:
        for name, tally in run.tallies.items():
            where = f"{run.name}, test set {name}" if len(run.tallies) > 1 else run.name
            if tally.scored_frames:
                made += [_rooms(run, name, tally, where), _confusion(run, name, tally, where)]
    return made


def _overview(runs: Sequence[RunColumns]) -> Table:
    columns = [
        "run",
        "task",
        "policy",
        "frames",
        "points",
        "maximum",
        "share",
        "95 % low",
        "95 % high",
        "visits",
    ]
    rows: list[list[Cell]] = []
    for run in runs:
        data, found = run.data, run.interval()
        is_scored = bool(run.is_scored.any())
        share = data["points"] / data["max_points"] if data["max_points"] else None
        rows.append(
            [
                run.name,
                data["task"],
                policy_text(data["policy"]),
                data["frames"],
                data["points"] if is_scored else None,
                data["max_points"] if is_scored else None,
                None if share is None else round(share, 4),
                None if found.low is None else round(found.low, 1),
                None if found.high is None else round(found.high, 1),
                found.blocks,
            ]
        )
    return Table("runs", "Points of the runs", columns, rows)


def _rooms(run: RunColumns, name: str, tally: Tally, where: str) -> Table:
    columns = ["room", "frames", "points", "precision", "recall", *tally.outcomes]
    rows: list[list[Cell]] = [
        [
            line.room,
            line.frames,
            line.points,
            _rounded(line.precision),
            _rounded(line.recall),
            *(line.outcomes[o] for o in tally.outcomes),
        ]
        for line in tally.rooms()
        if line.frames or line.precision is not None
    ]
    return Table("rooms", f"By room: {where}", columns, rows, run.name, name)


def _confusion(run: RunColumns, name: str, tally: Tally, where: str) -> Table:
    n = len(tally.labels)
    used = [i for i in range(n) if sum(tally.counts[i]) or any(r[i] for r in tally.counts)]
    columns = ["true / answered", *(tally.labels[j] for j in used), "none"]
    rows: list[list[Cell]] = [
        [tally.labels[i], *(tally.counts[i][j] for j in used), sum(tally.counts[i][n:])]
        for i in used
    ]
    return Table("confusion", f"Confusion: {where}", columns, rows, run.name, name)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def render(runs: Sequence[RunColumns], form: str) -> str:
    """Return the tables of the runs as ``md``, ``csv`` or ``latex``."""
    made = tables(runs)
    if form == "csv":
        return _csv(made)
    return "\n".join(map(_markdown if form == "md" else _latex, made))


def _text(value: Cell) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e5 else str(value)


def _markdown(table: Table) -> str:
    def row(cells: Sequence[Cell]) -> str:
        words = (_text(c).replace("\\", "\\\\").replace("|", "\\|") for c in cells)
        return "| " + " | ".join(w.replace("<", "&lt;") for w in words) + " |"

    rule = "|" + "|".join(" --- " if i == 0 else " ---: " for i in range(len(table.columns))) + "|"
    lines = [f"**{table.title}**", "", row(table.columns), rule, *map(row, table.rows), ""]
    return "\n".join(lines)


_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def escaped(text: str) -> str:
    """Return text as LaTeX shows it literally."""
    return "".join(_SPECIAL.get(c, c) for c in text)


def _latex(table: Table) -> str:
    def row(cells: Sequence[Cell]) -> str:
        return " & ".join("--" if c is None else escaped(_text(c)) for c in cells) + r" \\"

    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{escaped(table.title)}}}",
            rf"  \begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"    \toprule",
            "    " + row(table.columns),
            r"    \midrule",
            *("    " + row(r) for r in table.rows),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _csv(made: Sequence[Table]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["table", "run", "set", "row", "column", "value"])
    for table in made:
        for cells in table.rows:
            for column, value in zip(table.columns[1:], cells[1:], strict=True):
                shown = "" if value is None else value
                writer.writerow(
                    [table.kind, table.run or cells[0], table.set, cells[0], column, shown]
                )
    return out.getvalue()


def write(text: str, path: Path | None) -> None:
    """Write to a file, or to stdout where none is named. Raises RobotVisionError."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise RobotVisionError(f"{path}: cannot be written ({e.strerror})") from e
