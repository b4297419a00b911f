"""A sweep as one page that stands alone: figures by key, a map of two keys, the sortable table.

The page asks nothing of the network and may not (a content security policy); its one script runs
only if its digest is the one named there. Without it everything but sorting works.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from statistics import median
from typing import Any

import jinja2
from markupsafe import Markup, escape

from robotvision.cluster.store import Store
from robotvision.records import Outcome
from robotvision.report.html.shell import content_policy, static
from robotvision.report.html.svg import element, number, round_ticks
from robotvision.report.listing import PORT
from robotvision.report.table import minus, share
from robotvision.scoring.intervals import Interval
from robotvision.sweep.rows import Row
from robotvision.sweep.show import cell, milliseconds, varying
from robotvision.sweep.table import SweepTable, pivot
from robotvision.version import __version__

PAGE = "results.html"
WIDTH, LEFT, RIGHT, ROW = 560, 190, 24, 30
MAX_VALUES = 40
"""A key with more values than this has no figure of its own."""


def write_page(store: Store, table: SweepTable) -> str:
    """Write the page beside the table and return where. Raises RobotVisionError."""
    store.write(PAGE, build_page(table).encode())
    return store.shown(PAGE)


def build_page(table: SweepTable) -> str:
    """Return the page."""
    keys = varying(table)
    done = table.done
    script = static("js", ("sort",))
    own_style = files("robotvision.sweep") / "templates" / "sweep.css"
    style = static("css", ("page",)) + own_style.read_text(encoding="utf-8")
    best = sorted(done, key=lambda r: -(r["points_per_frame"] or 0.0))[:1]
    return (
        _environment()
        .get_template("sweep.html.j2")
        .render(
            policy=content_policy(script),
            style=Markup(style),  # our own files # nosec B704
            viewer=f"http://127.0.0.1:{PORT}/",
            script=Markup(script),  # our own file # nosec B704
            version=__version__,
            title=table.name,
            keys=keys,
            n_done=len(done),
            n_failed=sum(r["status"] == "failed" for r in table.rows),
            n=len(table.rows),
            best=[_entry(r, keys, table) for r in best],
            multiples=_multiples(table, keys, done),
            heat=_heat(table, keys),
            rows=[_entry(r, keys, table) for r in table.rows],
            outcomes=_outcomes(table),
            is_timed=any(r["latency_p50_ns"] is not None for r in table.rows),
            is_quotable=bool(done) and all(r["quotable"] for r in done),
        )
    )


def _entry(row: Row, keys: Sequence[str], table: SweepTable) -> dict[str, Any]:
    return {
        "number": table.rows.index(row) + 1,
        "hash": row["config_hash"],
        "cells": [cell(row.get(k)) for k in keys],
        "status": row["status"],
        "error": row["error"],
        "points": "-" if row["points"] is None else number(row["points"]),
        "max": "-" if row["max_points"] is None else number(row["max_points"]),
        "per_frame": minus(share(row["points_per_frame"])),
        "outcomes": [row[o] for o in _outcomes(table)],
        "p50": milliseconds(row),
        "p90": milliseconds(row, "p90"),
        "p99": milliseconds(row, "p99"),
        "interval": minus(_interval_text(row)),
        "quotable": row["quotable"],
        "note": row["latency_note"],
        "sort": [
            row["points"],
            row["points_per_frame"],
            row["latency_p50_ns"],
            row["latency_p90_ns"],
            row["latency_p99_ns"],
        ],
    }


def _interval_text(row: Row) -> str:
    """Return the 95 % interval of the points; a row of an earlier version has none."""
    ends = (row.get("interval_low"), row.get("interval_high"))
    return "-" if row["points"] is None else Interval(row["points"], *ends, 0).text()


def _outcomes(table: SweepTable) -> list[str]:
    """Return the outcomes that occur; the first three always."""
    always = (Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED)
    return [str(o) for o in Outcome if o in always or any(r[str(o)] for r in table.rows)]


def _multiples(table: SweepTable, keys: Sequence[str], done: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a figure for each key: every run a dot, the median of each value a line."""
    values = [float(r["points_per_frame"]) for r in done if r["points_per_frame"] is not None]
    if not values:
        return []
    low, high = min(0.0, *values), max(0.1, *values)
    figures = []
    for key in keys:
        labels = table.values(key)
        if len(labels) <= MAX_VALUES:
            figures.append({"key": key, "svg": _strip(key, labels, done, low, high)})
    return figures


def _strip(key: str, labels: Sequence[Any], done: Sequence[Row], low: float, high: float) -> Markup:
    height = ROW * len(labels) + 44
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / span, 1)

    parts = [
        f'<line class="grid" x1="{x(t)}" x2="{x(t)}" y1="4" y2="{height - 38}"/><text class="tick" '
        f'x="{x(t)}" y="{height - 22}" text-anchor="middle">{number(t)}</text>'
        for t in round_ticks(low, high, 5)
    ]
    for i, label in enumerate(labels):
        mine = [r for r in done if r.get(key) == label and r["points_per_frame"] is not None]
        y = 4 + ROW * (i + 0.5)
        text = cell(label)
        shown = text if len(text) <= 26 else text[:25] + "…"
        parts.append(
            f'<text class="tick" x="{LEFT - 10}" y="{y + 4}" text-anchor="end">'
            f"<title>{escape(text)}</title>{escape(shown)}</text>"
        )
        parts += [
            f'<circle class="run" cx="{x(r["points_per_frame"])}" cy="{y}" r="4"><title>'
            f"{escape(r['config_hash'])}: {share(r['points_per_frame'])} points a frame</title>"
            "</circle>"
            for r in mine
        ]
        if mine:
            middle = x(median(r["points_per_frame"] for r in mine))
            parts.append(
                f'<line class="median" x1="{middle}" x2="{middle}" y1="{y - 10}" y2="{y + 10}"/>'
            )
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{height - 4}" '
        'text-anchor="middle">points a frame</text>'
    )
    return element("".join(parts), WIDTH, height, f"Points a frame by {key}")


def _heat(table: SweepTable, keys: Sequence[str]) -> dict[str, Any] | None:
    """Return the two keys with the most values against each other."""
    sizes = {k: table.n_values(k) for k in keys}
    wide = sorted((k for k in keys if sizes[k] <= MAX_VALUES), key=lambda k: -sizes[k])[:2]
    if len(wide) < 2:
        return None
    means = pivot(table, *wide)
    if not means.cells:
        return None
    low, high = min(means.cells.values()), max(means.cells.values())
    rows = []
    for row in means.rows:
        line = []
        for column in means.columns:
            mean = means.cells.get((row, column))
            tint = 0.0 if mean is None or high == low else (mean - low) / (high - low)
            line.append(
                {
                    "text": "-" if mean is None else f"{mean:.3f}",
                    "tint": f"{tint:.2f}",
                    "n": means.counts.get((row, column), 0),
                }
            )
        rows.append((cell(row), line))
    return {
        "down": wide[0],
        "across": wide[1],
        "columns": list(map(cell, means.columns)),
        "rows": rows,
    }


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("robotvision.sweep"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
