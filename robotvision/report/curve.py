"""Curves of points as a table and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.report.console import Style, titled
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
FORMATS = (".svg", ".png", ".pdf")
ROWS = 26
"""A longer curve is thinned out in the terminal; JSON and figure have every value."""
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
DASHES = ("-", "--", "-.", ":")


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


def print_curves(console: Console, comparison: Curves, warnings: Sequence[str]) -> None:
    """Print a table a panel, the swaps beneath it, and what must be known beside them."""
    offline = ", ".join(f"{name} {p:g}" for name, p in comparison.offline.items())
    console.print(f"at most {comparison.max_points:g} points; offline: {offline}", highlight=False)
    for policy, axis, curves in panels(comparison):
        table = curves_table(axis, curves)
        console.print()
        console.print(titled(table, _best_style(table)))
        swaps = [s for s in comparison.swaps if (s.policy, s.axis) == (policy, axis)]
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
    """Draw the curves as a figure, a panel for each policy and axis.

    Raises
    ------
    RobotVisionError
        The file's ending is none of svg, png, pdf, or it cannot be written.
    MissingExtraError
        matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise RobotVisionError(f"{path}: expected a name that ends in {', '.join(FORMATS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError as e:
        raise MissingExtraError(
            f"a figure needs matplotlib ({e}); pip install 'robotvision[report]'"
        ) from e
    shown = panels(comparison)
    axes_shown = list(dict.fromkeys(axis for _, axis, _ in shown))
    policies = list(dict.fromkeys(policy for policy, _, _ in shown))
    figure = Figure(
        figsize=(5.2 * len(axes_shown), 0.6 + 3.1 * len(policies)), layout="constrained"
    )
    grid = figure.subplots(len(policies), len(axes_shown), squeeze=False)
    for row in grid:
        for axes in row:
            axes.set_visible(False)
    for policy, axis, curves in shown:
        axes = grid[policies.index(policy)][axes_shown.index(axis)]
        axes.set_visible(True)
        swaps = [s for s in comparison.swaps if (s.policy, s.axis) == (policy, axis)]
        _panel(axes, policy, axis, curves, comparison, swaps)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(4, len(labels)),
        frameon=False,
        fontsize=9,
    )
    try:
        figure.savefig(path, dpi=150)
    except OSError as e:
        raise RobotVisionError(f"{path}: cannot be written ({e.strerror})") from e


def _panel(
    axes: Any,
    policy: str,
    axis: Axis,
    curves: Sequence[Curve],
    comparison: Curves,
    swaps: Sequence[Swap],
) -> None:
    for k, curve in enumerate(curves):
        color = COLORS[k % len(COLORS)]
        axes.plot(
            curve.values,
            curve.points,
            color=color,
            label=curve.run,
            linewidth=1.6,
            linestyle=DASHES[k // len(COLORS) % len(DASHES)],
        )
        axes.axhline(
            comparison.offline[curve.run], color=color, linewidth=0.8, linestyle=(0, (1, 3))
        )
    for swap in swaps:
        axes.axvspan(swap.low, swap.high, color="#999999", alpha=0.5, linewidth=0.8)
        axes.axvline((swap.low + swap.high) / 2, color="#999999", linewidth=0.8)
    if axis == "machine_speed":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}×")
        axes.axvline(1.0, color="black", linewidth=0.6)
    axes.set_title(policy, fontsize=10, loc="left")
    axes.set_xlabel(TITLES[axis], fontsize=9)
    axes.set_ylabel(f"points (of {comparison.max_points:g})", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
