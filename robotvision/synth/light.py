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
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.errors import UnknownNameError
from robotvision.synth.building import Floor
from robotvision.synth.caster import Caster

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
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
    """(128, 512, 3) radiance seen through a window, by height and azimuth."""


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
    black = np.zeros(3, np.float32)
    rooms = floor.plan.rooms
    has_window = np.array([bool(r.windows) and r.kind != "corridor" for r in rooms])
    inner = ~has_window[floor.lamp_rooms]
    chance = rng.random(len(rooms))[floor.lamp_rooms]
    if name == "sunny":
        result = Lighting(
            name,
            sun=_sun_direction(floor, rng),
            sun_color=_rgb(6.5, 5.6, 4.1),
            sky=_rgb(4.6, 5.9, 8.0),
            ground=_rgb(3.4, 3.2, 2.7),
            lamp=_rgb(20, 19, 17),
            lamp_on=inner.astype(np.float32),
            outside=black,
        )
    elif name == "cloudy":
        result = Lighting(
            name,
            sun=None,
            sun_color=black,
            sky=_rgb(7.6, 8.0, 8.6),
            ground=_rgb(2.6, 2.6, 2.5),
            lamp=_rgb(20, 19.5, 18.5),
            lamp_on=np.where(inner, 1.0, np.where(chance < 0.4, 0.7, 0.0)).astype(np.float32),
            outside=black,
        )
    else:
        on = np.where(chance < 0.3, 0.09, 1.0).astype(np.float32)
        result = Lighting(
            name,
            sun=None,
            sun_color=black,
            sky=_rgb(0.05, 0.06, 0.11),
            ground=_rgb(0.09, 0.07, 0.04),
            lamp=_rgb(15, 11.5, 7.5),
            lamp_on=np.where(rng.random(len(on)) < 0.25, on * 0.25, on).astype(np.float32),
            outside=black,
        )
    return replace(result, outside=_outside(result, rng))


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


def _outside(light: Lighting, rng: np.random.Generator) -> F32:
    """Paint the view outside: sky, clouds, trees and houses along the horizon, ground."""
    h, w = 128, 512
    image = np.zeros((h, w, 3), np.float32)
    up = np.linspace(1, 0, h // 2, dtype=np.float32)[:, None, None]
    pale = 0.35 + 0.65 * light.sky / max(float(light.sky.max()), 1e-6)
    image[: h // 2] = light.sky * (1 - up) * pale + light.sky * up
    image[h // 2 :] = light.ground * 0.8
    if light.name != "night":
        coarse = rng.random((10, 24)).astype(np.float32)
        cloud = np.clip(cv2.resize(coarse, (w, h // 2), interpolation=cv2.INTER_CUBIC) - 0.45, 0, 1)
        white = float(light.sky.mean()) * (1.3 if light.name == "sunny" else 1.0)
        image[: h // 2] += (np.float32(white) - image[: h // 2]) * np.clip(cloud * 2.2, 0, 1)[
            ..., None
        ]
    x = 0
    while x < w:
        width = int(rng.integers(14, 46))
        high = int(rng.integers(4, 15))
        tone = rng.uniform(0.35, 0.8) * light.ground * np.array([1.0, 0.9, 0.8], np.float32)
        if rng.random() < 0.45:
            image[h // 2 - high : h // 2 + 3, x : x + width] = tone
            for y in range(h // 2 - high + 2, h // 2, 4):
                for k in range(x + 2, min(x + width - 2, w), 5):
                    lit = light.name == "night" and rng.random() < 0.35
                    glass = _rgb(1.6, 1.2, 0.6) if lit else tone * 0.5
                    image[y : y + 2, k : k + 2] = glass
        else:
            green = light.ground * np.array([0.35, 0.62, 0.22], np.float32)
            for _ in range(width // 3):
                cx, cy = x + int(rng.integers(width)), h // 2 - int(rng.integers(high))
                shade = tuple(float(v) for v in green * rng.uniform(0.5, 1.2))
                cv2.circle(image, (cx, cy), int(rng.integers(2, 6)), shade, -1)
        x += width
    return cv2.GaussianBlur(image, (3, 3), 0.8).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Transport:
    """Nodes and what they see: all that lighting needs of the geometry. N nodes.

    ``first``, ``nu``, ``nv`` (per surface) lay the nodes of a surface out as rows of ``nu``.
    """

    first: I32
    nu: I32
    nv: I32
    position: F32
    normal: F32
    surface: I32
    seen: I32
    """(N_RAYS, N) node that each ray ends on, -1: none."""
    lamps: tuple[tuple[I32, F32], ...]
    """For each lamp: nodes it reaches, form factors."""
    panes: tuple[tuple[I32, F32, F32], ...]
    """For each window: nodes, form factors of sky and of ground."""
    around: I32
    """(4, N) neighbours in the grid, for smoothing."""


def transport(floor: Floor, caster: Caster) -> Transport:
    """Find what every node sees: the geometric half of the lighting."""
    rng = np.random.default_rng([floor.seed, 32])
    solids = floor.solids
    first, nu, nv, surface, s, t, around = _nodes(floor)
    e1, e2 = solids.edge1, solids.edge2
    normals = np.cross(e1, e2)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normal = normals[surface].astype(np.float32)
    position = solids.origin[surface] + s[:, None] * e1[surface] + t[:, None] * e2[surface]
    position = (position + 0.004 * normal).astype(np.float32)
    seen = _gather(caster, position, normal, first, nu, nv, rng)
    lamps = []
    for k in range(len(floor.lamp_rooms)):
        i = int(np.flatnonzero(solids.lamp == k)[0])
        source = _Source(solids.origin[i], e1[i], e2[i], normals[i].astype(np.float32))
        nodes, sky, ground = _form_factors(caster, source, position, normal, 4, rng)
        lamps.append((nodes, sky + ground))
    panes = []
    for p in floor.panes:
        o, a, b = (np.array(v, np.float32) for v in (p.origin, p.edge1, p.edge2))
        n = np.cross(a, b)
        source = _Source(o, a, b, (n / np.linalg.norm(n)).astype(np.float32))
        panes.append(_form_factors(caster, source, position, normal, 6, rng))
    return Transport(
        first, nu, nv, position, normal, surface, seen, tuple(lamps), tuple(panes), around
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    origin: F32
    edge1: F32
    edge2: F32
    normal: F32


def _nodes(floor: Floor) -> tuple[I32, I32, I32, I32, F32, F32, I32]:
    solids = floor.solids
    length1 = np.linalg.norm(solids.edge1, axis=1)
    length2 = np.linalg.norm(solids.edge2, axis=1)
    step = np.where(solids.group < 0, NODE_M, 0.2)
    nu = np.clip(np.round(length1 / step), 1, 200).astype(np.int32)
    nv = np.clip(np.round(length2 / step), 1, 200).astype(np.int32)
    count = nu * nv
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int32)
    surface = np.repeat(np.arange(len(count), dtype=np.int32), count)
    local = np.arange(len(surface), dtype=np.int32) - first[surface]
    i, j = local % nu[surface], local // nu[surface]
    s = ((i + 0.5) / nu[surface]).astype(np.float32)
    t = ((j + 0.5) / nv[surface]).astype(np.float32)
    base, row = first[surface], nu[surface]
    around = np.stack(
        [
            base + j * row + np.maximum(i - 1, 0),
            base + j * row + np.minimum(i + 1, row - 1),
            base + np.maximum(j - 1, 0) * row + i,
            base + np.minimum(j + 1, nv[surface] - 1) * row + i,
        ]
    ).astype(np.int32)
    return first, nu, nv, surface, s, t, around


def node_at(first: I32, nu: I32, nv: I32, surface: I32, s: F32, t: F32) -> I32:
    """Return the node nearest to places (s, t) on surfaces."""
    i = (np.clip(s, 0, 0.9999) * nu[surface]).astype(np.int32)
    j = (np.clip(t, 0, 0.9999) * nv[surface]).astype(np.int32)
    node: I32 = first[surface] + j * nu[surface] + i
    return node


def _gather(
    caster: Caster,
    position: F32,
    normal: F32,
    first: I32,
    nu: I32,
    nv: I32,
    rng: np.random.Generator,
) -> I32:
    helper = np.where(np.abs(normal[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    u = np.cross(normal, helper)
    u = (u / np.linalg.norm(u, axis=1, keepdims=True)).astype(np.float32)
    v = np.cross(normal, u).astype(np.float32)
    turn = rng.random(len(position)).astype(np.float32) * np.float32(0.25)
    seen = np.empty((N_RAYS, len(position)), np.int32)
    for k in range(N_RAYS):  # a Fibonacci spiral on the disc, lifted: cosine-weighted directions
        r = math.sqrt((k + 0.5) / N_RAYS)
        a = 2.399963 * k + turn * 2 * np.float32(math.pi)
        d = (r * np.cos(a))[:, None] * u + (r * np.sin(a))[:, None] * v
        d = (d + math.sqrt(1 - r * r) * normal).astype(np.float32)
        hits = caster.cast(position, d)
        node = node_at(first, nu, nv, hits.surface, hits.s, hits.t)
        seen[k] = np.where(hits.surface >= 0, node, -1)
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
    direct = _smooth(direct, tr.around, 1)
    seed = direct + _sun(tr, caster, light)
    reflect = np.minimum(albedo[tr.surface], 0.9)
    bounced = np.zeros_like(direct)
    for _ in range(N_BOUNCES):
        radiance = np.vstack([reflect * (seed + bounced), np.zeros((1, 3), np.float32)])
        total = np.zeros_like(direct)
        for row in tr.seen:
            total += radiance[row]
        bounced = _smooth(total / np.float32(N_RAYS), tr.around, 2)
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


def _smooth(values: F32, around: I32, times: int) -> F32:
    for _ in range(times):
        mixed = values[around[0]] + values[around[1]] + values[around[2]] + values[around[3]]
        values = 0.4 * values + 0.15 * mixed
    return values
