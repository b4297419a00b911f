"""Figures for papers, by matplotlib: vector formats, labelled units, colours for every eye.

Colours are those of Okabe and Ito (2008) and of Tol's muted scheme (2021); where a colour means an
outcome, height or marker says it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.report.columns import OUTCOMES, RunColumns
from robotvision.report.html.images import collect
from robotvision.report.measures import points_by_deadline
from robotvision.report.tables import run_tables
from robotvision.writing import new_path

FORMATS = (".pdf", ".svg", ".png", ".eps")
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
OUTCOME_COLORS = {
    "correct": "#009E73", "wrong": "#D55E00", "unanswered": "#999999", "late": "#CC79A7",
    "skipped": "#E69F00", "failed": "#000000",
}  # fmt: skip
HEIGHTS = {"correct": 0.25, "wrong": 1, "unanswered": 0.6, "late": 0.8, "skipped": 0.6, "failed": 1}
MARKERS = {
    "correct": "o", "wrong": "X", "unanswered": "s", "late": "D", "skipped": "v", "failed": "P"
}  # fmt: skip
ROOM_COLORS = ("#332288", "#DDCC77", "#117733", "#CC6677", "#88CCEE", "#882255", "#44AA99",
               "#999933", "#AA4499", "#BBBBBB")  # fmt: skip
STYLE: Any = {
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 7,
    "xtick.labelsize": 7, "ytick.labelsize": 7, "axes.spines.top": False,
    "axes.spines.right": False, "pdf.fonttype": 42, "svg.fonttype": "none", "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
}  # fmt: skip


def draw(kind: str, runs: Sequence[RunColumns], out: Path) -> None:
    """Draw a figure of one or several runs into a file.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    runs : sequence of RunColumns
        ``confusion``, ``timeline`` and ``map`` take one.
    out : Path
        Its ending says the format.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    RobotVisionError
        An unknown format, too many runs, or the run lacks what the figure shows.
    """
    if out.suffix.lower() not in FORMATS:
        raise RobotVisionError(
            f"{out}: expected a file ending in {', '.join(FORMATS)}, got {out.suffix!r}"
        )
    function, is_single = KINDS[kind]
    if is_single and len(runs) != 1:
        raise RobotVisionError(f"a figure of kind {kind!r} shows one run, got {len(runs)}")
    try:
        import matplotlib
    except ImportError as e:
        raise MissingExtraError("figures need matplotlib: pip install 'robotvision[report]'") from e
    matplotlib.use("agg")
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        figure = function(pyplot, runs)
        try:
            with new_path(out) as part:
                figure.savefig(part, dpi=300)
        finally:
            pyplot.close(figure)


def _confusion(pyplot: Any, runs: Sequence[RunColumns]) -> Any:
    tables = [t for t in run_tables(runs) if t.kind == "confusion"]
    if not tables:
        raise RobotVisionError(f"{runs[0].folder}: no frame has a known truth: no confusion")
    n = max(len(t.rows) for t in tables)
    size = 1.2 + 0.36 * n
    figure, axes = pyplot.subplots(
        1, len(tables), figsize=((size + 0.5) * len(tables), size), squeeze=False
    )
    for axis, table in zip(axes[0], tables, strict=True):
        counts = np.array([row[1:] for row in table.rows], float)
        share = counts / np.maximum(1, counts.sum(1, keepdims=True))
        image = axis.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        for (i, j), count in np.ndenumerate(counts):
            if count:
                axis.text(
                    j,
                    i,
                    f"{count:g}",
                    ha="center",
                    va="center",
                    fontsize=6,
                    color="white" if share[i, j] > 0.5 else "black",
                )
        axis.set_xticks(
            range(len(table.columns) - 1),
            [c.name for c in table.columns[1:]],
            rotation=60,
            ha="right",
            rotation_mode="anchor",
        )
        axis.set_yticks(range(len(table.rows)), [str(row[0]) for row in table.rows])
        axis.set(
            xlabel="answered", ylabel="true room", title=table.test_set if len(tables) > 1 else ""
        )
        axis.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes[0][-1], label="share of the true room", shrink=0.8)
    return figure


def _latency(pyplot: Any, runs: Sequence[RunColumns]) -> Any:
    figure, axis = pyplot.subplots(figsize=(3.4, 2.4))
    n_known = 0
    for k, run in enumerate(runs):
        known = run.latency_ns[~np.isnan(run.latency_ns)]
        ms = np.sort(known[known > 0]) / 1e6
        if ms.size:
            n_known += 1
            share = np.arange(1, len(ms) + 1) / len(ms)
            axis.step(ms, share, where="post", color=COLORS[k % len(COLORS)], label=run.name)
    if not n_known:
        raise RobotVisionError(f"{runs[0].folder}: no frame of the run has a latency")
    deadline = runs[0].record.about["policy"].get("deadline_ms")
    if isinstance(deadline, (int, float)) and deadline > 0:
        axis.axvline(deadline, color="black", linestyle="--", linewidth=0.8, label="deadline")
    axis.set(xscale="log", ylim=(0, 1.02), xlabel="latency (ms)", ylabel="share of frames")
    _plain_ticks(axis)
    axis.grid(alpha=0.3, linewidth=0.5)
    axis.legend(frameon=False)
    return figure


def _plain_ticks(axis: Any) -> None:
    """Mark a logarithmic axis by plain numbers: 1, 2, 5, 10."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def _curve(pyplot: Any, runs: Sequence[RunColumns]) -> Any:
    figure, axis = pyplot.subplots(figsize=(3.4, 2.4))
    for k, run in enumerate(runs):
        curve = points_by_deadline(run)
        axis.plot(
            curve.deadline_ms,
            curve.points,
            color=COLORS[k % len(COLORS)],
            marker=".",
            markersize=4,
            label=run.name,
        )
        if k == 0 and curve.frame_ms and curve.deadline_ms[0] < curve.frame_ms:
            axis.axvline(
                curve.frame_ms, color="black", linestyle="--", linewidth=0.8, label="next frame"
            )
    axis.set(xscale="log", xlabel="deadline (ms)", ylabel="points")
    _plain_ticks(axis)
    axis.grid(alpha=0.3, linewidth=0.5)
    axis.legend(frameon=False)
    return figure


def _timeline(pyplot: Any, runs: Sequence[RunColumns]) -> Any:
    run = runs[0]
    if not len(run):
        raise RobotVisionError(f"{run.folder}: the log holds no frame")
    figure, axes = pyplot.subplots(
        4, 1, figsize=(7, 3.1), sharex=True, height_ratios=[1, 1, 0.7, 1.6]
    )
    for axis, codes, name in ((axes[0], run.truth, "truth"), (axes[1], run.answer, "answer")):
        for code in np.unique(codes[codes >= 0]):
            axis.fill_between(
                *_steps(codes == code),
                color=ROOM_COLORS[code % len(ROOM_COLORS)],
                linewidth=0,
                label=run.labels[code],
            )
        axis.set(ylim=(0, 1), yticks=[])
        axis.set_ylabel(name, rotation=0, ha="right", va="center")
    for code, outcome in enumerate(OUTCOMES):
        at = run.outcome == code
        if at.any():
            x, y = _steps(at)
            axes[2].fill_between(
                x, y * HEIGHTS[outcome], color=OUTCOME_COLORS[outcome], linewidth=0, label=outcome
            )
    axes[2].set(ylim=(0, 1), yticks=[])
    axes[2].set_ylabel("outcome", rotation=0, ha="right", va="center")
    axes[3].plot(np.arange(len(run)) + 0.5, np.cumsum(run.points), color=COLORS[0])
    axes[3].set(xlabel="frame", ylabel="points", xlim=(0, len(run)))
    for axis in axes[:3]:
        axis.spines[:].set_visible(False)
        axis.tick_params(bottom=False)
    handles, labels = axes[0].get_legend_handles_labels()
    more, names = axes[2].get_legend_handles_labels()
    figure.legend(handles + more, labels + names, loc="outside right upper", frameon=False)
    return figure


def _steps(at: Any) -> tuple[Any, Any]:
    """Return x and y of a step that is 1 over the frames ``at``."""
    edges = np.arange(len(at) + 1)
    return np.repeat(edges, 2)[1:-1], np.repeat(at.astype(float), 2)


def _map(pyplot: Any, runs: Sequence[RunColumns]) -> Any:
    run = runs[0]
    poses = collect(run, budget=0).poses
    if not poses:
        raise RobotVisionError(
            f"{run.folder}: no map: the sequences have no poses, or are not where the run read them"
        )
    places = np.array(list(poses))
    xy = np.array(list(poses.values()))
    (x, y), (wide, high) = (xy.max(0) + xy.min(0)) / 2, _map_extent(xy)
    is_tall = high > 1.6 * wide
    size = (3.6 * wide / high + 2.05, 4.2) if is_tall else (3.4, 2.8 * high / wide + 1.1)
    figure, axis = pyplot.subplots(figsize=size)
    axis.plot(*xy.T, color="#cccccc", linewidth=0.8, zorder=1)
    for code, outcome in enumerate(OUTCOMES):
        at = run.outcome[places] == code
        if at.any():
            axis.scatter(
                *xy[at].T,
                s=6 if outcome == "correct" else 18,
                zorder=2 + (code > 0),
                color=OUTCOME_COLORS[outcome],
                marker=MARKERS[outcome],
                linewidths=0,
                label=f"{outcome} ({int(at.sum())})",
            )
    axis.set(
        xlabel="x (m)",
        ylabel="y (m)",
        aspect="equal",
        xlim=(x - wide / 2, x + wide / 2),
        ylim=(y - high / 2, y + high / 2),
    )
    figure.legend(
        loc="outside right upper" if is_tall else "outside upper center",
        ncols=1 if is_tall else 3,
        frameon=False,
        columnspacing=1,
        handletextpad=0.3,
    )
    return figure


def _map_extent(xy: Any) -> tuple[float, float]:
    """Return width and height of the map in metres: a margin, and neither side a mere line."""
    spans = np.ptp(xy, axis=0)
    wide, high = 1.06 * np.maximum(spans, max(0.15 * float(spans.max()), 0.1))
    return float(wide), float(high)


KINDS: dict[str, tuple[Callable[[Any, Sequence[RunColumns]], Any], bool]] = {
    "confusion": (_confusion, True),
    "latency": (_latency, False),
    "curve": (_curve, False),
    "timeline": (_timeline, True),
    "map": (_map, True),
}
"""Name -> function, and whether it shows one run only."""
