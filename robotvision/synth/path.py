"""The robot's way: through every door, to free places in each room, looking round there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from robotvision.synth.aliases import F64
from robotvision.synth.building import Floor
from robotvision.synth.caster import Caster
from robotvision.synth.plan import Room

CELL_M = 0.1
ROBOT_RADIUS_M = 0.27
WALL_M = 1.4
"""A wall nearer than this fills the view and shows little."""
BODY_M = (0.03, 1.5)
"""Between these heights a piece is in the robot's way."""
LOOK_ROUND = 1.0
"""How far the robot pans where it stops to look, radians: half of it to either side."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way in fine steps: x, y, heading (K,), the room at each step, and each step's weight."""

    x: F64
    y: F64
    heading: F64
    weight: F64
    room: NDArray[np.int32]
    visit: NDArray[np.int32]
    """Counts the stays: each time the robot enters another room a new one begins."""


class Ground:
    """Where the robot can stand, as a grid, and the shortest roomy ways on it."""

    def __init__(self, floor: Floor) -> None:
        rects = [r.rect for r in floor.plan.rooms]
        self.x0 = min(r[0] for r in rects) - 0.5
        self.y0 = min(r[1] for r in rects) - 0.5
        nx = int((max(r[2] for r in rects) + 0.5 - self.x0) / CELL_M)
        ny = int((max(r[3] for r in rects) + 0.5 - self.y0) / CELL_M)
        free = np.zeros((ny, nx), np.uint8)
        for room in floor.plan.rooms:
            _fill(free, self._pixels(_corners(room.rect)), 1)
            for h in room.doors:
                _fill(free, self._pixels(_passage(room, h.wall, h.a + 0.05, h.b - 0.05)), 1)
        for outline in _obstacles(floor):
            hull = cv2.convexHull(self._pixels(outline).reshape(-1, 1, 2))[:, 0]
            _fill(free, hull.astype(np.int32), 0)
        self.clearance = cv2.distanceTransform(free, cv2.DIST_L2, 5) * CELL_M
        self.clearance = np.minimum(self.clearance, 1.2)
        self._graph = self._make_graph()

    def _pixels(self, points: F64) -> NDArray[np.int32]:
        scaled = (np.asarray(points) - [self.x0, self.y0]) / CELL_M - 0.5
        return np.round(scaled).astype(np.int32)

    def _make_graph(self) -> coo_matrix:
        ny, nx = self.clearance.shape
        stand = self.clearance > ROBOT_RADIUS_M
        crowd = 1 + 4 * np.maximum(0, 0.7 - self.clearance) ** 2 * 4
        ids = np.arange(ny * nx).reshape(ny, nx)
        rows, columns, costs = [], [], []
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
            a = (slice(0, ny - dy), slice(max(0, -dx), nx - max(0, dx)))
            b = (slice(dy, ny), slice(max(0, dx), nx + min(0, dx)))
            both = stand[a] & stand[b]
            rows.append(ids[a][both])
            columns.append(ids[b][both])
            costs.append((math.hypot(dx, dy) * 0.5 * (crowd[a] + crowd[b]))[both])
        data = (np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns)))
        return coo_matrix(data, shape=(ny * nx, ny * nx)).tocsr()

    def nearest(self, x: float, y: float) -> int:
        """Return the free cell nearest to a point."""
        stand = np.argwhere(self.clearance > ROBOT_RADIUS_M)
        px = (np.array([y, x]) - [self.y0, self.x0]) / CELL_M - 0.5
        row, column = stand[np.argmin(((stand - px) ** 2).sum(1))]
        return int(row) * int(self.clearance.shape[1]) + int(column)

    def distances(self, cell: int) -> tuple[F64, NDArray[np.int32]]:
        """Return cost to every cell from one, and each cell's predecessor."""
        cost, before = dijkstra(self._graph, directed=False, indices=cell, return_predecessors=True)
        return cost, before

    def place(self, cells: NDArray[np.int64]) -> F64:
        """Return the coordinates of cells, (n, 2)."""
        ny_nx = self.clearance.shape[1]
        xy = np.stack([cells % ny_nx, cells // ny_nx], axis=1).astype(float)
        placed: F64 = (xy + 0.5) * CELL_M + [self.x0, self.y0]
        return placed

    def way(self, start: int, end: int) -> F64 | None:
        """Return the points of the cheapest way between two cells, or None."""
        cost, before = self.distances(start)
        if not np.isfinite(cost[end]):
            return None
        cells = [end]
        while cells[-1] != start:
            cells.append(int(before[cells[-1]]))
        return self.place(np.array(cells[::-1]))


def _fill(grid: NDArray[np.uint8], points: NDArray[np.int32], value: int) -> None:
    cv2.fillConvexPoly(grid, np.ascontiguousarray(points, dtype=np.int32), value)


def _corners(rect: tuple[float, float, float, float]) -> F64:
    x0, y0, x1, y1 = rect
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) + 0.0


def _passage(room: Room, wall: str, a: float, b: float) -> F64:
    t = 0.3
    at = {"front": 0.0, "left": 0.0, "back": room.depth, "right": room.width}[wall]
    square = ((a, at - t), (b, at - t), (b, at + t), (a, at + t))
    if wall in ("left", "right"):
        square = tuple((y, x) for x, y in square)  # type: ignore[assignment]
    return np.array([room.world(*p) for p in square])


def _obstacles(floor: Floor) -> list[F64]:
    """Return the outlines of all furniture between the robot's wheels and its camera."""
    solids = floor.solids
    group = solids.group[solids.triangle_surface]
    low, high = solids.triangles[:, :, 2].min(1), solids.triangles[:, :, 2].max(1)
    chosen = (group >= 0) & (high > BODY_M[0]) & (low < BODY_M[1])
    order = np.argsort(group[chosen], kind="stable")
    groups = group[chosen][order]
    points = solids.triangles[chosen][order][:, :, :2].astype(float)
    cuts = np.flatnonzero(np.diff(groups)) + 1
    return [p.reshape(-1, 2) for p in np.split(points, cuts) if len(p)]


@dataclass(frozen=True, slots=True)
class _Stop:
    """A cell to go to and, where the robot is to look round there, the heading to look along."""

    cell: int
    look: float | None = None


def drive(
    floor: Floor,
    caster: Caster,
    rooms: tuple[int, ...],
    rng: np.random.Generator,
    look_round: float = LOOK_ROUND,
) -> Way:
    """Return a way through the given rooms in their order, with looks round in each.

    ``look_round``: how far the robot pans where it looks, radians; a full turn: once right round.
    """
    ground = Ground(floor)
    stops: list[_Stop] = []
    for k, index in enumerate(rooms):
        room = floor.plan.rooms[index]
        outside = _Stop(ground.nearest(*room.world(*_door_step(room, -0.9))))
        if k == 0:
            stops.append(_Stop(ground.nearest(*_corridor_start(floor, room))))
        looks = _look_points(ground, floor, caster, room, outside.cell, rng)
        stops += [outside, *looks, outside]
    pieces: list[tuple[F64, float | None]] = []
    for a, b in pairwise(stops):
        points = ground.way(a.cell, b.cell) if a.cell != b.cell else None
        if points is not None:
            pieces.append((points, b.look))
    way = _stitch(pieces, floor, look_round)
    return replace(way, weight=way.weight * _pace(floor, caster, way))


def _pace(floor: Floor, caster: Caster, way: Way) -> F64:
    """Return the share of its time that the robot takes at each step, 0.03 before a bare wall to 1.

    What counts is the share of the view that a part of the building nearer than `WALL_M` takes.
    """
    across, up = np.linspace(-0.5, 0.5, 9), np.array([-0.3, 0.0, 0.25])
    a, e = (g.ravel() for g in np.meshgrid(across, up, indexing="ij"))
    yaw = way.heading[:, None] + a
    rays = np.stack([np.cos(yaw) * np.cos(e), np.sin(yaw) * np.cos(e), np.sin(e) + 0 * yaw], 2)
    eyes = np.stack([way.x, way.y, np.full(len(way.x), 1.1)], 1)
    starts = np.repeat(eyes, len(a), axis=0).astype(np.float32)
    hits = caster.cast(starts, np.ascontiguousarray(rays.reshape(-1, 3), np.float32))
    bare = (hits.surface >= 0) & (floor.solids.group[hits.surface] < 0) & (hits.distance < WALL_M)
    share = bare.reshape(len(way.x), -1).mean(1)
    return np.asarray(0.03 + 0.97 * (1 - share) ** 2, np.float64)


def _door_step(room: Room, inside: float) -> tuple[float, float]:
    if not room.doors:
        return room.width / 2, room.depth / 2
    door = room.doors[0]
    return (door.a + door.b) / 2, inside


def _corridor_start(floor: Floor, room: Room) -> tuple[float, float]:
    x, y = room.world(*_door_step(room, -1.1))
    corridor = floor.plan.rooms[0]
    x0, y0, x1, y1 = corridor.rect
    ends = [(x0 + 1.0, (y0 + y1) / 2), (x1 - 1.0, (y0 + y1) / 2)]
    return max(ends, key=lambda e: -math.hypot(e[0] - x, e[1] - y))


def _look_points(
    ground: Ground, floor: Floor, caster: Caster, room: Room, door: int, rng: np.random.Generator
) -> list[_Stop]:
    """Return places in a room from which most of its pieces are seen, with the headings."""
    x0, y0, x1, y1 = room.rect
    cells = np.arange(ground.clearance.size)
    xy = ground.place(cells)
    inside = (xy[:, 0] > x0) & (xy[:, 0] < x1) & (xy[:, 1] > y0) & (xy[:, 1] < y1)
    cost, _ = ground.distances(door)
    roomy = ground.clearance.ravel() > ROBOT_RADIUS_M + 0.03
    fit = cells[inside & np.isfinite(cost) & roomy]
    if not len(fit):
        return []
    chosen = rng.permutation(fit)[:18]
    views = [v for c in chosen for v in _views(floor, caster, int(c), ground.place(c[None])[0])]
    known: frozenset[int] = frozenset()
    stops: list[_Stop] = []
    for _ in range(2 if room.width * room.depth < 15 else 3):
        best = max(views, key=lambda v: v.score + 1.2 * len(v.pieces - known))
        if stops and len(best.pieces - known) < 2:
            break
        known |= best.pieces
        stops.append(_Stop(best.cell, best.heading))
    order = np.argsort([cost[s.cell] for s in stops], kind="stable")
    return [stops[int(k)] for k in order]


@dataclass(frozen=True, slots=True)
class _View:
    cell: int
    heading: float
    score: float
    pieces: frozenset[int]


def _views(floor: Floor, caster: Caster, cell: int, xy: F64) -> list[_View]:
    """Rate the headings at a place: many pieces at a middle distance, no wall before the nose."""
    n, tilts = 48, np.array([-0.4, -0.22, -0.08, 0.06, 0.2])
    azimuth = np.arange(n) * 2 * math.pi / n
    a, e = (g.ravel() for g in np.meshgrid(azimuth, tilts, indexing="ij"))
    rays = np.stack([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)], 1).astype(np.float32)
    start = np.broadcast_to(np.array([*xy, 1.1], np.float32), rays.shape)
    hits = caster.cast(np.ascontiguousarray(start), rays)
    group = np.where(hits.surface >= 0, floor.solids.group[hits.surface], -1).reshape(n, -1)
    far = np.minimum(hits.distance, 9.0).reshape(n, -1)
    good = (group >= 0) & (far > 1.2) & (far < 6)
    views = []
    for k in range(0, n, 2):
        fan = np.arange(k - 4, k + 5) % n
        pieces, counts = np.unique(group[fan][good[fan]], return_counts=True)
        part = np.minimum(counts / good[fan].size, 0.2).sum()  # no single piece fills the view
        score = 16 * part + 0.8 * np.minimum(far[fan], 4).mean() - 9 * (far[fan] < 1.0).mean()
        seen = frozenset(int(p) for p in pieces[counts > 1])
        views.append(_View(cell, float(azimuth[k]), float(score), seen))
    return views


_MOVE, _MOVE_INSIDE, _TURN, _LOOK = 1.0, 0.45, 0.12, 1.1
"""Weights: for each metre in the corridor and in rooms, each radian turned and looked round."""


def _stitch(pieces: list[tuple[F64, float | None]], floor: Floor, look_round: float) -> Way:
    """Smooth the pieces, join them by turns on the spot, add the looks round."""
    xs: list[F64] = []
    ys: list[F64] = []
    hs: list[F64] = []
    ws: list[F64] = []

    def add(x: F64, y: F64, heading: F64, per_metre: float, per_radian: float) -> None:
        move = np.hypot(np.gradient(x), np.gradient(y)) * per_metre
        xs.append(x)
        ys.append(y)
        hs.append(heading)
        ws.append(move + np.abs(np.gradient(heading)) * per_radian)

    heading: float | None = None
    for points, look in pieces:
        smooth = _resample(points)
        x, y = smooth.T
        tangent = np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))
        tangent = gaussian_filter1d(tangent, 6, mode="nearest")
        if heading is not None:
            turn = _turn(heading, float(tangent[0]))
            add(np.full(len(turn), x[0]), np.full(len(turn), y[0]), turn, 0, _TURN)
        add(x, y, tangent, _MOVE, 0.1)
        heading = float(tangent[-1])
        if look is not None:
            turn = _turn(heading, look)
            pan = turn[-1] + _pan(look_round)
            for part, weight in ((turn, _TURN), (pan, _LOOK)):
                add(np.full(len(part), x[-1]), np.full(len(part), y[-1]), part, 0, weight)
            heading = float(pan[-1])
    x, y, h, w = (np.concatenate(v) for v in (xs, ys, hs, ws))
    room = np.array([floor.plan.room_at(a, b) for a, b in zip(x, y, strict=True)], np.int32)
    in_room = np.array([r.kind != "corridor" for r in floor.plan.rooms])[room]
    moving = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0])) > 1e-9
    w = np.where(in_room & moving, _MOVE_INSIDE * w, w) + 1e-4
    visit = np.concatenate([[0], np.cumsum(np.diff(_by_label(floor, room)) != 0)]).astype(np.int32)
    return Way(x, y, h, w, room, visit)


def _pan(look_round: float) -> F64:
    """Return the turns of a look round: to and fro, or once right round."""
    once = np.linspace(0, 2 * math.pi, 60)
    to_and_fro: F64 = look_round / 2 * np.sin(once)
    return once if look_round >= 2 * math.pi - 1e-9 else to_and_fro


def _by_label(floor: Floor, room: NDArray[np.int32]) -> NDArray[np.int64]:
    """Two arms of one corridor are one room."""
    corridor = [r.kind == "corridor" for r in floor.plan.rooms]
    same = np.array([0 if c else i for i, c in enumerate(corridor)])
    return same[room]


def _resample(points: F64, step: float = 0.05) -> F64:
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    n = max(3, int(length[-1] / step))
    even = np.linspace(0, length[-1], n)
    fine = np.stack([np.interp(even, length, points[:, k]) for k in (0, 1)], axis=1)
    sigma = min(6.0, n / 6)
    smooth = gaussian_filter1d(fine, sigma, axis=0, mode="nearest")
    smooth[0], smooth[-1] = fine[0], fine[-1]
    return np.asarray(smooth, np.float64)


def _turn(start: float, end: float, step: float = 0.06) -> F64:
    difference = (end - start + math.pi) % (2 * math.pi) - math.pi
    n = max(2, int(abs(difference) / step))
    return start + difference * np.linspace(0, 1, n)


def order_rooms(floor: Floor, wanted: tuple[str, ...] | None, reverse: bool) -> tuple[int, ...]:
    """Return the rooms to visit in the order of their doors along the corridor."""
    order = []
    for i, room in enumerate(floor.plan.rooms):
        if room.kind == "corridor" or (wanted is not None and room.label not in wanted):
            continue
        x, y = room.world(*_door_step(room, -0.9))
        order.append((x + 2.0 * max(0.0, y - 2.3), i))
    order.sort(reverse=reverse)
    return tuple(i for _, i in order)


def sample(way: Way, n_frames: int, corridor: set[int]) -> NDArray[np.int64]:
    """Return the steps at which the robot takes its ``n_frames`` images.

    The corridor gets 28 % of the frames and every stay in a room a share that grows with the
    square root of its length. Where there are fewer than six frames a room, the corridor gets 18 %
    and the stays nearly equal shares, so that few frames still show every room.
    """
    weight = way.weight
    n_visits = int(way.visit.max()) + 1
    total = np.bincount(way.visit, weight, n_visits)
    in_corridor = np.zeros(n_visits, bool)
    in_corridor[way.visit] = np.isin(way.room, list(corridor))
    few = n_frames < 6 * np.count_nonzero(~in_corridor)
    share = np.where(in_corridor, total, total ** (0.1 if few else 0.5))
    hall = 0.18 if few else 0.28
    for part, fraction in ((in_corridor, hall), (~in_corridor, 1 - hall)):
        if part.any() and not part.all():
            share[part] *= fraction / share[part].sum()
    weight = weight * (share / total)[way.visit]
    cumulative = np.cumsum(weight) / weight.sum()
    wanted = (np.arange(n_frames) + 0.5) / n_frames
    return np.searchsorted(cumulative, wanted).clip(0, len(way.x) - 1)


def visits_of(way: Way, steps: NDArray[np.int64]) -> list[frozenset[int]]:
    """Return for each step the rooms that the robot is in, came from last or enters next."""
    first = np.concatenate([[0], np.flatnonzero(np.diff(way.visit)) + 1, [len(way.visit)]])
    rooms = [frozenset(way.room[a:b].tolist()) for a, b in pairwise(first.tolist())]
    near = [frozenset().union(*rooms[max(0, v - 1) : v + 2]) for v in range(len(rooms))]
    return [near[int(v)] for v in way.visit[steps]]
