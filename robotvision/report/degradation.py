"""Points lost by sensor fault, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robotvision.report.rescored import first_outcomes
from robotvision.report.table import Column, Table, columns


def degradation_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return points, what was lost against the clean run, and the outcomes, a row a fault."""
    outcomes = first_outcomes(rows)
    shares = ["-" if r["lost_share"] is None else f"{r['lost_share']:.1%}" for r in rows]
    return Table(
        "Points lost by sensor fault",
        [*columns("sensor fault", "points", "lost", "of clean"), *map(Column, outcomes)],
        [
            [r["fault"], r["points"], r["lost"], lost, *(r["outcomes"][o] for o in outcomes)]
            for r, lost in zip(rows, shares, strict=True)
        ],
        "degradation",
    )
