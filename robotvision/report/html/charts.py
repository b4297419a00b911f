"""The still figures of the page: outcomes, latency, deadlines, confidence, the map.

A figure is its drawing and the table behind it, which the page gives away as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup, escape

from robotvision.records import Outcome
from robotvision.report.html.svg import Plot, element, number
from robotvision.report.table import Cell, Table, columns
from robotvision.report.tables import latency_table
from robotvision.timing.quantiles import QUANTILES

if TYPE_CHECKING:
    from robotvision.report.columns import RunColumns
    from robotvision.report.measures import DeadlineCurve
    from robotvision.scoring.confidence import Reliability, RiskCoverage

PLAIN_STAGES = ("total", "rest", "decode")
LETTER = 14.5
"""Width of a letter of a room's name on the map, in its own units."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and the table of what it shows; the title of the table names the file."""

    svg: Markup
    table: Table


def outcome_bar(outcomes: Mapping[str, int], unscored: int = 0) -> Markup:
    """Return one bar of all frames, parted by outcome."""
    total = sum(outcomes.values()) + unscored
    parts, x = [], 0.0
    for name, n in (*outcomes.items(), ("unscored", unscored)):
        if n:
            width = 1000 * n / total
            parts.append(
                f'<rect class="o-{name}" x="{x:.2f}" y="0" width="{width:.2f}" height="26">'
                f"<title>{escape(name)}: {n:,} of {total:,} frames</title></rect>"
            )
            x += width
    words = ", ".join(f"{name} {n}" for name, n in outcomes.items() if n)
    body = "".join(parts).replace("<rect", '<rect shape-rendering="crispEdges"')
    return element(
        body, 1000, 26, f"Frames by outcome: {words}", "bar", 'preserveAspectRatio="none"'
    )


def stage_css(name: str) -> str:
    """Return the class of a row of the latency table."""
    return name if name in PLAIN_STAGES else "stage"


def latency_stages(latency: Mapping[str, Mapping[str, int | None]]) -> Chart | None:
    """Return p50, p90, p99 and the longest of each stage on a logarithmic axis."""
    rows = [(name, values) for name, values in latency.items() if values.get("max")]
    if not rows:
        return None
    values = [v / 1e6 for _, row in rows for v in row.values() if v]
    low, high = max(1e-3, min(values) * 0.8), max(values) * 1.3
    height = 62 + 30 * len(rows)
    plot = Plot(
        (low, high),
        (0, len(rows)),
        "time in ms, logarithmic axis",
        "",
        "Latency by stage",
        x_log=True,
        height=height,
        left=118,
        has_y_ticks=False,
    )
    for k, (name, row) in enumerate(rows):
        y = len(rows) - k - 0.5
        css = stage_css(name)
        plot.text(110, plot.sy(y) + 4, name if len(name) < 17 else name[:16] + "…", "tick")
        quantiles = [(q, v / 1e6) for q in (*QUANTILES, "max") if (v := row.get(q))]
        plot.rect(quantiles[0][1], quantiles[-1][1], y - 0.06, y + 0.06, f"l-{css} whisker")
        for q, ms in quantiles:
            half = {"p50": 0.34, "p90": 0.24, "p99": 0.16, "max": 0.1}[q]
            plot.rect(
                ms * 0.985,
                ms * 1.015,
                y - half,
                y + half,
                f"l-{css}",
                f"{name} {q}: {number(ms)} ms",
            )
    return Chart(plot.svg(), latency_table(latency))


def latency_histogram(run: RunColumns) -> Chart | None:
    """Return how many frames took how long, with the deadline or the time between frames."""
    ms = run.taken_ms
    if not ms.size:
        return None
    marks = _time_marks(run)
    low = float(ms.min()) * 0.9
    high = max(float(ms.max()), *(v for v, _ in marks), low * 1.5) * 1.15
    edges = np.geomspace(low, high, 41)
    counts, _ = np.histogram(ms, edges)
    plot = Plot(
        (low, high),
        (0, float(counts.max()) * 1.08),
        "latency in ms, logarithmic axis",
        "frames",
        "How many frames took how long",
        x_log=True,
    )
    for left, right, n in zip(edges[:-1], edges[1:], counts, strict=True):
        if n:
            plot.rect(
                left,
                right * 0.995,
                0,
                float(n),
                "l-total",
                f"{number(left)} to {number(right)} ms: {n:,} frames",
            )
    for value, label in marks:
        plot.upright(value, "deadline", label)
    rows: list[list[Cell]] = [
        [float(left), float(right), int(n)]
        for left, right, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    table = Table("Frames by latency", columns("from ms", "to ms", "frames"), rows)
    return Chart(plot.svg(), table)


def _time_marks(run: RunColumns) -> list[tuple[float, str]]:
    deadline = run.record.about["policy"].get("deadline_ms")
    if isinstance(deadline, (int, float)) and deadline > 0:
        return [(float(deadline), f"deadline {number(deadline)} ms")]
    period = run.period_ms
    return [] if period is None else [(period, f"next frame {number(period)} ms")]


def deadline_curve(
    curves: Sequence[tuple[int, DeadlineCurve]], names: Sequence[str]
) -> Chart | None:
    """Return points against deadline, a line a run (numbered for its colour)."""
    known = [(i, c) for i, c in curves if c.deadline_ms]
    if not known:
        return None
    xs = [x for _, c in known for x in c.deadline_ms]
    ys = [y for _, c in known for y in c.points]
    top = max(c.max_points for _, c in known)
    low, high = min(0.0, *ys), max(top, *ys, 1.0)
    plot = Plot(
        (min(xs), max(xs)),
        (low, high * 1.04),
        "deadline in ms, logarithmic axis",
        "points",
        "Points against deadline",
        x_log=True,
    )
    plot.level(top, "limit")
    frame = known[0][1].frame_ms
    if frame and min(xs) < frame < max(xs):
        plot.upright(frame, "deadline", f"next frame {number(frame)} ms")
    for i, c in known:
        plot.line(zip(c.deadline_ms, c.points, strict=True), f"run-{i}")
        for x, y, late, skipped in zip(c.deadline_ms, c.points, c.late, c.skipped, strict=True):
            plot.dot(
                x,
                y,
                f"run-{i} dot",
                f"{number(x)} ms: {number(y)} points, {late} late, {skipped} skipped",
                3,
            )
    rows: list[list[Cell]] = [
        [names[i], *values]
        for i, c in known
        for values in zip(c.deadline_ms, c.points, c.late, c.skipped, strict=True)
    ]
    heads = columns("run", "deadline ms", "points", "late", "skipped")
    return Chart(plot.svg(), Table("Points against deadline", heads, rows))


def risk_table(
    curves: Sequence[tuple[int, RiskCoverage]], names: Sequence[str], title: str
) -> Table:
    """Return coverage, risk and points at every confidence that occurs, thinned."""
    rows: list[list[Cell]] = [
        [names[i], *(float(column[k]) for column in (c.threshold, c.coverage, c.risk, c.points))]
        for i, c in curves
        for k in thin(len(c.coverage)).tolist()
    ]
    heads = columns("run", "from confidence", "coverage", "risk", "room points")
    return Table(title, heads, rows)


def reliability_curve(
    curves: Sequence[tuple[int, Reliability]],
    names: Sequence[str],
    title: str = "Reliability of confidences",
) -> Chart | None:
    """Return the share of right answers against their confidence, a line a run."""
    if not curves:
        return None
    plot = Plot((0, 1), (0, 1), "confidence", "share of answers right", "Reliability")
    plot.line([(0, 0), (1, 1)], "even")
    rows: list[list[Cell]] = []
    for i, c in curves:
        known = np.flatnonzero(c.counts)
        plot.line(zip(c.confidence[known], c.right[known], strict=True), f"run-{i}")
        largest = c.counts.max()
        for k in known.tolist():
            n, mean, right = int(c.counts[k]), float(c.confidence[k]), float(c.right[k])
            rows.append([names[i], float(c.edges[k]), float(c.edges[k + 1]), n, mean, right])
            hint = f"{n:,} answers of confidence {mean:.2f}: {right:.1%} right"
            plot.dot(mean, right, f"run-{i} dot", hint, 3 + 5 * float(np.sqrt(n / largest)))
    heads = columns("run", "from", "to", "answers", "mean confidence", "share right")
    return Chart(plot.svg(), Table(title, heads, rows))


def risk_curve(curves: Sequence[tuple[int, RiskCoverage]], names: Sequence[str]) -> Chart | None:
    """Return risk against coverage, a line a run."""
    if not curves:
        return None
    high = max(0.05, *(float(c.risk.max()) for _, c in curves))
    plot = Plot(
        (0, 1),
        (0, min(1.0, high * 1.15)),
        "coverage: share of frames answered",
        "risk: share of answers wrong",
        "Risk against coverage",
    )
    for i, c in curves:
        keep = thin(len(c.coverage))
        plot.line(zip(c.coverage[keep], c.risk[keep], strict=True), f"run-{i}")
        end = (float(c.coverage[-1]), float(c.risk[-1]))
        plot.dot(*end, f"run-{i} dot", f"as it was: {end[0]:.1%} answered, {end[1]:.1%} wrong")
    return Chart(plot.svg(), risk_table(curves, names, "Risk against coverage"))


def threshold_curve(
    curves: Sequence[tuple[int, RiskCoverage]], names: Sequence[str]
) -> Chart | None:
    """Return room points against the confidence below which one would have stayed silent."""
    if not curves:
        return None
    ys = [float(v) for _, c in curves for v in (c.points.max(), c.points.min())]
    low, high = min(0.0, *ys), max(1.0, *ys)
    plot = Plot(
        (0, 1),
        (low, high * 1.08),
        "answer from this confidence up",
        "room points",
        "Points against confidence threshold",
    )
    plot.upright(curves[0][1].break_even, "deadline", f"break-even {curves[0][1].break_even:.2f}")
    for i, c in curves:
        keep = thin(len(c.threshold))
        line = [
            (0.0, float(c.points[-1])),
            *zip(c.threshold[keep][::-1], c.points[keep][::-1], strict=True),
        ]
        plot.line([*line, (1.0, float(line[-1][1]))], f"run-{i}")
        best = c.best
        threshold, points = float(c.threshold[best]), float(c.points[best])
        plot.dot(
            threshold,
            points,
            f"run-{i} dot",
            f"best in hindsight: from {threshold:.2f} up, {points:g} points",
        )
    return Chart(plot.svg(), risk_table(curves, names, "Points by confidence"))


def thin(n: int, most: int = 400) -> Any:
    """Return at most so many places, both ends among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def tour_map(
    poses: Mapping[int, tuple[float, float]],
    sequence: Sequence[int],
    outcome: Sequence[int],
    truth: Sequence[int] = (),
    visit: Sequence[int] = (),
    labels: Sequence[str] = (),
) -> Markup | None:
    """Return the robot's path from above, each frame a dot in the colour of its outcome.

    Behind it lie the rooms, where ``truth`` is given: the area within half a metre of the frames
    taken in them.

    Parameters
    ----------
    poses : Mapping[int, (float, float)]
        x and y in metres by position.
    sequence, outcome, truth, visit : sequences of int
        By position.
    labels : sequence of str
        Names of the rooms.
    """
    if not poses:
        return None
    xy = np.array(list(poses.values()))
    low, high = xy.min(0), xy.max(0)
    span = np.maximum(high - low, 0.5)
    scale = min(900 / span[0], 620 / span[1])
    pad = 24

    def at(p: tuple[float, float]) -> str:
        x, y = (p[0] - low[0]) * scale + pad, (high[1] - p[1]) * scale + pad
        return f"{x:.1f} {y:.1f}"

    width, height = span * scale + 2 * pad
    broad = max(18.0, min(70.0, scale))
    parts = _areas(poses, truth, visit, labels, at, broad, width)
    parts.append(_path(poses, sequence, at))
    for code, name in enumerate((*map(str, Outcome), "unscored")):
        wanted = -1 if name == "unscored" else code
        dots = "".join(f"M{at(p)}h.01" for k, p in poses.items() if outcome[k] == wanted)
        if dots:
            parts.append(f'<path class="spot s-{name}" d="{dots}"/>')
    meters = next(m for m in (50, 20, 10, 5, 2, 1, 0.5, 0.2) if m * scale < width / 3 or m == 0.2)
    y = height + 14
    parts.append(
        f'<path class="ruler" d="M{pad} {y - 4}v8m0-4h{meters * scale:.1f}m0-4v8"/><text class='
        f'"tick" x="{pad + meters * scale + 8:.1f}" y="{y + 5:.1f}">{meters:g} m</text>'
        f'<g id="here" hidden><circle class="halo" r="13"/><circle class="core" r="5"/></g>'
    )
    facts = f'data-x="{low[0]:.4f}" data-y="{high[1]:.4f}" data-s="{scale:.4f}" data-p="{pad}"'
    return element("".join(parts), width, height + 30, "The path on the map", "map", facts)


def _areas(
    poses: Mapping[int, tuple[float, float]],
    truth: Sequence[int],
    visit: Sequence[int],
    labels: Sequence[str],
    at: Any,
    width: float,
    right: float,
) -> list[str]:
    """Return a broad path for each room, which the page colours, and the room's name on it.

    ``width`` is that of a path; no name reaches over ``right``.
    """
    parts, names = [], []
    for code in sorted({truth[k] for k in poses} - {-1} if truth else ()):
        own = [k for k in poses if truth[k] == code]
        d = "".join(
            f"{'L' if i and visit[own[i - 1]] == visit[k] else 'M'}{at(poses[k])}"
            for i, k in enumerate(own)
        )
        middle = np.median([poses[k] for k in own], axis=0)
        nearest = min(own, key=lambda k: float(np.hypot(*(np.array(poses[k]) - middle))))
        x, y = map(float, at(poses[nearest]).split())
        half = LETTER * len(labels[code]) / 2
        x = max(half, min(x, right - half))
        parts.append(
            f'<path class="area" data-room="{code}" stroke-width="{width:.0f}" d="{d}h.01"/>'
        )
        names.append(
            f'<text class="place-name" x="{x:.1f}" y="{y:.1f}">{escape(labels[code])}</text>'
        )
    return [*parts, f'<g class="place-names">{"".join(names)}</g>']


def _path(poses: Mapping[int, tuple[float, float]], sequence: Sequence[int], at: Any) -> str:
    d, last = [], None
    for k, p in poses.items():
        follows = last is not None and last == (k - 1, sequence[k])
        d.append(f"{'L' if follows else 'M'}{at(p)}")
        last = (k, sequence[k])
    return f'<path class="trail" d="{"".join(d)}"/>'
