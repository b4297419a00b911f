"""The page that lists runs, and the little curve beside each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robotvision.report.html.shell import render
from robotvision.report.html.svg import Scale, number
from robotvision.report.listing import RUNNING, RunRow
from robotvision.report.table import number as points_text
from robotvision.report.tables import policy_text
from robotvision.scoring.intervals import Interval

WIDTH, HEIGHT = 120, 28
MOST = 120


def list_page(rows: Sequence[RunRow], roots: Sequence[Path]) -> str:
    """Return the page of the runs under some folders."""
    return render(
        "listing.html.j2",
        scripts=("sort", "listing"),
        is_served=True,
        title="runs",
        roots=[f"{root.name}/" for root in roots],
        rows=[_shown(row) for row in rows],
        tasks=sorted({str(row.report.get("task")) for row in rows if row.report}),
        statuses=sorted({row.status for row in rows}),
        n_going=sum(row.status == RUNNING for row in rows),
    )


def _shown(row: RunRow) -> dict[str, Any]:
    data = row.report
    latency = (data.get("latency_ns") or {}).get("total") or {}
    low, high = data.get("interval") or (None, None)
    points = data.get("points")
    when = time.localtime(row.changed_s)
    return {
        "key": row.key,
        "name": row.name,
        "status": row.status,
        "fault": row.fault,
        "what": row.what,
        "task": data.get("task", ""),
        "policy": policy_text(data["policy"]) if data else "",
        "points": None if points is None else points_text(points),
        "points_sort": "" if points is None else points,
        "max": points_text(data["max_points"]) if points is not None else "",
        "interval": Interval(points, low, high, 0).text() if points is not None else "-",
        "accuracy": row.accuracy,
        "frames": data.get("frames", 0),
        "expected": data.get("frames_expected", 0),
        "p50": _ms(latency.get("p50")),
        "p99": _ms(latency.get("p99")),
        "p50_sort": latency.get("p50") or "",
        "p99_sort": latency.get("p99") or "",
        "period": "" if row.period_ms is None else number(row.period_ms),
        "n_warnings": len(data.get("warnings", [])),
        "when": time.strftime("%Y-%m-%d %H:%M", when),
        "version": f"{row.status} {row.changed_s} {data.get('frames', 0)}",
    }


def _ms(ns: float | None) -> str:
    return "-" if ns is None else number(ns / 1e6)


def sparkline(values: Sequence[float], most: float) -> str:
    """Return a curve of the points so far as an SVG file, up to the most there was to win."""
    x = Scale(0, max(1, len(values) - 1), 1, WIDTH - 1)
    y = Scale(min(0.0, *values) if values else 0.0, max(most, 1.0), HEIGHT - 2, 2)
    step = max(1, len(values) // MOST)
    d = "L".join(f"{x(k)} {y(values[k])}" for k in range(0, len(values), step))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}"><style>path{{fill:none;stroke:#1f5f8b;'
        "stroke-width:1.6}line{stroke:#9aa6ab;stroke-dasharray:2 3}@media (prefers-color-scheme:"
        "dark){path{stroke:#7fbfe8}}</style>"
        f'<line x1="0" x2="{WIDTH}" y1="{y(0)}" y2="{y(0)}"/>'
        f'<path d="M{d or "0 0"}"/></svg>'
    )
