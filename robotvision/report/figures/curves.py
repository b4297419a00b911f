"""Curves of one or several runs: how many frames took how long, points against the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from robotvision.report.columns import RunColumns, no_latency
from robotvision.report.figures.sheet import (
    MARGIN,
    LegendEntry,
    Sheet,
    colors,
    legend_height,
    run_style,
    shortened,
)
from robotvision.report.measures import points_by_deadline
from robotvision.report.table import number

LEFT, RIGHT, FOOT = 0.46, 0.1, 0.36
"""Inches beside and below the axes."""
MARK = (0, (4, 2))
"""Dashes of an upright line."""
STEPS = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""What each power of ten is marked at on a logarithmic axis, the finest that fits."""
APART = 0.3
"""Inches that the number at a mark takes."""


def draw_latency(runs: Sequence[RunColumns], width: float) -> Any:
    """Return the share of frames answered within a latency, a line a run.

    Raises
    ------
    RobotVisionError
        No frame of any run has a latency.
    """
    lines = []
    for k, run in enumerate(runs):
        known = run.latency_ns[~np.isnan(run.latency_ns)]
        ms = np.sort(known[known > 0]) / 1e6
        if ms.size:
            lines.append((k, ms, np.arange(1, len(ms) + 1) / len(ms)))
    if not lines:
        raise no_latency(runs[0])
    deadline = runs[0].record.about["policy"].get("deadline_ms")
    is_set = isinstance(deadline, (int, float)) and deadline > 0
    marks = [(float(deadline), f"deadline {number(deadline)} ms")] if is_set else []
    entries = [run_entry(k, runs[k].name) for k, _, _ in lines]
    sheet, axes = _plot(width, entries, marks)
    for k, ms, share in lines:
        axes.step([ms[0], *ms], [0, *share], where="post", **run_style(k))
    axes.set(ylim=(0, 1.02), xlabel="latency (ms), logarithmic axis", ylabel="share of frames")
    _finish(axes, width)
    return sheet.figure


def draw_deadlines(runs: Sequence[RunColumns], width: float) -> Any:
    """Return points against the deadline, a line a run.

    Raises
    ------
    RobotVisionError
        See `points_by_deadline`.
    """
    curves = [points_by_deadline(run) for run in runs]
    period = curves[0].frame_ms
    is_shown = period is not None and any(c.deadline_ms[0] < period for c in curves)
    marks = [(float(period), f"next frame {number(period)} ms")] if period and is_shown else []
    sheet, axes = _plot(width, [run_entry(k, run.name) for k, run in enumerate(runs)], marks)
    for k, curve in enumerate(curves):
        style = run_style(k)
        axes.plot(curve.deadline_ms, curve.points, marker=".", markersize=3.5, **style)
    axes.set(xlabel="deadline (ms), logarithmic axis", ylabel="points")
    _finish(axes, width)
    return sheet.figure


def run_entry(place: int, name: str) -> LegendEntry:
    """Return the entry of a run's line in a legend, by its number."""
    style = run_style(place)
    return LegendEntry(shortened(name, 40), style["color"], dashes=style["linestyle"])


def _plot(
    width: float, entries: list[LegendEntry], marks: list[tuple[float, str]]
) -> tuple[Sheet, Any]:
    """Return a sheet with axes on a logarithmic scale, upright marks, and its legend below."""
    ink = colors()["ink"]
    entries = entries + [LegendEntry(text, ink, dashes=MARK) for _, text in marks]
    high = 1.75 if width < 5 else 2.3
    feet = legend_height(width, entries)
    sheet = Sheet(width, 2 * MARGIN + high + FOOT + feet + MARGIN)
    axes = sheet.axes(LEFT, 2 * MARGIN, width - LEFT - RIGHT, high, xscale="log")
    for value, _ in marks:
        axes.axvline(value, color=ink, linestyle=MARK, linewidth=0.8)
    sheet.legend(entries)
    return sheet, axes


def _finish(axes: Any, width: float) -> None:
    """Mark a logarithmic axis by plain numbers, as many as stand apart."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter

    low, high = axes.get_xlim()
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in STEPS:
        ticks = [float(f"{p * s:g}") for p in powers for s in steps if low <= p * s <= high]
        if len(ticks) * APART <= width - LEFT - RIGHT:
            break
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color=colors()["grid"])
