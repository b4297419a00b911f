"""Draws a figure of runs into a file: what there is to choose from, and what each shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.report.columns import RunColumns
from robotvision.report.figures.confusion import draw_confusion
from robotvision.report.figures.curves import draw_deadlines, draw_latency
from robotvision.report.figures.floor_map import draw_map
from robotvision.report.figures.sheet import WIDTHS, require_format, save, styled
from robotvision.report.figures.timeline import draw_timeline

Drawing = Callable[[Sequence[RunColumns], float], Any]
"""Runs and a width in inches -> a matplotlib figure of exactly that width."""


@dataclass(frozen=True, slots=True)
class FigureKind:
    """How a figure is drawn, how wide unless asked, and whether it shows one run only."""

    draw: Drawing
    width: str = "column"
    is_single: bool = True


KINDS: dict[str, FigureKind] = {
    "confusion": FigureKind(draw_confusion),
    "latency": FigureKind(draw_latency, is_single=False),
    "curve": FigureKind(draw_deadlines, is_single=False),
    "timeline": FigureKind(draw_timeline, "page"),
    "map": FigureKind(draw_map),
}


def draw(kind: str, runs: Sequence[RunColumns], out: Path, width: str | None = None) -> None:
    """Draw a figure of one or several runs into a file. The same runs give the same bytes.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    runs : sequence of RunColumns
        ``confusion``, ``timeline`` and ``map`` take one.
    out : Path
        Its ending says the format: .pdf, .svg, .eps or .png (600 dots an inch).
    width : str, optional
        ``column`` (3.35 inches) or ``page`` (6.9 inches); else the kind's own.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    RobotVisionError
        An unknown format or width, too many runs, the run lacks what the figure shows, or that does
        not fit the width.
    """
    require_format(out)
    chosen = KINDS[kind]
    name = width or chosen.width
    if name not in WIDTHS:
        raise RobotVisionError(f"width of a figure: expected {' or '.join(WIDTHS)}, got {name!r}")
    if chosen.is_single and len(runs) != 1:
        raise RobotVisionError(f"a figure of kind {kind!r} shows one run, got {len(runs)}")
    with styled():
        save(chosen.draw(runs, WIDTHS[name]), out, f"{kind}: {', '.join(r.name for r in runs)}")
