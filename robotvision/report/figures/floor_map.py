"""The robot's path from above, over the rooms: a frame is a dot of its outcome's colour and shape.

A room is the area within half a metre of the frames taken in it, as on the pages. Its name stands
there where all names fit without touching; else the legend below has the rooms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats
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
    shortened,
    text_width,
)
from robotvision.report.html.images import collect

LEFT, RIGHT, FOOT = 0.44, 0.08, 0.36
"""Inches beside and below the map."""
HIGHEST = {"column": 3.6, "page": 4.2}
MARKERS = {
    "correct": "o", "wrong": "X", "unanswered": "s", "late": "D", "skipped": "v", "failed": "P"
}  # fmt: skip
AREA = 0.22
"""How strong a room's colour is, as on the pages."""
BROADEST, NARROWEST = 0.3, 0.08
"""Inches that a metre of a room may take on the map."""
Box = tuple[float, float, float, float]


def draw_map(runs: Sequence[RunColumns], width: float) -> Any:
    """Return the figure. Raises RobotVisionError where the sequences have no poses."""
    run = runs[0]
    poses = collect(run, budget=0).poses
    if not poses:
        raise RobotVisionError(
            f"{run.folder}: no map: the sequences have no poses, or are not where the run read them"
        )
    rows, xy = np.array(list(poses)), np.array(list(poses.values()), np.float64)
    extent = map_extent(xy)
    room = width - LEFT - RIGHT
    highest = HIGHEST["column" if width < 5 else "page"]
    scale = min(room / extent[0], highest / extent[1])
    wide, high = extent[0] * scale, extent[1] * scale
    corner = (xy.max(0) + xy.min(0)) / 2 + np.array([-extent[0], extent[1]]) / 2
    at = (xy - corner) * scale * (1, -1)
    names = place_names(_rooms(run, rows, at), (wide, high))
    groups = _entries(run, rows, has_rooms=names is None)
    feet = legend_height(width, *groups)
    sheet = Sheet(width, 2 * MARGIN + high + FOOT + feet + MARGIN)
    left = LEFT + (room - wide) / 2
    frame = sheet.axes(left, 2 * MARGIN, wide, high, aspect="equal")
    x, y = corner
    frame.set(xlim=(x, x + extent[0]), ylim=(y - extent[1], y), xlabel="x (m)", ylabel="y (m)")
    _few_ticks(frame, wide, high)
    axes = sheet.bare_axes(left, 2 * MARGIN, wide, high)
    _areas(axes, run, rows, at, float(np.clip(scale, NARROWEST, BROADEST)))
    _dots(axes, run, rows, at)
    for name, (x0, y0, x1, y1) in (names or {}).items():
        style = {"ha": "center", "va": "center", "fontsize": SMALL, "color": colors()["ink"]}
        ground = {"facecolor": "white", "linewidth": 0, "pad": 0.6}
        axes.text((x0 + x1) / 2, (y0 + y1) / 2, name, bbox=ground, zorder=9, **style)
    sheet.legend(*groups)
    return sheet.figure


def map_extent(xy: Floats) -> tuple[float, float]:
    """Return width and height of the map in metres: a margin, and neither side a mere line."""
    spans = np.ptp(xy, axis=0)
    least = max(0.15 * float(spans.max()), 0.1)
    wide, high = 1.06 * np.maximum(spans, least) + 0.6
    return float(wide), float(high)


def place_names(rooms: dict[str, Floats], size: tuple[float, float]) -> dict[str, Box] | None:
    """Return a box for each room's name in inches from the map's upper left corner.

    Of the places on or beside a room's frames where a name leaves the map nowhere and touches no
    other name, the one that covers the fewest frames is taken, at equal numbers the most central.
    None: there is no such place for one of the names.
    """
    frames = _spread(np.concatenate([*rooms.values(), np.empty((0, 2))]), 2000)
    boxes: dict[str, Box] = {}
    for name, points in rooms.items():
        half = np.array([text_width(name, SMALL) / 2 + 0.02, SMALL / 144 + 0.015])
        free = [
            box
            for box in _candidates(points, half)
            if min(box[:2]) >= 0 and box[2] <= size[0] and box[3] <= size[1]
            if not any(_touch(box, other) for other in boxes.values())
        ]
        if not free:
            return None
        boxes[name] = min(free, key=lambda box: _covered(box, frames))
    return boxes


def _candidates(points: Floats, half: Floats) -> Iterator[Box]:
    """Yield boxes for a name on, below and above a room's frames, from their middle outwards."""
    points = _spread(points, 60)
    middle = np.median(points, axis=0)
    order = np.argsort(np.hypot(*(points - middle).T), kind="stable")
    for x, y in points[order].tolist():
        for dy in (0.0, 2 * half[1], -2 * half[1]):
            low, high = (x - half[0], y + dy - half[1]), (x + half[0], y + dy + half[1])
            yield (*low, *high)


def _covered(box: Box, frames: Floats) -> int:
    """Return how many frames lie in a box."""
    x, y = frames.T
    return int(np.sum((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])))


def _spread(points: Floats, most: int) -> Floats:
    """Return at most so many points, evenly spread."""
    return points[:: max(1, -(-len(points) // most))]


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _rooms(run: RunColumns, rows: NDArray[np.int64], at: Floats) -> dict[str, Floats]:
    """Return where the frames of each true room lie, the smallest rooms first."""
    truth = run.truth[rows]
    codes, counts = np.unique(truth[truth >= 0], return_counts=True)
    order = codes[np.argsort(counts, kind="stable")].tolist()
    return {shortened(run.labels[code]): at[truth == code] for code in order}


def _stretches(run: RunColumns, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each frame that rises where the path breaks off."""
    breaks = (
        (np.diff(rows) != 1)
        | (np.diff(run.sequence[rows]) != 0)
        | (np.diff(run.segment[rows]) != 0)
    )
    return np.concatenate([[0], np.cumsum(breaks)]).astype(np.int64)


def _areas(axes: Any, run: RunColumns, rows: NDArray[np.int64], at: Floats, broad: float) -> None:
    """Draw the rooms as broad lines along their visits, and the path over them."""
    truth, visit, stretch = run.truth[rows], run.visit[rows], _stretches(run, rows)
    shape: dict[str, Any] = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    for code in np.unique(truth[truth >= 0]).tolist():
        color = mixed(room_color(run.task, code), AREA)
        for v in np.unique(visit[truth == code]).tolist():
            own = at[(truth == code) & (visit == v)]
            axes.plot(*_line(own), color=color, linewidth=72 * broad, zorder=1, **shape)
    for s in np.unique(stretch).tolist():
        line = _line(at[stretch == s])
        axes.plot(*line, color=colors()["unscored"], linewidth=0.8, zorder=2, **shape)


def _line(points: Floats) -> Floats:
    """Return x and y of a line; of a single point a line of no length, which still is drawn."""
    both = np.concatenate([points, points[-1:] + np.array([1e-4, 0])])
    return np.asarray(both.T, np.float64)


def _dots(axes: Any, run: RunColumns, rows: NDArray[np.int64], at: Floats) -> None:
    for code, outcome in enumerate(OUTCOMES):
        chosen = run.outcome[rows] == code
        if chosen.any():
            axes.scatter(
                *at[chosen].T,
                s=7 if outcome == "correct" else 14,
                zorder=3 + (code > 0),
                color=colors()[outcome],
                marker=MARKERS[outcome],
                linewidths=0,
            )


def _entries(
    run: RunColumns, rows: NDArray[np.int64], *, has_rooms: bool
) -> tuple[list[LegendEntry], list[LegendEntry]]:
    """Return the outcomes that occur, and the rooms."""
    counts = np.bincount(run.outcome[rows][run.outcome[rows] >= 0], minlength=len(OUTCOMES))
    outcomes = [
        LegendEntry(f"{name} ({n})", colors()[name], MARKERS[name])
        for name, n in zip(OUTCOMES, counts.tolist(), strict=True)
        if n
    ]
    truth = run.truth[rows]
    codes = np.unique(truth[truth >= 0]).tolist() if has_rooms else []
    return outcomes, [
        LegendEntry(shortened(run.labels[c]), mixed(room_color(run.task, c), 0.5)) for c in codes
    ]


def _few_ticks(axes: Any, wide: float, high: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(max(1, min(8, int(wide / 0.4)))))
    axes.yaxis.set_major_locator(MaxNLocator(max(1, min(8, int(high / 0.3)))))
