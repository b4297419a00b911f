"""A floor plan around real sequences: walls between rooms, doors where the sequences pass.

Rooms are the rectangles of `trajectory_regions`, half a wall smaller on each side. Where the way
comes near the wall between two of them it is opened, so that no wall stands within
`DOOR_HALF_M` of the way; parts of one room are open to each other. Windows look out of walls with
nothing before them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import InputFaults
from robotvision.synth.aliases import F64
from robotvision.synth.building import Floor, furnish_plan
from robotvision.synth.kinds import KINDS
from robotvision.synth.plan import DOOR_HIGH_M, GAP_M, SILL_M, WINDOW_TOP_M, FloorPlan, Hole, Room
from robotvision.synth.trajectory import Track, dense, main_turn
from robotvision.synth.trajectory_drawing import clearance
from robotvision.synth.trajectory_regions import Rect, Region, overlaps, partitions, same_place

Span = tuple[float, float]
WEST, SOUTH, EAST, NORTH = range(4)

THICKEST_M = 0.7
"""Rooms farther apart than this have no wall in common."""
NEAR_M = 0.3
"""A wall to which the way comes nearer is opened there."""
DOOR_HALF_M = 0.42
"""Ground kept open along a wall on both sides of the way."""
JOIN_M = 0.5
"""Openings with less wall between them are one."""
LEAF_M = 1.15
"""A wider opening has no leaf."""
DOORWAY_M = 1.5
"""A wider opening is higher than a door."""
WIDE_HIGH_M = 2.35
OUTLOOK_M = 3.0
"""Free ground that a window needs before it."""
FREE_M = 0.3
"""Furniture keeps so far from the way."""
SPREADS_M = (0.0, 0.3, 0.5)
FEW = 0.001
"""Where no more than this share of the poses is not free, rooms are not broken up for them."""
LEAST_M = 0.15
"""No pose lies nearer to a wall or to furniture."""
CELL_M = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class PlanLayout:
    """A building laid out around sequences."""

    tracks: tuple[Track, ...]
    regions: tuple[Region, ...]
    plan: FloorPlan
    ways: tuple[tuple[Rect, ...], ...]
    """By room: where nothing may stand, in the room's frame."""

    def room_at(self, xy: F64) -> NDArray[np.int64]:
        """Return the index of the room that holds each point (N, 2), or of the nearest."""
        rects = np.array([r.rect for r in self.plan.rooms])
        x, y = xy[:, :1], xy[:, 1:]
        dx = np.maximum(np.maximum(rects[:, 0] - x, x - rects[:, 2]), 0)
        dy = np.maximum(np.maximum(rects[:, 1] - y, y - rects[:, 3]), 0)
        return np.asarray(np.argmin(np.hypot(dx, dy), axis=1), np.int64)

    def is_own(self, track: Track) -> NDArray[np.bool_]:
        """Return for each pose of a sequence whether it lies in the room of its label."""
        labels = np.array([r.label for r in self.plan.rooms])
        own: NDArray[np.bool_] = labels[self.room_at(track.xy)] == np.array(track.rooms)
        return own


def lay_out(tracks: Sequence[Track]) -> PlanLayout:
    """Lay out one building for all sequences.

    Walls go along the axes of the poses' frame, or else along the direction most ways take. Of
    several ways to part the ground it is the first in which every pose lies free and in the room
    of its label, or the one with the fewest that do not.

    Raises
    ------
    InputFaults
        Two rooms occupy the same place.
    """
    best: tuple[int, PlanLayout] | None = None
    few = FEW * sum(map(len, tracks))
    for turn, spread_m in _attempts(tracks):
        if spread_m and best is not None and best[0] <= few:
            break
        turned = tuple(replace(t, turn=turn) for t in tracks)
        for layout in _layouts(turned, spread_m):
            bad = _n_bad(layout)
            if best is None or bad < best[0]:
                best = bad, layout
            if bad == 0:
                return layout
    if best is None:
        raise InputFaults(same_place(tracks))
    return best[1]


def _attempts(tracks: Sequence[Track]) -> Iterator[tuple[float, float]]:
    """Yield turns of the frame and spreads of the positions to try in this order."""
    main = main_turn(tracks)
    near = [main + math.radians(d) for d in (0, 1, -1, 2, -2)]
    turns = [0.0, *near] if abs(main) > math.radians(1) else [0.0]
    for spread_m in SPREADS_M:
        for turn in turns if spread_m == 0 else turns[:2]:
            yield turn, spread_m


def _layouts(tracks: tuple[Track, ...], spread_m: float) -> Iterator[PlanLayout]:
    way = np.concatenate([dense(t) for t in tracks])
    way = np.unique(np.round(way, 2), axis=0)
    for regions in partitions(tracks, spread_m):
        yield _lay_out(tracks, regions, way)


def _n_bad(layout: PlanLayout) -> int:
    """Count the poses that lie too near to a wall or in another's room."""
    walls = furnish_plan(layout.plan, _looks(layout.plan), 0, 0, 0, is_bare=True)
    near = clearance(layout.plan, walls, layout.tracks)
    return sum(
        int(((c < LEAST_M) | ~layout.is_own(t)).sum())
        for c, t in zip(near, layout.tracks, strict=True)
    )


def _lay_out(tracks: Sequence[Track], regions: tuple[Region, ...], way: F64) -> PlanLayout:
    inner = [_inset(r.rect) for r in regions]
    openings = _openings(regions, inner, way)
    rooms = tuple(
        _room(i, regions, inner, [o for o in openings if i in (o.a, o.b)], way)
        for i in range(len(regions))
    )
    ways = tuple(_blocked(room, way) for room in rooms)
    return PlanLayout(tuple(tracks), regions, FloorPlan(rooms), ways)


def furnished(layout: PlanLayout, seed: int, furniture_seed: int = 0) -> Floor:
    """Return the furnished building of a layout."""
    return furnish_plan(layout.plan, _looks(layout.plan), seed, 0, furniture_seed, layout.ways)


def doubts(layout: PlanLayout, floor: Floor) -> list[str]:
    """Return a line for each sequence with poses that are not free or not in their label's room."""
    lines = []
    near = clearance(layout.plan, floor, layout.tracks)
    for track, distance in zip(layout.tracks, near, strict=True):
        for bad, what in (
            (distance < LEAST_M, f"nearer than {LEAST_M} m to a wall or furniture"),
            (~layout.is_own(track), "in another room than that of their label"),
        ):
            if bad.any():
                line = track.lines[int(np.argmax(bad))]
                lines.append(
                    f"{track.path}:{line}: {int(bad.sum())} poses lie {what}, this one "
                    "first; the border between the rooms runs along the way"
                )
    return lines


def _looks(plan: FloorPlan) -> list[int]:
    first = {room.label: i for i, room in reversed(list(enumerate(plan.rooms)))}
    return [first[room.label] for room in plan.rooms]


@dataclass(frozen=True, slots=True)
class _Opening:
    """An opening between rooms ``a`` and ``b``: on the given side of ``a``, along x or y."""

    a: int
    b: int
    side: int
    span: Span
    thick: float
    same: bool


def _inset(r: Rect) -> Rect:
    h = GAP_M / 2
    return r[0] + h, r[1] + h, r[2] - h, r[3] - h


def _openings(regions: Sequence[Region], inner: Sequence[Rect], way: F64) -> list[_Opening]:
    openings = []
    for a in range(len(inner)):
        for b in range(len(inner)):
            for side in (EAST, NORTH):
                p, q = inner[a], inner[b]
                axis = side - 2
                thick = q[axis] - p[side]
                low, high = max(p[1 - axis], q[1 - axis]), min(p[3 - axis], q[3 - axis])
                if a == b or not 0 < thick < THICKEST_M or high - low < 0.8:
                    continue
                same = regions[a].label == regions[b].label
                middle = (p[side] + q[axis]) / 2
                close = np.abs(way[:, axis] - middle) < thick / 2 + NEAR_M
                along = way[close, 1 - axis]
                shared = (low + 0.08, high - 0.08)
                for span in [shared] if same else _spans(along, shared):
                    openings.append(_Opening(a, b, side, span, thick, same))
    return openings


def _spans(along: F64, shared: Span) -> list[Span]:
    """Return the parts of a shared wall that the way comes near, each wide enough for it."""
    spans: list[Span] = []
    for v in np.sort(along[(along > shared[0] - 0.2) & (along < shared[1] + 0.2)]):
        low, high = float(v) - DOOR_HALF_M, float(v) + DOOR_HALF_M
        if spans and low - spans[-1][1] < JOIN_M:
            spans[-1] = spans[-1][0], high
        else:
            spans.append((low, high))
    return [(max(a, shared[0]), min(b, shared[1])) for a, b in spans]


def _room(
    i: int, regions: Sequence[Region], inner: Sequence[Rect], openings: Sequence[_Opening], way: F64
) -> Room:
    region, rect = regions[i], inner[i]
    x0, y0, x1, y1 = rect
    share = [0.0] * 4
    for o in openings:
        share[_side_of(o, i)] += (o.span[1] - o.span[0]) / (20 if o.same else 1)
    front = max((SOUTH, EAST, NORTH, WEST), key=lambda s: share[s])
    if region.kind == "corridor":
        front = SOUTH
    quarter = (3, 0, 1, 2)[front]
    corner = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))[quarter]
    across, deep = (x1 - x0, y1 - y0) if quarter % 2 == 0 else (y1 - y0, x1 - x0)
    bare = Room(region.label, region.kind, *corner, quarter, across, deep, ())
    holes = [_door(bare, o, i, rect, way) for o in openings]
    if KINDS[region.kind].windows:
        holes += _windows(bare, i, inner, way)
    return replace(bare, holes=tuple(holes))


def _side_of(o: _Opening, i: int) -> int:
    return o.side if i == o.a else o.side - 2


def _local(room: Room, x: float, y: float) -> tuple[float, float]:
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[room.quarter % 4]
    dx, dy = x - room.x, y - room.y
    return c * dx + s * dy, c * dy - s * dx


def _hole(room: Room, rect: Rect, side: int, span: Span, low: float, high: float) -> Hole:
    """Return a hole in the wall on a side of the building's frame, in the room's frame."""
    at = rect[side]
    ends = [(at, v) if side in (WEST, EAST) else (v, at) for v in span]
    (ax, ay), (bx, by) = (_local(room, *end) for end in ends)
    if abs(ax - bx) < abs(ay - by):
        wall = "left" if ax < room.width / 2 else "right"
        return Hole(wall, min(ay, by), max(ay, by), low, high)
    wall = "front" if ay < room.depth / 2 else "back"
    return Hole(wall, min(ax, bx), max(ax, bx), low, high)


def _door(room: Room, o: _Opening, i: int, rect: Rect, way: F64) -> Hole:
    wide = o.same or o.span[1] - o.span[0] > DOORWAY_M
    hole = _hole(room, rect, _side_of(o, i), o.span, 0, WIDE_HIGH_M if wide else DOOR_HIGH_M)
    # the corridor's side has no leaf; between two other rooms the first has it
    leafy = room.kind != "corridor" and hole.wall == "front" and hole.b - hole.a <= LEAF_M
    hinge = _hinge(room, hole, way) if leafy else 0
    frame = i == o.a
    return replace(hole, thick=o.thick, frame=frame, leaf=hinge != 0 and frame, hinge=hinge)


def _hinge(room: Room, hole: Hole, way: F64) -> int:
    """Return at which end of a door its open leaf is clear of the way, 0: at neither."""
    local = np.array([_local(room, x, y) for x, y in way])
    w = hole.b - hole.a
    near = (local[:, 1] > -0.1) & (local[:, 1] < w + 0.25)
    across = local[near, 0]
    for hinge, at in ((1, hole.a), (-1, hole.b)):
        if not (np.abs(across - at) < 0.36).any():
            return hinge
    return 0


def _windows(room: Room, i: int, inner: Sequence[Rect], way: F64) -> list[Hole]:
    """Return windows in the back wall, or else in another free one; a corridor's in its ends."""
    rect = inner[i]
    back = (NORTH, WEST, SOUTH, EAST)[room.quarter]
    if room.kind == "corridor":
        upright = rect[3] - rect[1] > rect[2] - rect[0]
        ends = (SOUTH, NORTH) if upright else (WEST, EAST)
        return [h for side in ends for h in _row(room, i, inner, side, way)]
    for side in (back, (back + 1) % 4, (back - 1) % 4):
        if holes := _row(room, i, inner, side, way):
            return holes
    return []


def _row(room: Room, i: int, inner: Sequence[Rect], side: int, way: F64) -> list[Hole]:
    rect = inner[i]
    axis = side % 2
    low, high = rect[1 - axis], rect[3 - axis]
    n = max(1, int((high - low - 0.6) // 1.9))
    step = (high - low) / n
    wide = min(1.5, step - 0.5)
    holes = []
    for k in range(n):
        middle = low + (k + 0.5) * step
        span = middle - wide / 2, middle + wide / 2
        if wide > 0.4 and _looks_out(i, inner, side, span) and not _is_near(rect, side, span, way):
            holes.append(_hole(room, rect, side, span, SILL_M, WINDOW_TOP_M))
    return holes


def _looks_out(i: int, inner: Sequence[Rect], side: int, span: Span) -> bool:
    at = inner[i][side]
    out = (at - OUTLOOK_M, at) if side in (WEST, SOUTH) else (at, at + OUTLOOK_M)
    before = (
        (out[0], span[0], out[1], span[1]) if side % 2 == 0 else (span[0], out[0], span[1], out[1])
    )
    return not any(overlaps(before, r) for j, r in enumerate(inner) if j != i)


def _is_near(rect: Rect, side: int, span: Span, way: F64) -> bool:
    axis = side % 2
    along = way[:, 1 - axis]
    close = np.abs(way[:, axis] - rect[side]) < 0.5
    return bool((close & (along > span[0] - 0.4) & (along < span[1] + 0.4)).any())


def _blocked(room: Room, way: F64) -> tuple[Rect, ...]:
    """Return where nothing may stand in a room: the way with `FREE_M` on all sides, in rows."""
    x0, y0, x1, y1 = room.rect
    near = (way[:, 0] > x0 - 1) & (way[:, 0] < x1 + 1) & (way[:, 1] > y0 - 1) & (way[:, 1] < y1 + 1)
    cells: dict[int, set[int]] = {}
    for x, y in way[near]:
        u, v = _local(room, float(x), float(y))
        cells.setdefault(math.floor(v / CELL_M), set()).add(math.floor(u / CELL_M))
    rects = []
    for row, columns in sorted(cells.items()):
        for first, last in _runs(sorted(columns)):
            rects.append(
                (
                    first * CELL_M - FREE_M,
                    row * CELL_M - FREE_M,
                    (last + 1) * CELL_M + FREE_M,
                    (row + 1) * CELL_M + FREE_M,
                )
            )
    return tuple(rects)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for n in numbers:
        if runs and n - runs[-1][1] <= 2:
            runs[-1] = runs[-1][0], n
        else:
            runs.append((n, n))
    return runs
