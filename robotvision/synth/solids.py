"""Simple solids as surfaces with their own frame: what the building is made of.

A *surface* is flat, has a frame (origin, two edges), a material, a room and perhaps the object it
belongs to; it is cut into triangles for the ray caster. Texture and light are looked up by the
coordinates (s, t) in the surface's frame, so a wall with a door in it is still one surface. The
normal of a surface is edge 1 x edge 2 and points to the side that is seen.

Metres; x, y on the floor, z up. A piece of furniture is built with its back at y = 0 and its front
towards -y, and is then placed by `Builder.at`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import F32, I32, Point, Vec

GRAINED = frozenset({"wood"})
"""Textures whose grain runs along a surface's longer side, as it does along a board."""


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface looks.

    Parameters
    ----------
    texture : str
        Name of a procedural texture.
    color : str
        sRGB tint ``#rrggbb`` that multiplies the texture.
    tile_m : float or None
        Side of one repetition of the texture in metres; None: fitted to the surface once.
    shine : float
        Share of mirrored light seen head-on, 0 to 1.
    glow : float
        Radiance given off whatever the light, in the units of the lighting (a lit wall is near 1).
    ir : float
        Share of a depth camera's infrared pattern that comes back, 0 to 1; low: holes in depth.
    """

    texture: str = "plain"
    color: str = "#ffffff"
    tile_m: float | None = 1.0
    shine: float = 0.0
    glow: float = 0.0
    ir: float = 1.0


@dataclass(frozen=True, eq=False)
class Solids:
    """Everything built, as arrays: S surfaces, T triangles."""

    origin: F32  # (S, 3)
    edge1: F32  # (S, 3)
    edge2: F32  # (S, 3)
    material: I32  # (S,)
    object: I32  # (S,) index into object_names, 0 = none
    room: I32  # (S,) index of the room, -1 = none
    group: I32  # (S,) piece of furniture, -1 = part of the building
    lamp: I32  # (S,) lamp whose switch makes it glow, -1 = none
    triangles: F32  # (T, 3, 3)
    triangle_surface: I32  # (T,)
    materials: tuple[Material, ...]
    object_names: tuple[str, ...]


class Builder:
    """Collects surfaces; the frame, the room, the object and the group are set by context."""

    def __init__(self) -> None:
        self._frames: list[NDArray[np.float64]] = [np.eye(4)]
        self._frame = 0
        self._surfaces: list[tuple[Vec, Vec, Vec, int, int, int, int, int, int]] = []
        self._triangles: list[tuple[int, int, Vec, Vec, Vec]] = []
        self._materials: dict[Material, int] = {}
        self._objects: dict[str, int] = {"": 0}
        self._object = 0
        self._group = -1
        self._n_groups = 0
        self.room = -1
        self.lamp = -1

    @contextmanager
    def at(self, x: float, y: float, z: float = 0.0, turn: float = 0.0) -> Iterator[None]:
        """Build in a frame moved by (x, y, z) and turned by ``turn`` radians about z."""
        c, s = math.cos(turn), math.sin(turn)
        move = np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1]])
        before = self._frame
        self._frames.append(self._frames[before] @ move)
        self._frame = len(self._frames) - 1
        yield
        self._frame = before

    @contextmanager
    def piece(self, name: str = "") -> Iterator[None]:
        """Build one piece of furniture: an obstacle, and the object ``name`` where given."""
        before = self._object, self._group
        if name:
            self._object = self._objects.setdefault(name, len(self._objects))
        if self._group < 0:
            self._group = self._n_groups
            self._n_groups += 1
        yield
        self._object, self._group = before

    def face(
        self,
        origin: Vec,
        edge1: Vec,
        edge2: Vec,
        material: Material,
        triangles: Sequence[tuple[Vec, Vec, Vec]] | None = None,
    ) -> None:
        """Add a surface: the whole parallelogram, or the given triangles of its plane."""
        if triangles is None:
            b, d = _add(origin, edge1), _add(origin, edge2)
            c = _add(b, edge2)
            triangles = ((origin, b, c), (origin, c, d))
        if material.texture in GRAINED and _norm(edge2) > _norm(edge1):
            origin, edge1, edge2 = _add(origin, edge1), edge2, _sub((0.0, 0.0, 0.0), edge1)
        index = len(self._surfaces)
        mat = self._materials.setdefault(material, len(self._materials))
        self._surfaces.append(
            (
                origin,
                edge1,
                edge2,
                mat,
                self._object,
                self.room,
                self._group,
                self.lamp,
                self._frame,
            )
        )
        self._triangles.extend((index, self._frame, *t) for t in triangles)

    def box(
        self,
        low: Vec,
        high: Vec,
        material: Material,
        faces: Mapping[str, Material] | None = None,
        skip: Sequence[str] = (),
    ) -> None:
        """Add a box; ``faces``: materials of front (-y), back, left, right, top or bottom."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
        sides: dict[str, tuple[Vec, Vec, Vec]] = {
            "front": ((x0, y0, z0), (dx, 0, 0), (0, 0, dz)),
            "back": ((x1, y1, z0), (-dx, 0, 0), (0, 0, dz)),
            "right": ((x1, y0, z0), (0, dy, 0), (0, 0, dz)),
            "left": ((x0, y1, z0), (0, -dy, 0), (0, 0, dz)),
            "top": ((x0, y0, z1), (dx, 0, 0), (0, dy, 0)),
            "bottom": ((x0, y1, z0), (dx, 0, 0), (0, -dy, 0)),
        }
        for side, (o, a, b) in sides.items():
            if side not in skip:
                self.face(o, a, b, (faces or {}).get(side, material))

    def slab(
        self,
        outline: Sequence[Point],
        low: float,
        high: float,
        material: Material,
        top: Material | None = None,
    ) -> None:
        """Add a convex outline, anticlockwise on the floor plan, as a body between two heights."""
        xs, ys = [p[0] for p in outline], [p[1] for p in outline]
        x0, y0, w, d = min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
        upper: list[Vec] = [(x, y, high) for x, y in outline]
        lower: list[Vec] = [(x, y, low) for x, y in outline]
        fan = range(1, len(outline) - 1)
        lid = [(upper[0], upper[k], upper[k + 1]) for k in fan]
        sole = [(lower[0], lower[k + 1], lower[k]) for k in fan]
        self.face((x0, y0, high), (w, 0, 0), (0, d, 0), top or material, lid)
        self.face((x0, y0 + d, low), (w, 0, 0), (0, -d, 0), material, sole)
        for a, b in zip(lower, lower[1:] + lower[:1], strict=True):
            self.face(a, _sub(b, a), (0, 0, high - low), material)

    def sheet(self, rows: Sequence[Sequence[Vec]], material: Material) -> None:
        """Add a bent sheet: a parallelogram between every four neighbours of a grid of points.

        It is seen from the side on which its rows run anticlockwise, and from behind as well.
        """
        for low, high in pairwise(rows):
            for (a, b), (d, c) in zip(pairwise(low), pairwise(high), strict=True):
                across = _half(_sub(_add(b, c), _add(a, d)))
                up = _half(_sub(_add(d, c), _add(a, b)))
                self.face(a, across, up, material, ((a, b, c), (a, c, d)))

    def tube(
        self,
        start: Vec,
        end: Vec,
        radius: float,
        material: Material,
        n: int = 10,
        end_radius: float | None = None,
        cap: Material | None = None,
    ) -> None:
        """Add a cylinder or cone of ``n`` sides with a cap at its end."""
        p, q = np.array(start), np.array(end)
        axis = (q - p) / np.linalg.norm(q - p)
        helper = np.array([1.0, 0, 0]) if abs(axis[0]) < 0.9 else np.array([0, 1.0, 0])
        u = np.cross(axis, helper)
        u /= np.linalg.norm(u)
        v = np.cross(axis, u)
        angles = np.arange(n + 1) * (2 * math.pi / n)
        ring = np.cos(angles)[:, None] * u + np.sin(angles)[:, None] * v
        top_radius = radius if end_radius is None else end_radius
        low, high = p + radius * ring, q + top_radius * ring
        for i in range(n):
            a, b, c, d = (_vec(w) for w in (low[i], low[i + 1], high[i + 1], high[i]))
            up = _vec((high[i] + high[i + 1] - low[i] - low[i + 1]) / 2)
            self.face(a, _sub(b, a), up, material, ((a, b, c), (a, c, d)))
        if top_radius > 0:
            fan = [(_vec(q), _vec(high[i]), _vec(high[i + 1])) for i in range(n)]
            corner = _vec(q - top_radius * (u + v))
            self.face(
                corner, _vec(2 * top_radius * u), _vec(2 * top_radius * v), cap or material, fan
            )

    def finish(self) -> Solids:
        """Return everything built, in the building's frame."""
        frames = np.array(self._frames)
        s = self._surfaces
        frame = np.array([x[8] for x in s])
        turn, move = frames[frame, :3, :3], frames[frame, :3, 3]

        def turned(k: int) -> NDArray[np.float64]:
            local = np.array([x[k] for x in s])
            return np.asarray(np.einsum("sij,sj->si", turn, local), np.float64)

        corners = np.array([t[2:] for t in self._triangles])
        frame_t = np.array([t[1] for t in self._triangles])
        triangles = np.einsum("tij,tkj->tki", frames[frame_t, :3, :3], corners)
        triangles += frames[frame_t, None, :3, 3]
        columns = np.array([x[3:8] for x in s], np.int32)
        return Solids(
            origin=(turned(0) + move).astype(np.float32),
            edge1=turned(1).astype(np.float32),
            edge2=turned(2).astype(np.float32),
            material=columns[:, 0].copy(),
            object=columns[:, 1].copy(),
            room=columns[:, 2].copy(),
            group=columns[:, 3].copy(),
            lamp=columns[:, 4].copy(),
            triangles=triangles.astype(np.float32),
            triangle_surface=np.array([t[0] for t in self._triangles], np.int32),
            materials=tuple(self._materials),
            object_names=tuple(self._objects),
        )


def wall(
    b: Builder,
    start: tuple[float, float],
    end: tuple[float, float],
    height: float,
    holes: Sequence[tuple[float, float, float, float]],
    material: Material,
) -> None:
    """Add a wall seen from the right of start -> end, with rectangular holes.

    ``holes``: (from, to, low, high) in metres along the wall and above the floor.
    """
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length

    def point(s: float, z: float) -> Vec:
        return (start[0] + s * dx, start[1] + s * dy, z)

    cuts = sorted({0.0, length, *(h[0] for h in holes), *(h[1] for h in holes)})
    triangles: list[tuple[Vec, Vec, Vec]] = []
    for s0, s1 in pairwise(cuts):
        middle = (s0 + s1) / 2
        levels = [0.0]
        for h in sorted((h for h in holes if h[0] < middle < h[1]), key=lambda h: h[2]):
            levels += [h[2], h[3]]
        levels.append(height)
        for z0, z1 in zip(levels[::2], levels[1::2], strict=True):
            if z1 - z0 > 1e-6:
                p, q, r, t = point(s0, z0), point(s1, z0), point(s1, z1), point(s0, z1)
                triangles += [(p, q, r), (p, r, t)]
    b.face(point(0, 0), (dx * length, dy * length, 0), (0, 0, height), material, triangles)


def _add(a: Vec, b: Vec) -> Vec:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _half(a: Vec) -> Vec:
    return (a[0] / 2, a[1] / 2, a[2] / 2)


def _norm(a: Vec) -> float:
    return math.hypot(*a)


def _sub(a: Vec, b: Vec) -> Vec:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _vec(a: NDArray[np.float64]) -> Vec:
    return (float(a[0]), float(a[1]), float(a[2]))
