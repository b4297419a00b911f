"""The camera: primary rays, texture, light, sun shadows, reflections, anti-aliased edges."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import F32, I32
from robotvision.synth.building import Floor
from robotvision.synth.caster import Caster, Hits
from robotvision.synth.columns import columns, dot, rows, spread
from robotvision.synth.light import Lighting, Transport, irradiance
from robotvision.synth.paint import SIZE, hex_color, to_linear
from robotvision.synth.textures import draw

N_LEVELS = 6
BATCH = 8192
"""Rays shaded at a time: so many that their arrays stay in the cache of a core."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera: size in pixels, focal lengths and principal point."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def wide(cls, width: int, height: int) -> Lens:
        """Return the building's usual camera: 67 degrees across."""
        f = 0.75 * width
        return cls(width, height, f, f, width / 2, height / 2)


@dataclass(frozen=True, slots=True)
class Eye:
    """Where a camera is and looks: metres; yaw about z from x, pitch up, roll, in radians."""

    x: float
    y: float
    z: float
    yaw: float
    pitch: float = 0.0
    roll: float = 0.0

    @property
    def axes(self) -> F32:
        """Right, down and forward as the rows of a (3, 3) matrix."""
        cy, sy = math.cos(self.yaw), math.sin(self.yaw)
        cp, sp = math.cos(self.pitch), math.sin(self.pitch)
        forward = np.array([cy * cp, sy * cp, sp])
        right = np.array([sy, -cy, 0.0])
        down = np.cross(forward, right)
        cr, sr = math.cos(self.roll), math.sin(self.roll)
        return np.stack([cr * right + sr * down, cr * down - sr * right, forward]).astype(
            np.float32
        )

    def shifted(self, right_m: float) -> Eye:
        """Return the eye moved to its own right: the other camera of a stereo pair."""
        step = right_m * self.axes[0]
        return Eye(
            self.x + float(step[0]),
            self.y + float(step[1]),
            self.z + float(step[2]),
            self.yaw,
            self.pitch,
            self.roll,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CameraView:
    """What the camera sees: radiance (H, W, 3), distance along the axis in metres, surfaces."""

    radiance: F32
    depth_m: F32
    surface: I32
    cosine: F32
    """Between ray and surface normal, for the depth sensor."""
    sunlit: NDArray[np.bool_]


class Appearance:
    """Materials as arrays: textures with their smaller copies, tints, how surfaces take them."""

    def __init__(self, floor: Floor) -> None:
        solids = floor.solids
        names = sorted({m.texture for m in solids.materials})
        drawn = [_pyramid(draw(n, floor.seed)) for n in names]
        self.texels = np.concatenate([level for levels in drawn for level in levels])
        sizes = [SIZE >> k for k in range(N_LEVELS)]
        per_texture = sum(s * s for s in sizes)
        starts = np.concatenate([[0], np.cumsum([s * s for s in sizes])[:-1]])
        self.level_start = starts.astype(np.int32)
        materials = solids.materials
        index = np.array([names.index(m.texture) for m in materials], np.int32)
        self.start = (index * per_texture)[solids.material].astype(np.int32)
        tint = np.stack([to_linear(hex_color(m.color)) for m in materials])
        self.tint = _padded(tint.astype(np.float32))[solids.material]
        length1 = np.linalg.norm(solids.edge1, axis=1)
        length2 = np.linalg.norm(solids.edge2, axis=1)
        tile = np.array([m.tile_m or 0.0 for m in materials])[solids.material]
        fitted = tile == 0
        safe = np.where(fitted, 1.0, tile)
        self.su = np.where(fitted, 1.0, length1 / safe).astype(np.float32)
        self.sv = np.where(fitted, 1.0, length2 / safe).astype(np.float32)
        self.per_metre = (SIZE / np.where(fitted, np.maximum(length1, length2), safe)).astype(
            np.float32
        )
        shift = np.random.default_rng([floor.seed, 41]).random((len(tile), 2))
        shift = np.where((fitted | (solids.group < 0))[:, None], 0.0, shift)
        self.shift = shift.astype(np.float32)
        # textures that are fitted to their surface end at its edge, the others go on for ever
        self.least = np.where(fitted, 0.0, -np.inf).astype(np.float32)
        self.shine = _column(floor, [m.shine for m in materials])
        self.glow = _column(floor, [m.glow for m in materials])
        self.ir = _column(floor, [m.ir for m in materials])
        means = np.stack([levels[-1][:, :3].mean(0) for levels in drawn])[index]
        self.albedo = (means * tint)[solids.material].astype(np.float32)
        self.lamp = solids.lamp

    def color(self, surface: I32, s: F32, t: F32, footprint: F32) -> F32:
        """Return the linear reflectance at places on surfaces, ``footprint`` metres a pixel."""
        shift = self.shift.take(surface, 0)
        u = s * self.su.take(surface) + shift[:, 0]
        v = (1 - t) * self.sv.take(surface) + shift[:, 1]
        lod = np.log2(np.maximum(footprint * self.per_metre.take(surface), 1e-3)) + 0.3
        level = np.clip(np.round(lod), 0, N_LEVELS - 1).astype(np.int32)
        size = np.right_shift(SIZE, level).astype(np.int32)
        least = self.least.take(surface)
        most = (size - 1) - least
        x = np.minimum(np.maximum(u * size - 0.5, least), most)
        y = np.minimum(np.maximum(v * size - 0.5, least), most)
        x0, y0 = np.floor(x), np.floor(y)
        fx, fy = spread(x - x0), spread(y - y0)
        mask = size - 1
        xi, yi = x0.astype(np.int32), y0.astype(np.int32)
        xa, xb, ya, yb = xi & mask, (xi + 1) & mask, yi & mask, (yi + 1) & mask
        base = self.start.take(surface) + self.level_start.take(level)
        low, high = base + ya * size, base + yb * size
        # take is several times as fast as an index for rows that are this short
        take = self.texels.take
        mixed = _mix(
            _mix(take(low + xa, 0), take(low + xb, 0), fx),
            _mix(take(high + xa, 0), take(high + xb, 0), fx),
            fy,
        )
        mixed *= self.tint.take(surface, 0)
        return mixed


def _mix(a: F32, b: F32, share: F32) -> F32:
    """Return ``a`` with ``share`` of ``b``; ``b`` is used up."""
    b -= a
    b *= share
    b += a
    return b


def _column(floor: Floor, values: list[float]) -> F32:
    return np.array(values, np.float32)[floor.solids.material]


def _pyramid(image: F32) -> list[F32]:
    levels = []
    linear = to_linear(image)
    for _ in range(N_LEVELS):
        flat = linear.reshape(-1, 3)
        levels.append(_padded(flat))
        half = cv2.resize(linear, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        linear = np.asarray(half, np.float32)
    return levels


class Stage:
    """A floor under one light, ready to be photographed."""

    def __init__(
        self, floor: Floor, caster: Caster, tr: Transport, light: Lighting, looks: Appearance
    ) -> None:
        self.floor, self.caster, self.transport = floor, caster, tr
        self.light, self.looks = light, looks
        self.nodes = irradiance(tr, caster, light, looks.albedo)
        self.light_map = tr.light_map(self.nodes)
        normals = np.cross(floor.solids.edge1, floor.solids.edge2)
        normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
        self.normal = columns(normals)
        lamp_glow = np.append(light.lamp_on, 0.0)[floor.solids.lamp].astype(np.float32)
        emitted = looks.glow[:, None] + (0.25 * lamp_glow)[:, None] * light.lamp
        self.emitted = _padded(emitted.astype(np.float32))
        sun = light.sun if light.sun is not None else np.zeros(3, np.float32)
        self.to_sun = normals @ sun

    def seen_by(self, caster: Caster) -> Stage:
        """Return the floor under the same light, its rays cast by another caster."""
        other = copy.copy(self)
        other.caster = caster
        return other

    def view(self, eye: Eye, lens: Lens) -> CameraView:
        """Photograph the building: radiance, exact depth, exact surfaces."""
        rays: F32 = _pixels(lens) @ eye.axes
        parts = list(self._shaded(_start(eye, rays), rays, 1 / lens.fx, 0.0))
        color, cosine, sunlit = (np.concatenate([p[k] for p in parts]) for k in (0, 2, 3))
        hits = Hits.joined([p[1] for p in parts])
        self._reflect(color, eye, rays, hits, cosine, lens)
        shape = (lens.height, lens.width)
        surface = hits.surface.reshape(shape)
        self._smooth_edges(color, (2 * surface + sunlit.reshape(shape)).astype(np.int32), eye, lens)
        depth = (hits.distance * (rays @ eye.axes[2])).reshape(shape)
        depth = np.where(surface >= 0, depth, np.inf).astype(np.float32)
        radiance = np.ascontiguousarray(color[:, :3]).reshape(*shape, 3)
        return CameraView(radiance, depth, surface, cosine.reshape(shape), sunlit.reshape(shape))

    def _smooth_edges(self, color: F32, areas: I32, eye: Eye, lens: Lens) -> None:
        """Average three samples in the pixels where one surface or shadow meets another."""
        edge = np.zeros(areas.shape, bool)
        across, down = areas[:, 1:] != areas[:, :-1], areas[1:] != areas[:-1]
        edge[:, 1:] |= across
        edge[:, :-1] |= across
        edge[1:] |= down
        edge[:-1] |= down
        flat = np.flatnonzero(edge)
        v, u = (place.astype(np.float32) for place in np.divmod(flat, lens.width))
        limit = np.float32(3.0)
        total = np.minimum(color.take(flat, 0), limit)
        for dx, dy in ((0.17, 0.77), (0.83, 0.23)):
            rays = _local(lens, u + np.float32(dx), v + np.float32(dy)) @ eye.axes
            total += np.minimum(self._color(_start(eye, rays), rays, 1 / lens.fx), limit)
        color[flat] = total / 3

    def _reflect(
        self, color: F32, eye: Eye, rays: F32, hits: Hits, cosine: F32, lens: Lens
    ) -> None:
        """Add what shiny surfaces mirror: sharp in mirrors, blurred on floors and metal."""
        shine = self.looks.shine[hits.surface] * (hits.surface >= 0)
        where = np.flatnonzero(shine > 0)
        if not len(where):
            return
        normal, way = self.normal.take(hits.surface[where], 1), columns(rays.take(where, 0))
        start = (hits.distance[where] - 2e-3) * way
        start += np.array([[eye.x], [eye.y], [eye.z]], np.float32)
        mirrored = rows(way - 2 * dot(way, normal) * normal)
        mirrored_radiance = self._color(rows(start), mirrored, 1 / lens.fx, hits.distance[where])
        soft = _blurred(mirrored_radiance, where, lens)
        base = shine[where]
        share = spread(base + (1 - base) * 0.6 * (1 - cosine[where]) ** 5)
        mirrored_radiance = np.where((base < 0.8)[:, None], soft, mirrored_radiance)
        color[where] = color[where] * (1 - share) + mirrored_radiance * share

    def _shaded(
        self, origins: F32, rays: F32, pixel: float, travelled: F32 | float
    ) -> Iterator[tuple[F32, Hits, F32, NDArray[np.bool_]]]:
        """Shade rays in batches; ``pixel``: radians a pixel spans."""
        n = len(rays)
        far = np.broadcast_to(np.float32(travelled), n)
        for k in range(0, max(n, 1), BATCH):
            part = slice(k, k + BATCH)
            yield self._shade(origins[part], rays[part], pixel, far[part])

    def _color(self, origins: F32, rays: F32, pixel: float, travelled: F32 | float = 0.0) -> F32:
        """Return the radiance along rays, (N, 4), without mirrors."""
        parts = self._shaded(origins, rays, pixel, travelled)
        return np.concatenate([color for color, *_ in parts])

    def _shade(
        self, origins: F32, rays: F32, pixel: float, travelled: F32
    ) -> tuple[F32, Hits, F32, NDArray[np.bool_]]:
        hits = self.caster.cast(origins, rays)
        surface, s, t = hits.surface, hits.s, hits.t
        missed = np.flatnonzero(surface < 0)
        if len(missed):  # shaded as if they had met something, and painted over
            surface, s, t = surface.copy(), s.copy(), t.copy()
            surface[missed] = s[missed] = t[missed] = 0
        way, normal = columns(rays), self.normal.take(surface, 1)
        toward = -dot(way, normal)
        cosine = np.abs(toward)
        spanned = (hits.distance + travelled) * pixel
        footprint = spanned / np.sqrt(np.maximum(cosine, np.float32(0.05)))
        albedo = self.looks.color(surface, s, t, np.asarray(footprint, np.float32))
        light = self.transport.fine.interpolate(self.light_map, surface, s, t)
        sunlit = np.zeros(len(rays), bool)
        if self.light.sun is not None:
            side = np.sign(toward)
            facing = side * self.to_sun.take(surface)
            facing[missed] = 0
            start = hits.distance * way
            start += columns(origins)
            start += (3e-3 * side) * normal
            self._add_sun(light, facing, start, sunlit)
        light *= albedo
        albedo += np.float32(0.02)
        albedo *= self.emitted.take(surface, 0)
        light += albedo
        color = light.astype(np.float32)
        if len(missed):
            color[missed] = _padded(self._outside(rays[missed]))
            cosine[missed] = 1
        return color, hits, cosine, sunlit

    def _add_sun(self, light: F32, facing: F32, start: F32, sunlit: NDArray[np.bool_]) -> None:
        """Add the sun's light where its way is free; ``start`` (3, N): just off the surfaces."""
        assert self.light.sun is not None
        lit = np.flatnonzero(facing > 0)
        aim = _repeated(self.light.sun, len(lit))
        sunlit[lit] = ~self.caster.blocked(rows(start.take(lit, 1)), aim)
        share = facing * sunlit
        red, green, blue = self.light.sun_color
        light += rows((share * red, share * green, share * blue, np.zeros_like(share)))

    def _outside(self, rays: F32) -> F32:
        h, w = self.light.outside.shape[:2]
        column = (np.arctan2(rays[:, 1], rays[:, 0]) / (2 * math.pi) * w).astype(np.int32) % w
        # between 37 degrees above and below the horizon: what is seen through a window
        height = np.clip(0.5 - rays[:, 2] * 0.83, 0, 0.999)
        radiance: F32 = self.light.outside[(height * h).astype(np.int32), column]
        return radiance


def _blurred(radiance: F32, where: NDArray[np.intp], lens: Lens) -> F32:
    """Return what rows of pixels ``where`` show through a rough surface, from each other."""
    image = np.zeros((lens.height * lens.width, 4), np.float32)
    known = np.minimum(radiance, np.float32(2.0))
    known[:, 3] = 1
    image[where] = known
    sigma = lens.width / 160
    whole = image.reshape(lens.height, lens.width, 4)
    blurred = cv2.GaussianBlur(whole, (0, 0), sigma, sigmaY=2 * sigma)
    soft: F32 = np.asarray(blurred, np.float32).reshape(-1, 4).take(where, 0)
    soft /= spread(soft[:, 3])
    return soft


def _start(eye: Eye, rays: F32) -> F32:
    return _repeated(np.array([eye.x, eye.y, eye.z], np.float32), len(rays))


def _repeated(row: F32, n: int) -> F32:
    repeated: F32 = rows([np.full(n, value, np.float32) for value in row])
    return repeated


def _padded(colors: F32) -> F32:
    """Return (N, 3) colours with a column of zeros: rows of four are taken faster."""
    return np.concatenate([colors, np.zeros((len(colors), 1), np.float32)], axis=1)


def _local(lens: Lens, x: F32, y: F32) -> F32:
    """Return the directions, in the camera's frame, of rays through places of the image."""
    right = (x - np.float32(lens.cx)) / np.float32(lens.fx)
    below = (y - np.float32(lens.cy)) / np.float32(lens.fy)
    local = np.stack([right, below, np.ones_like(right)])
    local /= np.sqrt(dot(local, local))
    directions: F32 = rows(local)
    return directions


@lru_cache(maxsize=4)
def _pixels(lens: Lens) -> F32:
    """Return the directions of rays through the middles of an image's pixels, row by row."""
    across, down = (np.arange(n, dtype=np.float32) + 0.5 for n in (lens.width, lens.height))
    x, y = np.meshgrid(across, down)
    return _local(lens, x.ravel(), y.ravel())
