"""Floor plans: rooms on both sides of a corridor, straight or with a corner.

Every room is a rectangle with a frame of its own: the wall with the door is ``front`` (y = 0, x to
the right as seen from inside, looking at the wall with the windows, ``back``), ``left`` is x = 0
and ``right`` is x = width. So furnishing is written once, whichever way the room lies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from robotvision.synth.aliases import Rng
from robotvision.synth.kinds import KINDS, RoomKind, kind_of

HEIGHT_M = 2.7
CORRIDOR_M = 2.3
GAP_M = 0.14
DOOR_HIGH_M = 2.06
SILL_M = 0.92
WINDOW_TOP_M = 2.25


@dataclass(frozen=True, slots=True)
class Hole:
    """A door (low = 0) or a window in a wall: from ``a`` to ``b`` along it."""

    wall: str
    a: float
    b: float
    low: float
    high: float
    leaf: bool = False
    """Whether a door leaf hangs in it."""
    frame: bool = True
    """Whether the wall's thickness is to be closed around it (once for each door)."""
    thick: float = GAP_M
    """Of the wall."""
    hinge: int = 0
    """Where the leaf hangs: 1 at ``a``, -1 at ``b``, 0 at the end nearer to a side wall."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room: where it is (origin and quarter turns of its frame) and how large."""

    label: str
    kind: str
    x: float
    y: float
    quarter: int
    width: float
    depth: float
    holes: tuple[Hole, ...]

    @property
    def turn(self) -> float:
        """Turn of the room's frame, radians."""
        return self.quarter * math.pi / 2

    def world(self, x: float, y: float) -> tuple[float, float]:
        """Return the building's coordinates of a point of the room's frame."""
        c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[self.quarter % 4]
        return self.x + c * x - s * y, self.y + s * x + c * y

    @property
    def rect(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) in the building's frame."""
        ax, ay = self.world(0, 0)
        bx, by = self.world(self.width, self.depth)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    @property
    def doors(self) -> tuple[Hole, ...]:
        """The doors and openings."""
        return tuple(h for h in self.holes if h.low == 0)

    @property
    def windows(self) -> tuple[Hole, ...]:
        """The windows."""
        return tuple(h for h in self.holes if h.low > 0)


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """The rooms of one floor; those whose kind is ``corridor`` connect the others."""

    rooms: tuple[Room, ...]

    def room_at(self, x: float, y: float) -> int:
        """Return the index of the room that holds the point, or else of the nearest room."""
        best, best_distance = 0, math.inf
        for i, room in enumerate(self.rooms):
            x0, y0, x1, y1 = room.rect
            distance = math.hypot(max(x0 - x, 0, x - x1), max(y0 - y, 0, y - y1))
            if distance < best_distance - 1e-9:
                best, best_distance = i, distance
        return best


@dataclass
class _Side:
    """One side of a corridor, filled from its start; ``rooms`` hold (offset, label, w, d)."""

    used: float = 0.0
    rooms: list[tuple[float, str, float, float]] = field(default_factory=list)

    def put(self, label: str, width: float, depth: float) -> None:
        self.rooms.append((self.used, label, width, depth))
        self.used += width + GAP_M

    @property
    def depth(self) -> float:
        return max((r[3] for r in self.rooms), default=0.0)


def make_plan(labels: tuple[str, ...], seed: int, floor: int) -> FloorPlan:
    """Return a floor on which every label has one room.

    Even floors have a straight corridor, odd floors one with a corner. The first label of a
    corridor kind names the corridor; ``Corridor`` where there is none.
    """
    rng = np.random.default_rng([seed, floor, 11])
    corridors = [x for x in labels if kind_of(x) == "corridor"]
    name = corridors[0] if corridors else "Corridor"
    others = [x for x in labels if kind_of(x) != "corridor"]
    order = [others[i] for i in rng.permutation(len(others))]
    corner = floor % 2 == 1 and len(order) >= 4
    sides = [_Side() for _ in range(4 if corner else 2)]
    for label in order:
        kind = KINDS[kind_of(label)]
        side = min(sides, key=lambda s: s.used)
        side.put(label, _between(rng, kind.width), _between(rng, kind.depth))
    return FloorPlan(_corner(name, sides, rng) if corner else _straight(name, sides, rng))


def _between(rng: Rng, limits: tuple[float, float]) -> float:
    return round(float(rng.uniform(*limits)), 2)


def _straight(name: str, sides: list[_Side], rng: Rng) -> tuple[Room, ...]:
    south, north = sides
    length = max(south.used, north.used) - GAP_M
    rooms = [_room(r, (r[0], CORRIDOR_M + GAP_M), 0, rng) for r in north.rooms]
    rooms += [_room(r, (r[0] + r[2], -GAP_M), 2, rng) for r in south.rooms]
    holes = [h for room in rooms for h in _facing(room, 0, 0)]
    holes += [_end_window("left"), _end_window("right")]
    corridor = Room(name, "corridor", 0, 0, 0, length, CORRIDOR_M, tuple(holes))
    return (corridor, *rooms)


def _corner(name: str, sides: list[_Side], rng: Rng) -> tuple[Room, ...]:
    """Arm A along x, arm B along y at its end; sides: A's north and south, B's west and east."""
    north, south, west, east = sides
    length = max(north.used, south.used - CORRIDOR_M)
    start = CORRIDOR_M + GAP_M + north.depth + GAP_M
    top = max(start + west.used, CORRIDOR_M + east.used + 0.2)
    xb = length + CORRIDOR_M
    on_a = [_room(r, (r[0], CORRIDOR_M + GAP_M), 0, rng) for r in north.rooms]
    on_a += [_room(r, (r[0] + r[2], -GAP_M), 2, rng) for r in south.rooms]
    on_b = [_room(r, (length - GAP_M, start + r[0]), 1, rng) for r in west.rooms]
    on_b += [_room(r, (xb + GAP_M, CORRIDOR_M + 0.2 + r[0] + r[2]), 3, rng) for r in east.rooms]
    through = [
        Hole("back", length, xb, 0, HEIGHT_M, frame=False),
        _end_window("left"),
        _end_window("right"),
    ]
    holes_a = [h for room in on_a for h in _facing(room, 0, 0)]
    holes_b = [h for room in on_b for h in _facing(room, length, CORRIDOR_M)]
    depth_b = top - CORRIDOR_M
    front = Hole("front", 0, CORRIDOR_M, 0, HEIGHT_M, frame=False)
    far = Hole("back", 0.5, CORRIDOR_M - 0.5, SILL_M, WINDOW_TOP_M)
    a = Room(name, "corridor", 0, 0, 0, xb, CORRIDOR_M, (*holes_a, *through))
    b = Room(name, "corridor", length, CORRIDOR_M, 0, CORRIDOR_M, depth_b, (*holes_b, front, far))
    return (a, b, *on_a, *on_b)


def _end_window(wall: str) -> Hole:
    return Hole(wall, 0.5, CORRIDOR_M - 0.5, SILL_M, WINDOW_TOP_M)


def _room(
    entry: tuple[float, str, float, float], origin: tuple[float, float], quarter: int, rng: Rng
) -> Room:
    _, label, width, depth = entry
    kind = KINDS[kind_of(label)]
    holes = [_door(kind, width, rng)]
    if kind.windows:
        n = max(1, int((width - 0.6) // 1.9))
        step = width / n
        wide = min(1.5, step - 0.5)
        for k in range(n):
            middle = (k + 0.5) * step
            holes.append(Hole("back", middle - wide / 2, middle + wide / 2, SILL_M, WINDOW_TOP_M))
    return Room(label, kind_of(label), *origin, quarter, width, depth, tuple(holes))


def _door(kind: RoomKind, width: float, rng: Rng) -> Hole:
    if kind.wide:
        half = min(2.6, width - 1.0) / 2
        return Hole("front", width / 2 - half, width / 2 + half, 0, 2.35)
    near = 0.75 if rng.random() < 0.5 else width - 0.75 - 0.95
    a = near + float(rng.uniform(-0.2, 0.2))
    return Hole("front", a, a + 0.95, 0, DOOR_HIGH_M, leaf=True)


def _facing(room: Room, x: float, y: float) -> list[Hole]:
    """Return the room's door as a hole of the corridor arm at (x, y) that it opens on."""
    wall = {0: "back", 2: "front", 1: "left", 3: "right"}[room.quarter]
    holes = []
    for door in room.doors:
        ends = [room.world(door.a, 0), room.world(door.b, 0)]
        along = sorted(e[0] - x if wall in ("front", "back") else e[1] - y for e in ends)
        holes.append(Hole(wall, along[0], along[1], 0, door.high, frame=False))
    return holes
