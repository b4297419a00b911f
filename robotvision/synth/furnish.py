"""Puts pieces into a room so that they stand against walls, block no door and hide no window."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from robotvision.synth.plan import Room
from robotvision.synth.solids import Builder
from robotvision.synth.style import Style

Rect = tuple[float, float, float, float]
Piece = Callable[[], None]
STICKS_OUT_M, HEAD_M = 0.26, 1.7
"""What hangs below 1.7 m may stick out so far from its wall."""
WALLS = ("back", "left", "right", "front")


class Furnisher:
    """Places pieces in one room; everything is in the room's own frame.

    Parameters
    ----------
    b : Builder
        Already in the room's frame.
    room : Room
        Its size and its doors.
    style : Style
        The building's colours.
    rng : numpy.random.Generator
        Decides positions: another one moves the furniture.
    way : sequence of Rect, optional
        Where the robot drives: nothing stands there, and nothing is hung where it would stick out
        into it.
    """

    def __init__(
        self,
        b: Builder,
        room: Room,
        style: Style,
        rng: np.random.Generator,
        way: Sequence[Rect] = (),
    ) -> None:
        self.b, self.room, self.style, self.rng = b, room, style, rng
        self.w, self.d = room.width, room.depth
        self._solid: list[Rect] = []
        self._way = list(way)
        self._clear: list[Rect] = list(way)
        self._hung: dict[str, list[tuple[float, float, float, float]]] = {k: [] for k in WALLS}
        for h in room.holes:
            self._hung[h.wall].append((h.a - 0.1, h.b + 0.1, max(0.0, h.low - 0.1), h.high + 0.1))
        for h in room.doors:
            self._clear.append(_against(self.room, h.wall, (h.a + h.b) / 2, h.b - h.a + 0.5, 1.2))

    def stand(
        self,
        piece: Piece,
        w: float,
        d: float,
        h: float = 1.0,
        walls: tuple[str, ...] = WALLS,
        clear: float = 0.45,
        at: float | None = None,
    ) -> bool:
        """Stand a piece ``w`` wide and ``d`` deep with its back to a wall; False: no room for it.

        ``clear``: metres kept free before it. ``at``: the preferred place, 0 to 1 along the wall.
        """
        for wall in walls:
            for spot in self._spots(wall, w, 0.02, at):
                if self._try(piece, wall, spot, w, d, h, clear):
                    return True
        return False

    def _spots(self, wall: str, w: float, margin: float, at: float | None) -> list[float]:
        """Return middles for a piece ``w`` wide along a wall, in the order they are tried."""
        length = self.w if wall in ("back", "front") else self.d
        if length < w + 2 * margin:
            return []
        spots = np.linspace(w / 2 + margin, length - w / 2 - margin, 25)
        if at is None:
            spots = self.rng.permutation(spots)
        else:
            spots = spots[np.argsort(np.abs(spots - at * length), kind="stable")]
        return [float(s) for s in spots]

    def _try(
        self, piece: Piece, wall: str, spot: float, w: float, d: float, h: float, clear: float
    ) -> bool:
        solid = _against(self.room, wall, spot, w, d + 0.02)
        front = _against(self.room, wall, spot, w, d + clear)
        if not self._inside(front) or self._meets(solid, self._solid + self._clear):
            return False
        if self._meets(front, self._solid):
            return False
        a, b = spot - w / 2, spot + w / 2
        if any(x0 < b and a < x1 and h > z0 for x0, x1, z0, _ in self._hung[wall]):
            return False
        self._solid.append(solid)
        self._clear.append(front)
        self._hung[wall].append((a, b, 0.0, h))
        self._build(piece, wall, spot, 0.02)
        return True

    def hang_near(
        self, piece: Piece, w: float, low: float, high: float, wall: str, at: float
    ) -> bool:
        """Hang a piece within half its width of the place; False: no room for it there."""
        length = self.w if wall in ("back", "front") else self.d
        near = [s for s in self._spots(wall, w, 0.1, at) if abs(s - at * length) <= w / 2 + 0.3]
        return self._hang(piece, w, low, high, wall, near)

    def hang(
        self,
        piece: Piece,
        w: float,
        low: float,
        high: float,
        walls: tuple[str, ...] = WALLS,
        at: float | None = None,
    ) -> bool:
        """Hang a piece on a wall between two heights; False: no room for it."""
        return any(
            self._hang(piece, w, low, high, wall, self._spots(wall, w, 0.1, at)) for wall in walls
        )

    def _hang(
        self, piece: Piece, w: float, low: float, high: float, wall: str, spots: list[float]
    ) -> bool:
        used = self._hung[wall]
        for spot in spots:
            a, b = spot - w / 2 - 0.05, spot + w / 2 + 0.05
            if any(x0 < b and a < x1 and z0 < high and low < z1 for x0, x1, z0, z1 in used):
                continue
            out = _against(self.room, wall, spot, w, STICKS_OUT_M)
            if self._way and low < HEAD_M and self._meets(out, self._way):
                continue
            used.append((a, b, low, high))
            self._build(piece, wall, spot, 0.0)
            return True
        return False

    def island(
        self,
        piece: Piece,
        w: float,
        d: float,
        turns: tuple[float, ...] = (0.0, math.pi / 2),
        margin: float = 0.75,
        x: float = 0.5,
        y: float = 0.5,
    ) -> bool:
        """Stand a piece free in the room, as near to (x, y) (shares of the room) as it goes."""
        best: tuple[float, float, float, float] | None = None
        for turn in turns:
            across = abs(math.sin(turn)) > 0.7
            rw, rd = (d, w) if across else (w, d)
            for cx in np.arange(rw / 2 + margin, self.w - rw / 2 - margin + 1e-6, 0.1):
                for cy in np.arange(rd / 2 + margin, self.d - rd / 2 - margin + 1e-6, 0.1):
                    rect = (cx - rw / 2, cy - rd / 2, cx + rw / 2, cy + rd / 2)
                    away = math.hypot(cx - x * self.w, cy - y * self.d)
                    if (best is None or away < best[0]) and not self._meets(
                        rect, self._solid + self._clear
                    ):
                        best = away, float(cx), float(cy), turn
        if best is None:
            return False
        _, cx, cy, turn = best
        rw, rd = (d, w) if abs(math.sin(turn)) > 0.7 else (w, d)
        self._solid.append((cx - rw / 2, cy - rd / 2, cx + rw / 2, cy + rd / 2))
        offset_x, offset_y = -math.sin(turn) * d / 2, math.cos(turn) * d / 2
        with self.b.at(cx + offset_x, cy + offset_y, 0, turn):
            piece()
        return True

    def _build(self, piece: Piece, wall: str, spot: float, gap: float) -> None:
        x, y, turn = {
            "back": (spot, self.d - gap, 0.0),
            "front": (spot, gap, math.pi),
            "left": (gap, spot, math.pi / 2),
            "right": (self.w - gap, spot, -math.pi / 2),
        }[wall]
        with self.b.at(x, y, 0, turn):
            piece()

    def _inside(self, r: Rect) -> bool:
        return r[0] > -0.01 and r[1] > -0.01 and r[2] < self.w + 0.01 and r[3] < self.d + 0.01

    @staticmethod
    def _meets(r: Rect, others: list[Rect]) -> bool:
        return any(
            r[0] < o[2] - 1e-6 and o[0] < r[2] - 1e-6 and r[1] < o[3] - 1e-6 and o[1] < r[3] - 1e-6
            for o in others
        )

    @property
    def has_way(self) -> bool:
        """Whether a given way leads through the room."""
        return bool(self._way)


def _against(room: Room, wall: str, spot: float, w: float, d: float) -> Rect:
    a, b = spot - w / 2, spot + w / 2
    if wall == "back":
        return a, room.depth - d, b, room.depth
    if wall == "front":
        return a, 0.0, b, d
    if wall == "left":
        return 0.0, a, d, b
    return room.width - d, a, room.width, b
