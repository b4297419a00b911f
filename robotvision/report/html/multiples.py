"""Several runs as small multiples: one panel a run, all on the same frames and the same scales.

A panel holds the points earned so far, what became of each frame, and the confusion of rooms as
shares of the true room. Frames stand where they stand in the player, so panels compare by eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from markupsafe import escape
from numpy.typing import NDArray

from robotvision.arrays import Numbers
from robotvision.report.columns import OUTCOMES, RunColumns
from robotvision.report.html.charts import Chart, thin
from robotvision.report.html.payload import Aligned
from robotvision.report.html.svg import Scale, element, number
from robotvision.report.measures import CORRECT
from robotvision.report.table import Cell, Table, columns
from robotvision.report.tables import confusion_table

WIDTH, CURVE, STRIP, GAP = 216, 74, 14, 6
SIDE = 96
"""Of the confusion, in pixels."""
MOST = 200
"""Places that a panel is drawn at, at most."""


def small_multiples(runs: Sequence[RunColumns], aligned: Aligned) -> list[Chart]:
    """Return a panel for each run."""
    curves = [_curve(run, places) for run, places in zip(runs, aligned.places, strict=True)]
    low = min(0.0, *(float(c.min()) for c in curves if c.size))
    high = max(1.0, *(float(c.max()) for c in curves if c.size))
    up = Scale(low, high, CURVE, 4)
    panels = []
    for i, (run, places, curve) in enumerate(zip(runs, aligned.places, curves, strict=True)):
        parts = [
            f'<line class="grid" x1="0" x2="{WIDTH}" y1="{up(0)}" y2="{up(0)}"/>',
            _line(curve, up, i),
            f'<text class="tick" x="2" y="12">{number(high)}</text>',  # curves end at the right
            *_strip(run, places, CURVE + GAP),
            *_matrix(run, WIDTH + 3 * GAP),
        ]
        title = f"{run.name}: points so far, outcomes, confusion"
        height = max(CURVE + GAP + STRIP, SIDE) + 2
        svg = element("".join(parts), WIDTH + 3 * GAP + SIDE, height, title, "plot panel")
        panels.append(Chart(svg, _table(run, curve)))
    return panels


def _curve(run: RunColumns, places: Numbers) -> NDArray[np.float64]:
    """Return the points earned up to each position of the page."""
    if not len(run):
        return np.zeros(0)
    return np.asarray(np.cumsum(np.where(places >= 0, run.points[places], 0.0)), np.float64)


def _line(curve: NDArray[np.float64], up: Scale, i: int) -> str:
    at = thin(len(curve), MOST).tolist() if curve.size else []
    d = "L".join(f"{WIDTH * (k + 1) / len(curve):.1f} {up(float(curve[k]))}" for k in at)
    return f'<path class="line run-{i}" d="M0 {up(0)}L{d}"/>' if d else ""


def _strip(run: RunColumns, places: Numbers, top: float) -> list[str]:
    """Return the outcomes along the frames: of each place the worst that occurs there."""
    n = len(places)
    if not n or not len(run):
        return []
    codes = np.where(places >= 0, run.outcome[places], -2)
    edges = np.linspace(0, n, min(n, MOST) + 1).round().astype(np.int64)
    paths: dict[int, str] = {}
    for first, end in pairwise(edges.tolist()):
        here = codes[first:end]
        wrong = here[here > CORRECT]
        code = int(np.bincount(wrong).argmax()) if wrong.size else int(here.max())
        if code >= -1:
            x, w = WIDTH * first / n, WIDTH * (end - first) / n
            height = STRIP if code > CORRECT else STRIP / 3
            box = f"M{x:.1f} {top + STRIP - height:.1f}h{w:.2f}v{height:.1f}h-{w:.2f}z"
            paths[code] = paths.get(code, "") + box
    names = {code: "unscored" if code < 0 else OUTCOMES[code] for code in paths}
    return [
        f'<path class="o-{names[code]} filled" d="{d}"><title>{escape(names[code])}</title></path>'
        for code, d in paths.items()
    ]


def _matrix(run: RunColumns, left: float) -> list[str]:
    """Return the confusion as squares, the last column for no answer."""
    table = confusion_table(run.data)
    names = [c.name for c in table.columns[1:-1]] + ["no answer"]
    step = SIDE / max(1, len(names))
    parts = []
    for y, (room, *counts) in enumerate(table.rows):
        total = sum(int(n or 0) for n in counts)
        for x, (answer, n) in enumerate(zip(names, counts, strict=True)):
            kind = "unanswered" if x == len(names) - 1 else "correct" if x == y else "wrong"
            share = int(n or 0) / total if total else 0.0
            hint = f"<title>{escape(f'{room}, answered {answer}: {n} of {total}')}</title>"
            parts.append(
                f'<rect class="{f"o-{kind}" if n else "nothing"}" x="{left + x * step:.1f}" '
                f'y="{y * step:.1f}" width="{step - 1:.1f}" height="{step - 1:.1f}" '
                f'fill-opacity="{0.12 + 0.88 * share if n else 1:.2f}">{hint if n else ""}</rect>'
            )
    return parts


def _table(run: RunColumns, curve: NDArray[np.float64]) -> Table:
    at = thin(len(curve), MOST).tolist() if curve.size else []
    rows: list[list[Cell]] = [[k, float(curve[k])] for k in at]
    return Table(f"Points so far of {run.name}", columns("position", "points", n_text=0), rows)
