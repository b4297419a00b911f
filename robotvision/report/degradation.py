"""Points lost by sensor fault, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def degradation_table(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return points, what was lost against the clean run, and the outcomes, a row a fault."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("sensor fault")
    outcomes = [o for o in rows[0]["outcomes"] if any(r["outcomes"][o] for r in rows)]
    for column in ("points", "lost", "of clean", *outcomes):
        table.add_column(column, justify="right")
    for row in rows:
        share = "-" if row["lost_share"] is None else f"{row['lost_share']:.1%}"
        cells = [str(row["outcomes"][o]) for o in outcomes]
        style = "bold" if row["fault"] == "all" else ""
        table.add_row(
            row["fault"], f"{row['points']:g}", f"{row['lost']:g}", share, *cells, style=style
        )
    return Group(Text(""), Text("points lost by sensor fault", style="bold"), table)
