"""A run along its frames: true and answered rooms, outcomes, confidence, points so far.

Rooms have the pages' colours, their names in the bands where they fit, all of them in the legend
below. Where a colour means an outcome, its height says it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Ints
from robotvision.errors import RobotVisionError
from robotvision.report.columns import OUTCOMES, RunColumns
from robotvision.report.figures.sheet import (
    MARGIN,
    SMALL,
    LegendEntry,
    Sheet,
    colors,
    legend_height,
    mixed,
    room_color,
    run_style,
    shortened,
    text_width,
)

LEFT, RIGHT, FOOT = 0.7, 0.1, 0.36
"""Inches beside and below the rows."""
BAND, STRIP, CURVE, POINTS, GAP = 0.17, 0.2, 0.3, 0.5, 0.06
"""Inches: heights of the rows, and between two."""
HEIGHTS = {
    "correct": 0.3, "wrong": 1, "unanswered": 0.6, "late": 0.8, "skipped": 0.6, "failed": 1
}  # fmt: skip
"""Of an outcome's bar, as a share of its row, as on the pages."""
MOST_CUTS = 100
"""More jumps than this would hide what they cut."""


def draw_timeline(runs: Sequence[RunColumns], width: float) -> Any:
    """Return the figure. Raises RobotVisionError where the log holds no frame."""
    run = runs[0]
    if not len(run):
        raise RobotVisionError(f"{run.folder}: the log holds no frame")
    has_confidence = not np.isnan(run.confidence).all()
    heights = [BAND, BAND, STRIP, *[CURVE] * has_confidence, POINTS]
    groups = _entries(run)
    feet = legend_height(width, *groups)
    body = sum(heights) + GAP * (len(heights) - 1)
    sheet = Sheet(width, MARGIN + body + FOOT + feet + MARGIN)
    tops = [MARGIN + sum(heights[:k]) + GAP * k for k in range(len(heights))]
    places = [(LEFT, top, width - LEFT - RIGHT, h) for top, h in zip(tops, heights, strict=True)]
    _band(sheet, places[0], "truth", run, run.truth)
    _band(sheet, places[1], "answer", run, run.answer)
    _outcomes(sheet, places[2], run)
    if has_confidence:
        _confidence(sheet, places[3], run)
    _points(sheet, places[-1], run)
    sheet.legend(*groups)
    return sheet.figure


def spans(codes: Ints, cuts: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield (first, end, code) of the stretches of one code, parted where ``cuts`` begin."""
    changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    edges = np.unique(np.concatenate([[0], changes, cuts, [len(codes)]])).tolist()
    for first, end in pairwise(edges):
        yield first, end, int(codes[first])


def _cuts(run: RunColumns) -> Ints:
    """Return where a segment or a sequence begins, the first apart."""
    jumps = (np.diff(run.segment) != 0) | (np.diff(run.sequence) != 0)
    return np.asarray(np.flatnonzero(jumps) + 1)


def _row(sheet: Sheet, place: Any, name: str, run: RunColumns) -> Any:
    """Return the axes of a row with its name at the left, and lines where the robot jumps."""
    axes = sheet.axes(*place)
    axes.set(xlim=(0, len(run)), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    _, top, _, high = place
    sheet.text(MARGIN, top + high / 2, name, va="center_baseline")
    cuts = _cuts(run)
    if len(cuts) <= MOST_CUTS:
        for k in cuts.tolist():
            axes.axvline(k, color=colors()["ink"], linewidth=0.5, zorder=3)
    return axes


def _band(sheet: Sheet, place: Any, name: str, run: RunColumns, codes: Ints) -> None:
    axes = _row(sheet, place, name, run)
    axes.set_facecolor(colors()["soft"])
    inch = place[2] / len(run)
    for first, end, code in spans(codes, _cuts(run)):
        if code < 0:
            continue
        axes.broken_barh([(first, end - first)], (0, 1), color=room_color(run.task, code), lw=0)
        label, size = shortened(run.labels[code]), SMALL - 1
        if text_width(label, size) + 0.04 <= (end - first) * inch:
            middle = ((first + end) / 2, 0.5)
            axes.text(
                *middle, label, fontsize=size, color="white", ha="center", va="center_baseline"
            )


def _outcomes(sheet: Sheet, place: Any, run: RunColumns) -> None:
    axes = _row(sheet, place, "outcome", run)
    for first, end, code in spans(run.outcome, _cuts(run)):
        if code >= 0:
            name = OUTCOMES[code]
            bar = (0, HEIGHTS[name])
            axes.broken_barh([(first, end - first)], bar, color=colors()[name], linewidth=0)


def _confidence(sheet: Sheet, place: Any, run: RunColumns) -> None:
    axes = _row(sheet, place, "confidence", run)
    axes.set(facecolor=mixed(colors()["soft"], 0.7), ylim=(-0.05, 1.05))
    _, top, _, high = place
    for y, text in ((top + 0.04, "1"), (top + high - 0.04, "0")):
        sheet.text(LEFT - 0.03, y, text, SMALL - 1, ha="right", va="center")
    _stretches(axes, run, run.confidence)


def _points(sheet: Sheet, place: Any, run: RunColumns) -> None:
    axes = _row(sheet, place, "points", run)
    total = np.cumsum(run.points)
    low, high = min(0.0, float(total.min())), max(1.0, float(total.max()))
    room = 0.04 * (high - low)
    axes.set(facecolor=mixed(colors()["soft"], 0.7), ylim=(low - room, high + room))
    axes.yaxis.set_major_locator(_whole_ticks(3))
    axes.xaxis.set_major_locator(_whole_ticks(8 if place[2] > 4 else 5))
    axes.tick_params(axis="y", length=0, labelsize=SMALL - 1)
    axes.spines["bottom"].set_visible(True)
    axes.set_xlabel("frame")
    _stretches(axes, run, total)


def _whole_ticks(n: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(n, integer=True)


def _stretches(axes: Any, run: RunColumns, values: NDArray[np.float64]) -> None:
    """Draw a line that begins anew where the robot jumps, a dot where it has one frame."""
    style = run_style(0) | {"linewidth": 0.9}
    edges = [0, *_cuts(run).tolist(), len(run)]
    for first, end in pairwise(edges):
        marker = "." if end - first == 1 else ""
        x = np.arange(first, end) + 0.5
        axes.plot(x, values[first:end], marker=marker, markersize=2, **style)


def _entries(run: RunColumns) -> tuple[list[LegendEntry], list[LegendEntry]]:
    """Return the rooms that are true or answered, then the outcomes that occur."""
    codes = np.unique(np.concatenate([run.truth, run.answer]))
    rooms = [
        LegendEntry(shortened(run.labels[code]), room_color(run.task, code))
        for code in codes[codes >= 0].tolist()
    ]
    used = np.unique(run.outcome[run.outcome >= 0]).tolist()
    return rooms, [LegendEntry(OUTCOMES[code], colors()[OUTCOMES[code]]) for code in used]
