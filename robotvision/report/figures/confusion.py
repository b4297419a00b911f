"""The confusion of rooms: shade is the share of the true room, colour right, wrong or silent.

Beside the matrix of a run with one test set, on the width of a page, stands what became of each
room's frames. Counts are written where they fit in a legible size; the colour bar is as high as its
matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.records import Outcome
from robotvision.report.columns import OUTCOMES, RunColumns
from robotvision.report.figures.sheet import (
    LEAST,
    MARGIN,
    SMALL,
    TEXT,
    LegendEntry,
    Sheet,
    colors,
    legend_height,
    mixed,
    shortened,
    text_width,
)
from robotvision.report.table import number
from robotvision.report.tables import confusion_table, score_of

LARGEST_CELL = 0.3
TITLE, AXIS_NAME, PAD, BETWEEN = 0.17, 0.13, 0.05, 0.15
"""Inches: a test set's name, the name of an axis, beside a label, between two matrices."""
RAMP, BAR_TEXT = 0.1, 0.3
"""Inches: one ramp of the colour bar, and its numbers."""
STRIP, STRIP_TEXT = 1.0, 0.45
SLANT = 50
DEEPEST = 0.58
"""Of the colour of a cell that holds all frames of its room, as on the pages."""
KINDS = (Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED)
"""What cells are coloured by."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """Size in points and slant in degrees of a matrix's labels, and the side of its cells."""

    size: float
    slant: int
    cell: float


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """The counts of a test set: (rooms, answers and none), with their labels."""

    test_set: str
    rooms: list[str]
    answers: list[str]
    counts: NDArray[np.int64]
    lines: list[Mapping[str, Any]]

    def left(self, size: float) -> float:
        """Return the inches that the labels of the rows take."""
        return AXIS_NAME + PAD + max(text_width(name, size) for name in self.rooms)

    def above(self, size: float, slant: int) -> float:
        """Return the inches that the labels of the columns rise."""
        longest = max(text_width(name, size) for name in self.answers)
        return float(sin(radians(slant)) * longest + size / 72 + 0.02)

    def beyond(self, size: float, slant: int, cell: float) -> float:
        """Return the inches that the labels of the columns lean over the matrix's right edge."""
        n, lean = len(self.answers), cos(radians(slant))
        ends = (
            (k + 0.5 - n) * cell + lean * text_width(name, size) + size / 144
            for k, name in enumerate(self.answers)
        )
        return float(max(0.0, *ends))


def draw_confusion(runs: Sequence[RunColumns], width: float) -> Any:
    """Return the figure: a matrix for each test set. Raises RobotVisionError without a truth."""
    run = runs[0]
    panels = [_confusion(name, run) for name, t in run.tallies.items() if t.scored_frames]
    if not panels:
        raise RobotVisionError(f"{run.folder}: no frame has a known truth: no confusion")
    has_strip = len(panels) == 1 and width > 5
    per_row = 2 if len(panels) > 1 and width > 5 else 1
    own = (width - (per_row - 1) * BETWEEN) / per_row
    letters = [_lettering(p, own, _right(has_strip)) for p in panels]
    heights = [
        (TITLE if len(panels) > 1 else 0)
        + AXIS_NAME
        + p.above(s.size, s.slant)
        + s.cell * len(p.rooms)
        for p, s in zip(panels, letters, strict=True)
    ]
    rows = [max(heights[k : k + per_row]) for k in range(0, len(panels), per_row)]
    entries = _entries(panels, has_strip)
    feet = legend_height(width, entries)
    total = sum(rows) + (len(rows) - 1) * BETWEEN + PAD + 0.06 + feet + MARGIN
    sheet = Sheet(width, total)
    for k, (panel, letter) in enumerate(zip(panels, letters, strict=True)):
        x = (k % per_row) * (own + BETWEEN)
        y = sum(rows[: k // per_row]) + (k // per_row) * BETWEEN
        if len(panels) > 1:
            sheet.text(x + MARGIN, y + TITLE / 2, panel.test_set, TEXT, va="center_baseline")
            y += TITLE
        _panel(sheet, panel, letter, (x, y, own), has_strip)
    sheet.legend(entries)
    return sheet.figure


def _confusion(name: str, run: RunColumns) -> Confusion:
    score = score_of(name, run.tallies[name])
    table = confusion_table(score)
    rooms = [str(row[0]) for row in table.rows]
    shown = [shortened(room) for room in rooms]
    counts = np.array([row[1:] for row in table.rows], np.int64)
    lines = [score["rooms"][room] for room in rooms]
    return Confusion(shortened(name), shown, [*shown, "no answer"], counts, lines)


def _right(has_strip: bool) -> float:
    """Return the inches at the right of a matrix: its colour bar, and strips."""
    return 2 * PAD + 3 * RAMP + BAR_TEXT + (STRIP + STRIP_TEXT + 2 * PAD) * has_strip


def _lettering(panel: Confusion, width: float, right: float) -> Lettering:
    """Return the largest labels whose rows stand apart.

    Raises
    ------
    RobotVisionError
        Even the least size that is printed does not fit.
    """
    n = len(panel.answers)
    for size in np.arange(TEXT, LEAST - 0.1, -0.5).tolist():
        for slant in (SLANT, 90):
            room, cell = width - 2 * MARGIN - panel.left(size), LARGEST_CELL
            for _ in range(4):  # labels lean farther out over smaller cells
                beyond = panel.beyond(size, slant, cell)
                cell = min(LARGEST_CELL, (room - max(right, beyond)) / n)
                if cell <= 0:
                    break
            if cell * sin(radians(slant)) * 72 >= 1.12 * size:
                return Lettering(size, slant, cell)
    raise RobotVisionError(
        f"a confusion of {len(panel.rooms)} rooms is not legible on {width:.3g} inches; "
        "try --width page, or robotvision report --tables latex"
    )


def _panel(
    sheet: Sheet,
    panel: Confusion,
    letters: Lettering,
    place: tuple[float, float, float],
    has_strip: bool,
) -> None:
    x, y, width = place
    cell, size = letters.cell, letters.size
    side, high = cell * len(panel.answers), cell * len(panel.rooms)
    beside = max(_right(has_strip), panel.beyond(size, letters.slant, cell))
    left = x + panel.left(size)
    left += max(0.0, width - panel.left(size) - side - beside) / 2
    top = y + AXIS_NAME + panel.above(size, letters.slant)
    _cells(sheet, panel, letters, (left, top))
    sheet.text(left + side / 2, y + AXIS_NAME / 2, "answered", ha="center", va="center_baseline")
    sheet.text(
        left - panel.left(size) + AXIS_NAME / 2,
        top + high / 2,
        "true room",
        rotation=90,
        ha="center",
        va="center",
    )
    bar = left + side + 2 * PAD
    _bar(sheet, bar, top, high)
    if has_strip:
        _strips(sheet, panel, letters, (bar + 3 * RAMP + BAR_TEXT + 2 * PAD, top))


def _cells(sheet: Sheet, panel: Confusion, letters: Lettering, place: tuple[float, float]) -> None:
    """Draw the matrix, its counts and its labels."""
    from matplotlib.patches import Rectangle

    (left, top), (cell, size) = place, (letters.cell, letters.size)
    ink, n = colors()["ink"], len(panel.answers)
    axes = sheet.bare_axes(left, top, cell * n, cell * len(panel.rooms))
    share = panel.counts / np.maximum(1, panel.counts.sum(1, keepdims=True))
    digits = max(text_width(f"{panel.counts.max()}", 1), text_width("00", 1))
    fits = min(TEXT, 0.9 * cell / digits)
    for (i, j), count in np.ndenumerate(panel.counts):
        color = mixed(colors()[_kind(panel, i, j)], 0.06 + DEEPEST * share[i, j])
        ground = color if count else colors()["soft"]
        gap = 0.04 * cell
        box = (j * cell + gap / 2, i * cell + gap / 2)
        axes.add_patch(Rectangle(box, cell - gap, cell - gap, facecolor=ground, linewidth=0))
        if count and fits >= LEAST:
            at = ((j + 0.5) * cell, (i + 0.5) * cell)
            axes.text(*at, f"{count}", fontsize=fits, color=ink, ha="center", va="center_baseline")
    for i, name in enumerate(panel.rooms):
        at = (left - PAD, top + (i + 0.5) * cell)
        sheet.text(*at, name, size, ha="right", va="center_baseline")
    for j, name in enumerate(panel.answers):
        at = (left + (j + 0.5) * cell, top - 0.03)
        turned: dict[str, Any] = {"rotation": letters.slant, "rotation_mode": "anchor"}
        sheet.text(*at, name, size, ha="left", va="center", **turned)


def _kind(panel: Confusion, row: int, column: int) -> str:
    if column == len(panel.rooms):
        return Outcome.UNANSWERED
    return Outcome.CORRECT if row == column else Outcome.WRONG


def _bar(sheet: Sheet, left: float, top: float, high: float) -> None:
    """Draw the colour bar: a ramp for each kind of answer, as high as the matrix."""
    axes = sheet.axes(left, top, 3 * RAMP, high)
    shares = np.linspace(0, 1, 64)
    ramps = [[mixed(colors()[kind], 0.06 + DEEPEST * s) for kind in KINDS] for s in shares]
    axes.imshow(np.array(ramps), extent=(0, 3, 0, 1), origin="lower", aspect="auto")
    axes.spines[:].set_visible(False)
    axes.yaxis.tick_right()
    ticks = (0.0, 0.5, 1.0) if high > 0.4 else (0.0, 1.0)
    axes.set(xticks=[], yticks=ticks, yticklabels=[f"{t:.0%}" for t in ticks])
    axes.tick_params(labelsize=SMALL - 0.5, length=2)
    places = ["bottom", *["center"] * (len(ticks) - 2), "top"]  # inside the bar's height
    for label, va in zip(axes.get_yticklabels(), places, strict=True):
        label.set_va(va)


def _strips(sheet: Sheet, panel: Confusion, letters: Lettering, place: tuple[float, float]) -> None:
    """Draw what became of each room's frames, and its points, beside its row."""
    (left, top), cell = place, letters.cell
    end = left + STRIP + STRIP_TEXT
    for k, line in enumerate(panel.lines):
        y = top + (k + 0.5) * cell
        axes = sheet.bare_axes(left, y - 0.28 * cell, STRIP, 0.56 * cell)
        x = 0.0
        for outcome in OUTCOMES:
            share = STRIP * line[outcome] / max(1, line["frames"])
            axes.barh(0.28 * cell, share, 0.56 * cell, x, color=colors()[outcome], linewidth=0)
            x += share
        points = number(line["points"])
        sheet.text(end, y, points, letters.size, ha="right", va="center_baseline")
    for x, word, ha in ((left, "outcomes", "left"), (end, "points", "right")):
        sheet.text(x, top - 0.03, word, letters.size, ha=ha, va="bottom")


def _entries(panels: Sequence[Confusion], has_strip: bool) -> list[LegendEntry]:
    """Return the legend: what cells are coloured by, with strips every outcome that occurs."""
    used = {o for panel in panels for line in panel.lines for o in OUTCOMES if line[o]}
    shown = (o for o in OUTCOMES if o in KINDS or (has_strip and o in used))
    return [LegendEntry(outcome, colors()[outcome]) for outcome in shown]
