"""Light in the building: sun, sky through the windows, lamps, and what the walls throw back.

Radiosity on small patches, after Goral et al. (1984) in the gathering form: each surface carries a
grid of nodes; a node's irradiance is that of lamps and windows (area sources, sampled with shadow
rays) plus what a fixed fan of rays finds on other nodes, over three bounces. What sees what
depends on geometry alone, so it is found once (`Transport`) and lit many times. Sun patches have
sharp edges and are therefore cast per pixel by the camera; here the sun only feeds the bounces.

Units: irradiance is divided by pi, so a surface's radiance is albedo x irradiance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from robotvision.errors import UnknownNameError
from robotvision.synth.aliases import F32, I32
from robotvision.synth.building import Floor
from robotvision.synth.caster import Caster
from robotvision.synth.lightmap import NodeGrid, fine_grid, openness, smooth, tangents
from robotvision.synth.outside import panorama

LIGHTS = ("sunny", "cloudy", "night")
N_RAYS = 48
N_BOUNCES = 3
NODE_M = 0.16
REACH_M = 11.0


@dataclass(frozen=True, slots=True, eq=False)
class Lighting:
    """One condition: colours are linear radiances; ``sun`` points to the sun (None: no sun)."""

    name: str
    sun: F32 | None
    sun_color: F32
    sky: F32
    ground: F32
    lamp: F32
    lamp_on: F32
    """(L,) share of full power of each lamp."""
    outside: F32
    """(256, 1024, 3) radiance seen through a window, by height and azimuth."""


def lighting(name: str, floor: Floor, floor_number: int = 0) -> Lighting:
    """Return the light condition ``sunny``, ``cloudy`` or ``night`` for a floor.

    Raises
    ------
    UnknownNameError
        No such condition.
    """
    if name not in LIGHTS:
        raise UnknownNameError("light", name, LIGHTS)
    rng = np.random.default_rng([floor.seed, floor_number, LIGHTS.index(name), 31])
    rooms = floor.plan.rooms
    has_window = np.array([bool(r.windows) and r.kind != "corridor" for r in rooms])
    inner = ~has_window[floor.lamp_rooms]
    chance = rng.random(len(rooms))[floor.lamp_rooms]
    sun, sun_color = None, np.zeros(3, np.float32)
    if name == "sunny":
        sun, sun_color = _sun_direction(floor, rng), _rgb(6.5, 5.6, 4.1)
        sky, ground, lamp = _rgb(4.6, 5.9, 8.0), _rgb(3.4, 3.2, 2.7), _rgb(20, 19, 17)
        on = inner
    elif name == "cloudy":
        sky, ground, lamp = _rgb(7.6, 8.0, 8.6), _rgb(2.6, 2.6, 2.5), _rgb(20, 19.5, 18.5)
        on = np.where(inner, 1.0, np.where(chance < 0.4, 0.7, 0.0))
    else:
        sky, ground, lamp = _rgb(0.05, 0.06, 0.11), _rgb(0.09, 0.07, 0.04), _rgb(15, 11.5, 7.5)
        on = np.where(chance < 0.3, 0.09, 1.0).astype(np.float32)
        on = np.where(rng.random(len(on)) < 0.25, on * 0.25, on)
    outside = panorama(name, sky, ground, rng)
    return Lighting(name, sun, sun_color, sky, ground, lamp, on.astype(np.float32), outside)


def _sun_direction(floor: Floor, rng: np.random.Generator) -> F32:
    """Return a direction straight into the windows of one side, low enough to reach far inside."""
    azimuth = _sunny_side(floor) + math.radians(float(rng.uniform(-28, 28)))
    elevation = math.radians(float(rng.uniform(24, 31)))
    return np.array(
        [
            math.cos(azimuth) * math.cos(elevation),
            math.sin(azimuth) * math.cos(elevation),
            math.sin(elevation),
        ]
    ).astype(np.float32)


def _sunny_side(floor: Floor) -> float:
    """Return the azimuth that the largest area of windows of rooms looks towards."""
    area = {k: 0.0 for k in range(4)}
    for pane in floor.panes:
        if floor.plan.rooms[pane.room].kind != "corridor":
            (dx, dy, _), high = pane.edge1, pane.edge2[2]
            out = math.atan2(dx, -dy)  # the inward normal is edge 1 x edge 2
            area[round(out / (math.pi / 2)) % 4] += math.hypot(dx, dy) * high
    return max(area, key=lambda k: area[k]) * math.pi / 2


def _rgb(r: float, g: float, b: float) -> F32:
    return np.array([r, g, b], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Transport:
    """Nodes and what they see: all that lighting needs of the geometry. N nodes."""

    grid: NodeGrid
    position: F32
    normal: F32
    seen: I32
    """(N_RAYS, N) node that each ray ends on, -1: none."""
    lamps: tuple[tuple[I32, F32], ...]
    """For each lamp: nodes it reaches, form factors."""
    panes: tuple[tuple[I32, F32, F32], ...]
    """For each window: nodes, form factors of sky and of ground."""
    around: I32
    """(4, N) neighbours in the grid, for smoothing."""
    fine: NodeGrid
    open_share: F32
    """(M, 1) share of its light that each node of the fine grid keeps."""

    def light_map(self, irradiance: F32) -> F32:
        """Return the irradiance of the fine grid's nodes, contact shadows included."""
        fine = self.fine
        return self.grid.interpolate(irradiance, fine.surface, fine.s, fine.t) * self.open_share


def transport(floor: Floor, caster: Caster) -> Transport:
    """Find what every node sees: the geometric half of the lighting."""
    rng = np.random.default_rng([floor.seed, 32])
    solids = floor.solids
    e1, e2 = solids.edge1, solids.edge2
    step = np.where(solids.group < 0, NODE_M, 0.2).astype(np.float32)
    grid = NodeGrid.over(solids, step, 200)
    normals = np.cross(e1, e2)
    normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
    normal = normals[grid.surface]
    position = grid.points(solids, normals, 0.004)
    seen = _gather(caster, position, normal, grid, rng)
    lamps = []
    for k in range(len(floor.lamp_rooms)):
        i = int(np.flatnonzero(solids.lamp == k)[0])
        source = _Source(solids.origin[i], e1[i], e2[i], normals[i])
        nodes, sky, ground = _form_factors(caster, source, position, normal, 4, rng)
        lamps.append((nodes, sky + ground))
    panes = []
    for p in floor.panes:
        o, a, b = (np.array(v, np.float32) for v in (p.origin, p.edge1, p.edge2))
        n = np.cross(a, b)
        source = _Source(o, a, b, (n / np.linalg.norm(n)).astype(np.float32))
        panes.append(_form_factors(caster, source, position, normal, 6, rng))
    fine = fine_grid(solids)
    open_share = openness(caster, solids, fine, normals)
    around = grid.around
    return Transport(
        grid, position, normal, seen, tuple(lamps), tuple(panes), around, fine, open_share
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    origin: F32
    edge1: F32
    edge2: F32
    normal: F32


def _gather(
    caster: Caster, position: F32, normal: F32, grid: NodeGrid, rng: np.random.Generator
) -> I32:
    u, v = tangents(normal)
    turn = rng.random(len(position)).astype(np.float32) * np.float32(0.25)
    seen = np.empty((N_RAYS, len(position)), np.int32)
    for k in range(N_RAYS):  # a Fibonacci spiral on the disc, lifted: cosine-weighted directions
        r = math.sqrt((k + 0.5) / N_RAYS)
        a = 2.399963 * k + turn * 2 * np.float32(math.pi)
        d = (r * np.cos(a))[:, None] * u + (r * np.sin(a))[:, None] * v
        d = (d + math.sqrt(1 - r * r) * normal).astype(np.float32)
        hits = caster.cast(position, d)
        seen[k] = np.where(hits.surface >= 0, grid.nearest(hits.surface, hits.s, hits.t), -1)
    return seen


def _form_factors(
    caster: Caster, source: _Source, position: F32, normal: F32, n: int, rng: np.random.Generator
) -> tuple[I32, F32, F32]:
    """Return the nodes an area source reaches and its form factors above and below horizontal."""
    area = float(np.linalg.norm(np.cross(source.edge1, source.edge2)))
    centre = source.origin + 0.5 * (source.edge1 + source.edge2)
    to = centre - position
    near = np.einsum("ij,ij->i", to, to) < REACH_M**2
    size = 0.5 * float(np.linalg.norm(source.edge1 + source.edge2))
    facing = np.einsum("ij,ij->i", to, normal) > -size
    before = to @ source.normal < 0.05
    nodes = np.flatnonzero(near & facing & before).astype(np.int32)
    x, m = position[nodes], normal[nodes]
    sky = np.zeros(len(nodes), np.float32)
    ground = np.zeros(len(nodes), np.float32)
    across = 2 if n % 2 == 0 else 1
    for k in range(n):
        jitter = rng.random((2, len(nodes))).astype(np.float32)
        a = (k % (n // across) + jitter[0]) / (n // across)
        c = (k // (n // across) + jitter[1]) / across
        p = source.origin + a[:, None] * source.edge1 + c[:, None] * source.edge2
        d = p + 0.01 * source.normal - x
        r2 = np.maximum(np.einsum("ij,ij->i", d, d), 0.02)
        d = (d / np.sqrt(r2)[:, None]).astype(np.float32)
        cosines = np.maximum(np.einsum("ij,ij->i", d, m), 0) * np.maximum(-(d @ source.normal), 0)
        factor = (cosines * (area / (math.pi * n)) / r2).astype(np.float32)
        useful = np.flatnonzero(factor > 1e-6)
        limit = (np.sqrt(r2[useful]) - 0.015).astype(np.float32)
        free = ~caster.blocked(x[useful], d[useful], np.maximum(limit, 1e-3))
        add = np.zeros(len(nodes), np.float32)
        add[useful] = factor[useful] * free
        sky += add * (d[:, 2] > 0)
        ground += add * (d[:, 2] <= 0)
    keep = (sky + ground) > 0
    return nodes[keep], sky[keep], ground[keep]


def irradiance(tr: Transport, caster: Caster, light: Lighting, albedo: F32) -> F32:
    """Return the irradiance of every node, (N, 4), the last column unused padding.

    ``albedo``: (S, 3) mean linear reflectance of each surface.
    """
    n = len(tr.position)
    direct = np.zeros((n, 3), np.float32)
    for (nodes, factor), on in zip(tr.lamps, light.lamp_on, strict=True):
        if on > 0:
            direct[nodes] += factor[:, None] * (on * light.lamp)
    for nodes, sky, ground in tr.panes:
        direct[nodes] += sky[:, None] * light.sky + ground[:, None] * light.ground
    direct = smooth(direct, tr.around, 1)
    seed = direct + _sun(tr, caster, light)
    reflect = np.minimum(albedo[tr.grid.surface], 0.9)
    bounced = np.zeros_like(direct)
    for _ in range(N_BOUNCES):
        radiance = np.vstack([reflect * (seed + bounced), np.zeros((1, 3), np.float32)])
        total = np.zeros_like(direct)
        for row in tr.seen:
            total += radiance.take(row, 0)
        bounced = smooth(total / np.float32(N_RAYS), tr.around, 2)
    result = np.zeros((n, 4), np.float32)
    result[:, :3] = direct + bounced + 0.002
    return result


def _sun(tr: Transport, caster: Caster, light: Lighting) -> F32:
    lit = np.zeros_like(tr.position)
    if light.sun is None:
        return lit
    cosine = tr.normal @ light.sun
    nodes = np.flatnonzero(cosine > 0)
    rays = np.broadcast_to(light.sun, (len(nodes), 3)).astype(np.float32)
    free = ~caster.blocked(tr.position[nodes], rays)
    lit[nodes] = (cosine[nodes] * free)[:, None] * light.sun_color
    return lit
