"""One floor as solids: walls, doors, windows, ceilings with lamps, and the furniture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import Vec
from robotvision.synth.fill import fill
from robotvision.synth.furnish import Furnisher, Rect
from robotvision.synth.kinds import KINDS, Band
from robotvision.synth.plan import HEIGHT_M, FloorPlan, Hole, Room, make_plan
from robotvision.synth.rooms import furnish
from robotvision.synth.solids import Builder, Material, Solids, wall
from robotvision.synth.style import STEEL, WHITE, Style

LAMP = Material("louvre", "#ffffff", None)
REVEAL_M = 0.2
"""Depth of a window in its wall."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A window seen from inside: corner, two edges, the room's index."""

    origin: Vec
    edge1: Vec
    edge2: Vec
    room: int


@dataclass(frozen=True, eq=False)
class Floor:
    """A furnished floor."""

    plan: FloorPlan
    solids: Solids
    panes: tuple[Pane, ...]
    lamp_rooms: NDArray[np.int32]
    """The room of each lamp."""
    seed: int


def build_floor(labels: tuple[str, ...], seed: int, floor: int, furniture_seed: int) -> Floor:
    """Return the floor of a building.

    Parameters
    ----------
    labels : tuple of str
        A room for each.
    seed, floor : int
        The building, and which of its floors: plan, finish and furniture's colours.
    furniture_seed : int
        Where the furniture stands: the same rooms with another one have been rearranged.
    """
    plan = make_plan(labels, seed, floor)
    looks = [i if room.kind != "corridor" else 0 for i, room in enumerate(plan.rooms)]
    return furnish_plan(plan, looks, seed, floor, furniture_seed)


def furnish_plan(
    plan: FloorPlan,
    looks: Sequence[int],
    seed: int,
    floor: int,
    furniture_seed: int,
    ways: Sequence[Sequence[Rect]] | None = None,
    is_bare: bool = False,
) -> Floor:
    """Return a plan's rooms as solids.

    ``looks``: rooms of one number share the finish of their surfaces. ``ways``: by room, rectangles
    in its frame where nothing may stand or stick out. ``is_bare``: without furniture.
    """
    style = Style.of(np.random.default_rng([seed, 21]))
    look = np.random.default_rng([seed, floor, 22])
    door_color = str(np.random.default_rng([seed, 23]).choice(["#ab8660", "#8fa3b5", "#cfc8b8"]))
    b = Builder()
    panes: list[Pane] = []
    lamp_rooms: list[int] = []
    for index, room in enumerate(plan.rooms):
        b.room = index
        with b.at(room.x, room.y, 0, room.turn):
            _shell(b, room, np.random.default_rng([seed, floor, 24, looks[index]]))
            for hole in room.holes:
                _opening(b, room, hole, door_color, look)
            for hole in room.windows:
                panes.append(_pane(room, hole, index))
            lamp_rooms += _lamps(b, room, index, len(lamp_rooms))
            rng = np.random.default_rng([seed, floor, 25, index, furniture_seed])
            if is_bare:
                continue
            furnisher = Furnisher(b, room, style, rng, () if ways is None else ways[index])
            furnish(room.kind, furnisher)
            if ways is not None:
                fill(room.kind, furnisher)
    return Floor(plan, b.finish(), tuple(panes), np.array(lamp_rooms, np.int32), seed)


def _shell(b: Builder, room: Room, rng: np.random.Generator) -> None:
    kind = KINDS[room.kind]
    w, d = room.width, room.depth
    floor = kind.floor[int(rng.integers(len(kind.floor)))]
    color = kind.walls[int(rng.integers(len(kind.walls)))]
    tile = {"tiles": 0.8, "brick": 1.3}.get(kind.wall_texture, 2.2)
    paint = Material(kind.wall_texture, color, tile, shine=0.05 if tile == 0.8 else 0.0)
    b.face((0, 0, 0), (w, 0, 0), (0, d, 0), floor)
    top = Material(kind.ceiling, "#f3f3ef" if kind.ceiling == "ceiling" else "#b9b8b4", 0.6)
    b.face((0, d, HEIGHT_M), (w, 0, 0), (0, -d, 0), top)
    skirting = Material("plain", str(rng.choice(["#6e5640", "#8d9093", "#c9c5ba"])))
    bands = [] if kind.wall_texture == "tiles" else [Band(0.0, 0.09, 0.014, skirting)]
    bands += kind.bands
    for name, (start, end, length) in _walls(w, d).items():
        holes = [_along(h, name, length) for h in room.holes if h.wall == name]
        wall(b, start, end, HEIGHT_M, holes, paint)
        for band in bands:
            gaps = [h for h in holes if h[2] < band.high + 0.01 and h[3] > band.low]
            _band(b, start, end, length, gaps, band)


def _walls(w: float, d: float) -> dict[str, tuple[tuple[float, float], tuple[float, float], float]]:
    return {
        "back": ((0, d), (w, d), w),
        "right": ((w, d), (w, 0), d),
        "front": ((w, 0), (0, 0), w),
        "left": ((0, 0), (0, d), d),
    }


def _along(h: Hole, name: str, length: float) -> tuple[float, float, float, float]:
    if name in ("back", "left"):
        return h.a, h.b, h.low, h.high
    return length - h.b, length - h.a, h.low, h.high


def _band(
    b: Builder,
    start: tuple[float, float],
    end: tuple[float, float],
    length: float,
    gaps: list[tuple[float, float, float, float]],
    band: Band,
) -> None:
    """Run a band along a wall, but for its openings; one that stands out has an upper edge."""
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    out = band.out_m
    edges = [0.0]
    for g in sorted(gaps):
        edges += [g[0] - 0.07, g[1] + 0.07]
    edges.append(length)
    for s0, s1 in zip(edges[::2], edges[1::2], strict=True):
        if s1 - s0 > 0.05:
            x, y = start[0] + s0 * dx + out * dy, start[1] + s0 * dy - out * dx
            run = (dx * (s1 - s0), dy * (s1 - s0), 0.0)
            b.face((x, y, band.low), run, (0, 0, band.high - band.low), band.material)
            if out > 0.01:
                b.face((x, y, band.high), run, (-out * dy, out * dx, 0), band.material)


def _opening(b: Builder, room: Room, h: Hole, door_color: str, rng: np.random.Generator) -> None:
    """Close the wall's thickness round a hole, put in a frame, a leaf, a window's bars."""
    turn = {"front": math.pi, "back": 0.0, "left": math.pi / 2, "right": -math.pi / 2}[h.wall]
    middle = (h.a + h.b) / 2
    x, y = {
        "front": (middle, 0.0),
        "back": (middle, room.depth),
        "left": (0.0, middle),
        "right": (room.width, middle),
    }[h.wall]
    half = (h.b - h.a) / 2
    with b.at(x, y, 0, turn):
        if h.low > 0:
            _window(b, half, h)
            return
        if h.high >= HEIGHT_M:
            return
        casing = Material("wood", door_color)
        for side in (-half - 0.07, half):
            b.box(
                (side, -0.02, 0), (side + 0.07, 0, h.high + 0.07), casing, skip=("back", "bottom")
            )
        b.box((-half, -0.02, h.high), (half, 0, h.high + 0.07), casing, skip=("back",))
        if not h.frame:
            return
        t = h.thick
        b.face((-half, 0, 0), (0, t, 0), (0, 0, h.high), casing)
        b.face((half, t, 0), (0, -t, 0), (0, 0, h.high), casing)
        b.face((-half, t, h.high), (2 * half, 0, 0), (0, -t, 0), casing)
        b.face((-half, 0, 0.001), (2 * half, 0, 0), (0, t, 0), Material("plain", "#8a8a86"))
        if h.leaf:
            _leaf(b, room, h, half, door_color, rng)


def _leaf(
    b: Builder, room: Room, h: Hole, half: float, color: str, rng: np.random.Generator
) -> None:
    """Hang an open door leaf at the side of the nearer wall. Frame: the wall's, room at -y."""
    near_start = (h.a + h.b) / 2 < room.width / 2 if h.hinge == 0 else h.hinge > 0
    sign = 1.0 if near_start else -1.0  # seen from inside, a front wall runs the other way
    angle = math.radians(float(rng.uniform(84, 98)))
    w = 2 * half - 0.03
    door = Material(f"door{rng.integers(4)}", color, None)
    x0, x1 = (-w, 0.0) if sign > 0 else (0.0, w)
    with b.piece(), b.at(sign * half, -0.02, 0, sign * angle):
        b.box((x0, -0.04, 0.01), (x1, 0, h.high - 0.02), door)
        for z in (0.25, 1.02, 1.8):
            b.box((-0.012, -0.052, z), (0.012, -0.04, z + 0.1), STEEL)
        tip = x0 + 0.06 if sign > 0 else x1 - 0.06
        for y in (-0.09, 0.04):
            b.box((tip - 0.05, y, 1.02), (tip + 0.08, y + 0.02, 1.05), STEEL)
            b.box(
                (tip - 0.02, min(y, -0.04 if y < 0 else 0.0), 1.0),
                (tip + 0.02, max(y, 0.0), 1.06),
                STEEL,
            )


def _window(b: Builder, half: float, h: Hole) -> None:
    low, high, t = h.low, h.high, REVEAL_M
    frame = WHITE
    b.face((-half, 0, low), (0, t, 0), (0, 0, high - low), frame)
    b.face((half, t, low), (0, -t, 0), (0, 0, high - low), frame)
    b.face((-half, t, high), (2 * half, 0, 0), (0, -t, 0), frame)
    b.face((-half, 0, low), (2 * half, 0, 0), (0, t, 0), frame)
    b.box((-half - 0.06, -0.14, low - 0.04), (half + 0.06, 0.0, low), frame)
    bar = 0.05
    for x in (-half, -bar / 2, half - bar):
        b.box((x, t - 0.06, low), (x + bar, t - 0.02, high), frame, skip=("top", "bottom"))
    for z in (low, high - bar):
        b.box((-half, t - 0.06, z), (half, t - 0.02, z + bar), frame, skip=("left", "right"))


def _pane(room: Room, h: Hole, index: int) -> Pane:
    ends = {
        "back": ((h.a, room.depth), (h.b, room.depth)),
        "front": ((h.b, 0.0), (h.a, 0.0)),
        "left": ((0.0, h.a), (0.0, h.b)),
        "right": ((room.width, h.b), (room.width, h.a)),
    }[h.wall]
    p, q = room.world(*ends[0]), room.world(*ends[1])
    return Pane((*p, h.low), (q[0] - p[0], q[1] - p[1], 0), (0, 0, h.high - h.low), index)


def _lamps(b: Builder, room: Room, index: int, first: int) -> list[int]:
    """Hang a grid of lamps under the ceiling; returns the room's index once for each."""
    nx, ny = max(1, round(room.width / 2.7)), max(1, round(room.depth / 2.7))
    lamps: list[int] = []
    for i in range(nx):
        for j in range(ny):
            x, y = (i + 0.5) * room.width / nx, (j + 0.5) * room.depth / ny
            long_x = room.width > room.depth
            w, d = (1.2, 0.3) if long_x else (0.3, 1.2)
            z = HEIGHT_M - 0.03
            rim = 0.03
            low = (x - w / 2 - rim, y - d / 2 - rim, z)
            b.box(low, (x + w / 2 + rim, y + d / 2 + rim, HEIGHT_M), WHITE, skip=("top",))
            b.lamp = first + len(lamps)
            b.face((x - w / 2, y + d / 2, z - 0.003), (w, 0, 0), (0, -d, 0), LAMP)
            b.lamp = -1
            lamps.append(index)
    return lamps
