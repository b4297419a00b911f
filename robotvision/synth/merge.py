"""Two sets of solids as one: what is added to a floor after it was furnished."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robotvision.synth.building import Floor
from robotvision.synth.solids import Solids


def joined(first: Solids, second: Solids) -> Solids:
    """Return both; surfaces, triangles, materials and pieces of ``first`` keep their numbers."""
    n_surfaces = len(first.origin)
    names = list(dict.fromkeys(first.object_names + second.object_names))
    renamed = np.array([names.index(n) for n in second.object_names], np.int32)
    n_groups = int(first.group.max(initial=-1)) + 1
    group = np.where(second.group >= 0, second.group + n_groups, -1).astype(np.int32)
    both = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("origin", "edge1", "edge2", "room", "lamp", "triangles")
    }
    return Solids(
        **both,
        material=np.concatenate([first.material, second.material + len(first.materials)]),
        object=np.concatenate([first.object, renamed[second.object]]),
        group=np.concatenate([first.group, group]),
        triangle_surface=np.concatenate(
            [first.triangle_surface, second.triangle_surface + np.int32(n_surfaces)]
        ),
        materials=first.materials + second.materials,
        object_names=tuple(names),
    )


def with_more(floor: Floor, solids: Solids) -> Floor:
    """Return the floor with more solids on it; none of them a lamp or a window."""
    return replace(floor, solids=joined(floor.solids, solids))
