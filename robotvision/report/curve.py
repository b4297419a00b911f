"""Curves of points as a table and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from robotvision.report.console import Style, titled
from robotvision.report.figures.curves import FOOT as PLOT_FOOT
from robotvision.report.figures.curves import LEFT as PLOT_LEFT
from robotvision.report.figures.curves import RIGHT as PLOT_RIGHT
from robotvision.report.figures.curves import run_entry
from robotvision.report.figures.sheet import (
    MARGIN,
    WIDTHS,
    Sheet,
    colors,
    legend_height,
    require_format,
    run_style,
    save,
    shortened,
    styled,
)
from robotvision.report.table import Table, columns
from robotvision.runs.curve import (
    OWN_SPEEDS,
    Axis,
    Curve,
    Curves,
    Swap,
    named,
    own_deadlines_ms,
)
from robotvision.runs.curve import (
    curves as curves_of,
)
from robotvision.runs.log import read_log
from robotvision.runs.rescore import Recorded
from robotvision.scoring.policy import Policy
from robotvision.timing.compare import comparability

TITLES: dict[Axis, str] = {
    "deadline_ms": "deadline in ms",
    "machine_speed": "speed of the machine",
}
ROWS = 26
"""A longer curve is thinned out in the terminal; JSON and figure have every value."""
PANEL, TITLE = 2.1, 0.2
"""Inches: the height of a panel of the figure, and of its title."""


def compute_curves(
    paths: Sequence[Path],
    policies: Sequence[Policy],
    deadlines_ms: Sequence[float] | None = None,
    speeds: Sequence[float] = OWN_SPEEDS,
    rate_hz: float | None = None,
) -> tuple[Curves, list[str]]:
    """Compute the points of recorded runs along deadline and machine speed.

    Parameters
    ----------
    paths : sequence of Path
        Run folders or logs, of the same task and frames.
    policies : sequence of Policy
    deadlines_ms : sequence of float, optional
        Else 26 from 0 to where nearly every answer is in.
    speeds : sequence of float
    rate_hz : float, optional
        Impose a frame rate.

    Returns
    -------
    curves, warnings
        The curves with their swaps, and what makes comparing the runs unfair.

    Raises
    ------
    RobotVisionError
        A run cannot be read or rescored.
    """
    records = named([read_log(path) for path in paths])
    warnings = [n["message"] for r in records.values() for n in r.notices()] + comparability(
        records
    )
    recorded = {name: Recorded(record) for name, record in records.items()}
    if deadlines_ms is None:
        deadlines_ms = own_deadlines_ms(list(recorded.values()), rate_hz)
    return curves_of(recorded, policies, deadlines_ms, speeds, rate_hz), warnings


def panels(comparison: Curves) -> list[tuple[str, Axis, list[Curve]]]:
    """Return the curves that belong in one panel: one policy, one axis, all runs."""
    keys = dict.fromkeys((c.policy, c.axis) for c in comparison.curves)
    return [
        (policy, axis, [c for c in comparison.curves if (c.policy, c.axis) == (policy, axis)])
        for policy, axis in keys
    ]


def swaps_of(comparison: Curves, policy: str, axis: Axis) -> list[Swap]:
    """Return where runs swap ranks in one panel."""
    return [s for s in comparison.swaps if (s.policy, s.axis) == (policy, axis)]


def print_curves(console: Console, comparison: Curves, warnings: Sequence[str]) -> None:
    """Print a table a panel, the swaps beneath it, and what must be known beside them."""
    offline = ", ".join(f"{name} {p:g}" for name, p in comparison.offline.items())
    console.print(f"at most {comparison.max_points:g} points; offline: {offline}", highlight=False)
    for policy, axis, curves in panels(comparison):
        table = curves_table(axis, curves)
        console.print()
        console.print(titled(table, _best_style(table)))
        swaps = swaps_of(comparison, policy, axis)
        for swap in swaps:
            console.print(swap_text(swap), style="magenta", highlight=False, soft_wrap=True)
        if len(curves) > 1 and not swaps:
            console.print("no two runs swap ranks", style="dim")
    for line in warnings:
        console.print(f"note: {line}", style="yellow", highlight=False, soft_wrap=True)


def swap_text(swap: Swap) -> str:
    """Return a swap in words."""
    unit = " ms" if swap.axis == "deadline_ms" else " times"
    return f"between {swap.low:.4g} and {swap.high:.4g}{unit}: {swap.behind} overtakes {swap.ahead}"


def curves_table(axis: Axis, curves: Sequence[Curve]) -> Table:
    """Return points by the axis, a column a run; a longer curve is thinned out."""
    n = len(curves[0].values)
    shown = sorted({round(i * (n - 1) / (ROWS - 1)) for i in range(ROWS)}) if n > ROWS else range(n)
    return Table(
        f"points under {curves[0].policy} by {TITLES[axis]}",
        columns(TITLES[axis], *(c.run for c in curves), n_text=0),
        [[f"{curves[0].values[k]:.4g}", *(float(c.points[k]) for c in curves)] for k in shown],
        "curve",
    )


def _best_style(table: Table) -> Style | None:
    """Return the style of a table of several curves: the most points of a row in bold."""
    if len(table.columns) < 3:
        return None
    best = [max(v for v in row if isinstance(v, float)) for row in table.rows]
    return lambda i, j: "bold" if j and table.rows[i][j] == best[i] else ""


def draw(comparison: Curves, path: Path) -> None:
    """Draw the curves as a figure, a panel for each policy and axis, as wide as a page.

    Raises
    ------
    RobotVisionError
        The file's ending is none of a figure's, or it cannot be written.
    MissingExtraError
        matplotlib is not installed.
    """
    require_format(path)
    with styled():
        figure = _figure(comparison, WIDTHS["page"])
        save(figure, path, f"curves: {', '.join(comparison.offline)}")


def _figure(comparison: Curves, width: float) -> Any:
    shown = panels(comparison)
    axes_shown = list(dict.fromkeys(axis for _, axis, _ in shown))
    policies = list(dict.fromkeys(policy for policy, _, _ in shown))
    places = {name: k for k, name in enumerate(comparison.offline)}
    entries = [run_entry(k, name) for name, k in places.items()]
    feet = legend_height(width, entries)
    sheet = Sheet(width, len(policies) * PANEL + MARGIN + feet + MARGIN)
    wide = width / len(axes_shown)
    for policy, axis, curves in shown:
        left, top = wide * axes_shown.index(axis), PANEL * policies.index(policy)
        sheet.text(left + MARGIN, top + TITLE / 2, shortened(policy, 60), va="center_baseline")
        size = (wide - PLOT_LEFT - PLOT_RIGHT, PANEL - TITLE - PLOT_FOOT)
        axes = sheet.axes(left + PLOT_LEFT, top + TITLE, *size)
        swaps = swaps_of(comparison, policy, axis)
        _panel(axes, axis, [(places[c.run], c) for c in curves], comparison, swaps)
    sheet.legend(entries)
    return sheet.figure


def _panel(
    axes: Any,
    axis: Axis,
    curves: Sequence[tuple[int, Curve]],
    comparison: Curves,
    swaps: Sequence[Swap],
) -> None:
    for k, curve in curves:
        style = run_style(k)
        axes.plot(curve.values, curve.points, **style)
        offline = {**style, "linestyle": (0, (1, 3)), "linewidth": 0.8}
        axes.axhline(comparison.offline[curve.run], **offline)
    for swap in swaps:
        axes.axvspan(swap.low, swap.high, color=colors()["unscored"], linewidth=0)
        axes.axvline((swap.low + swap.high) / 2, color=colors()["unscored"], linewidth=0.8)
    if axis == "machine_speed":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}×")
        axes.axvline(1.0, color=colors()["ink"], linewidth=0.6)
    axes.set(xlabel=TITLES[axis], ylabel=f"points (of {comparison.max_points:g})")
    axes.grid(color=colors()["grid"])
