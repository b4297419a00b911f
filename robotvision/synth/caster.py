"""Ray casting: the nearest surface along each ray, or whether anything is in the way (Embree)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import MissingExtraError
from robotvision.synth.aliases import F32, I32
from robotvision.synth.columns import columns, dot, spread
from robotvision.synth.solids import Solids


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Where rays end: surface (-1: nothing met), distance, place (s, t) in its frame."""

    surface: I32
    distance: F32
    s: F32
    t: F32

    @classmethod
    def joined(cls, parts: Sequence[Hits]) -> Hits:
        """Return the hits of one part after the other."""
        columns = (tuple(getattr(p, f.name) for p in parts) for f in fields(cls))
        return cls(*(np.concatenate(c) for c in columns))


class Caster:
    """Casts rays into the solids.

    Raises
    ------
    MissingExtraError
        Embree is not installed.
    """

    def __init__(self, solids: Solids) -> None:
        try:
            from embreex.mesh_construction import TriangleMesh
            from embreex.rtcore_scene import EmbreeScene
        except ImportError as e:
            raise MissingExtraError(
                "the generated building is ray-cast with embreex, which is not installed; "
                "pip install 'robotvision[synth]'"
            ) from e
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, np.ascontiguousarray(solids.triangles))
        self._surface = np.append(solids.triangle_surface, np.int32(-1))
        e1, e2 = solids.edge1.astype(float), solids.edge2.astype(float)
        # the dual basis: s = (p - origin) . dual1, also where the edges are not at right angles
        a, b, c = (e1 * e1).sum(1), (e1 * e2).sum(1), (e2 * e2).sum(1)
        det = (a * c - b * b)[:, None]
        self._dual1 = columns(((c[:, None] * e1 - b[:, None] * e2) / det).astype(np.float32))
        self._dual2 = columns(((a[:, None] * e2 - b[:, None] * e1) / det).astype(np.float32))
        self._origin = columns(solids.origin)

    def cast(self, origins: F32, directions: F32) -> Hits:
        """Return what each ray meets; origins and directions (N, 3), directions of length 1."""
        hits = self._scene.run(origins, directions, output=1)
        surface = self._surface.take(hits["primID"])
        distance = np.minimum(hits["tfar"], np.float32(1e9))
        place = spread(distance, 3)
        place *= directions
        place += origins
        local = columns(place)
        local -= self._origin.take(surface, 1)
        s = dot(local, self._dual1.take(surface, 1))
        t = dot(local, self._dual2.take(surface, 1))
        return Hits(surface, distance, s, t)

    def blocked(
        self, origins: F32, directions: F32, limits: F32 | None = None
    ) -> NDArray[np.bool_]:
        """Return whether each ray meets anything, nearer than its limit where limits are given."""
        n = len(origins)
        far = np.full(n, 1e30, np.float32) if limits is None else limits
        hits = self._scene.run(origins, directions, dists=far, query="OCCLUDED")
        hit: NDArray[np.bool_] = np.asarray(hits) >= 0
        return hit
