"""Grids of nodes on surfaces that carry light, and how open each place is to its surroundings.

Light is gathered on a coarse grid (`light`). Where things touch, shadows are narrower than its
cells: there a fine grid holds the share of short rays that get away (ambient occlusion, after
Zhukov et al., 1998, occluders counting less with distance), and the coarse light is multiplied
by it once for each light, so that a pixel looks its light up in one place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from robotvision.synth.aliases import F32, I32
from robotvision.synth.caster import Caster
from robotvision.synth.columns import spread
from robotvision.synth.solids import Solids

FINE_M = 0.07
"""Between nodes of the fine grid: about three pixels at three metres."""
REACH_M = 0.45
N_SHORT_RAYS = 12
DARKEST = 0.3
"""Share of the light that is left where every short ray is stopped."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeGrid:
    """Nodes on every surface: rows of ``nu`` along edge 1, ``nv`` of them along edge 2."""

    first: I32
    nu: I32
    nv: I32
    surface: I32
    """(N,) surface of each node."""
    s: F32
    t: F32
    """(N,) place of each node on its surface, 0 to 1."""

    @classmethod
    def over(cls, solids: Solids, step: F32, most: int) -> NodeGrid:
        """Lay nodes ``step`` (S,) metres apart, at least one and at most ``most`` a side."""
        length1 = np.linalg.norm(solids.edge1, axis=1)
        length2 = np.linalg.norm(solids.edge2, axis=1)
        nu = np.clip(np.round(length1 / step), 1, most).astype(np.int32)
        nv = np.clip(np.round(length2 / step), 1, most).astype(np.int32)
        count = nu * nv
        first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int32)
        surface = np.repeat(np.arange(len(count), dtype=np.int32), count)
        local = np.arange(len(surface), dtype=np.int32) - first[surface]
        i, j = local % nu[surface], local // nu[surface]
        s = ((i + 0.5) / nu[surface]).astype(np.float32)
        t = ((j + 0.5) / nv[surface]).astype(np.float32)
        return cls(first, nu, nv, surface, s, t)

    def __len__(self) -> int:
        return len(self.surface)

    @property
    def around(self) -> I32:
        """(4, N) neighbours of each node in its grid; at the rim the node itself."""
        base, row = self.first[self.surface], self.nu[self.surface]
        local = np.arange(len(self), dtype=np.int32) - base
        i, j = local % row, local // row
        last = self.nv[self.surface] - 1
        neighbours: I32 = np.stack(
            [
                base + j * row + np.maximum(i - 1, 0),
                base + j * row + np.minimum(i + 1, row - 1),
                base + np.maximum(j - 1, 0) * row + i,
                base + np.minimum(j + 1, last) * row + i,
            ]
        ).astype(np.int32)
        return neighbours

    def points(self, solids: Solids, normals: F32, above_m: float) -> F32:
        """Return the nodes' places in space, (N, 3), lifted off their surfaces."""
        e1, e2 = solids.edge1[self.surface], solids.edge2[self.surface]
        place = solids.origin[self.surface] + self.s[:, None] * e1 + self.t[:, None] * e2
        lifted: F32 = (place + above_m * normals[self.surface]).astype(np.float32)
        return lifted

    def nearest(self, surface: I32, s: F32, t: F32) -> I32:
        """Return the node nearest to places (s, t) on surfaces."""
        i = (np.clip(s, 0, 0.9999) * self.nu[surface]).astype(np.int32)
        j = (np.clip(t, 0, 0.9999) * self.nv[surface]).astype(np.int32)
        node: I32 = self.first[surface] + j * self.nu[surface] + i
        return node

    def interpolate(self, values: F32, surface: I32, s: F32, t: F32) -> F32:
        """Return ``values`` (N, C) between the four nodes around places on surfaces."""
        nu, nv = self.nu.take(surface), self.nv.take(surface)
        x = np.clip(s * nu - 0.5, 0, nu - 1).astype(np.float32)
        y = np.clip(t * nv - 0.5, 0, nv - 1).astype(np.float32)
        x0, y0 = x.astype(np.int32), y.astype(np.int32)
        right = np.minimum(x0 + 1, nu - 1) - x0
        up = (np.minimum(y0 + 1, nv - 1) - y0) * nu
        fx, fy = x - x0, y - y0
        at = self.first.take(surface) + y0 * nu + x0
        k = values.shape[1]
        near, far = spread(1 - fx, k), spread(fx, k)
        low = _between(values, at, right, near, far)
        at += up
        high = _between(values, at, right, near, far)
        low *= spread(1 - fy, k)
        high *= spread(fy, k)
        low += high
        return low


def _between(values: F32, at: I32, step: I32, near: F32, far: F32) -> F32:
    """Return ``near`` of the values at nodes and ``far`` of those a step on."""
    mixed: F32 = values.take(at, 0) * near
    mixed += values.take(at + step, 0) * far
    return mixed


def smooth(values: F32, around: I32, times: int) -> F32:
    """Return (N, C) values mixed with their neighbours' ``times`` times."""
    for _ in range(times):
        mixed = sum(values.take(row, 0) for row in around)
        values = 0.4 * values + 0.15 * mixed
    return values


def fine_grid(solids: Solids) -> NodeGrid:
    """Return the grid that resolves contact shadows; one node on what is smaller than a hand."""
    return NodeGrid.over(solids, np.full(len(solids.material), FINE_M, np.float32), 400)


def openness(caster: Caster, solids: Solids, grid: NodeGrid, normals: F32) -> F32:
    """Return (N, 1) shares of its light that each node keeps beside what stands near it."""
    normal = normals[grid.surface]
    start = grid.points(solids, normals, 0.004)
    u, v = tangents(normal)
    turn = (np.arange(len(grid)) * 7 % 16 / 16).astype(np.float32) * np.float32(2 * math.pi)
    away = np.zeros((len(grid), 1), np.float32)
    for k in range(N_SHORT_RAYS):
        r = math.sqrt((k + 0.5) / N_SHORT_RAYS)
        a = turn + 2.399963 * k
        d = (r * np.cos(a))[:, None] * u + (r * np.sin(a))[:, None] * v
        d += math.sqrt(1 - r * r) * normal
        # each ray has a length of its own, so that near things are met more often than far ones
        reach = REACH_M * (0.12 + 0.88 * ((k * 5) % N_SHORT_RAYS) / N_SHORT_RAYS)
        limits = np.full(len(grid), reach, np.float32)
        away[:, 0] += ~caster.blocked(start, d.astype(np.float32), limits)
    open_share = smooth(away / np.float32(N_SHORT_RAYS), grid.around, 1)
    return np.asarray(DARKEST + (1 - DARKEST) * open_share, np.float32)


def tangents(normal: F32) -> tuple[F32, F32]:
    """Return two unit vectors, (N, 3) each, that lie in the planes of the normals."""
    helper = np.where(np.abs(normal[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    u = np.cross(normal, helper)
    u = (u / np.linalg.norm(u, axis=1, keepdims=True)).astype(np.float32)
    return u, np.cross(normal, u).astype(np.float32)
