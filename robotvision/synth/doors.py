"""Doors that are shut while the robot is elsewhere.

Every leaf of the furnished floor stands open. Here each gets a twin that is shut, and what the
camera meets is one or the other. Light is computed once, with all doors open: a shut leaf is lit
as what hangs in the doorway, and does not darken the corridor behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from robotvision.synth.building import Floor
from robotvision.synth.caster import Caster
from robotvision.synth.merge import with_more
from robotvision.synth.plan import Hole, Room
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import STEEL

LEAF_TEXTURE = "door"
"""How the names of the textures of leaves begin."""
THICK_M = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class Doors:
    """A floor with every leaf in both places, and what the camera meets of them.

    Parameters
    ----------
    floor : Floor
        With the shut leaves added.
    open_leaf, shut_leaf : (T,) int32
        Of each triangle the room whose leaf it belongs to, open or shut; -1: none.
    """

    floor: Floor
    open_leaf: NDArray[np.int32]
    shut_leaf: NDArray[np.int32]
    _casters: dict[frozenset[int], Caster] = field(default_factory=dict)

    @property
    def rooms(self) -> tuple[int, ...]:
        """The rooms that have a leaf to shut."""
        return tuple(int(k) for k in np.unique(self.shut_leaf[self.shut_leaf >= 0]))

    def caster(self, shut: frozenset[int]) -> Caster:
        """Return what rays meet with the doors of some rooms shut and all others open."""
        if shut not in self._casters:
            listed = sorted(shut)
            is_there = ~np.isin(self.open_leaf, listed)
            is_there &= (self.shut_leaf < 0) | np.isin(self.shut_leaf, listed)
            solids = self.floor.solids
            self._casters[shut] = Caster(
                replace(
                    solids,
                    triangles=solids.triangles[is_there],
                    triangle_surface=solids.triangle_surface[is_there],
                )
            )
        return self._casters[shut]


def hang(floor: Floor) -> Doors:
    """Return the floor with a shut leaf beside every open one."""
    before = floor.solids
    leaves = _open_leaves(floor)
    b = Builder()
    for index, material in leaves.items():
        b.room = index
        room = floor.plan.rooms[index]
        for hole in room.doors:
            if hole.leaf:
                _shut(b, room, hole, material)
    if not leaves:
        nothing = np.full(len(before.triangles), -1, np.int32)
        return Doors(floor, nothing, nothing)
    shut = b.finish()
    is_leaf = np.isin(before.group, np.unique(before.group[_is_leaf(floor)])) & (before.group >= 0)
    of_open = np.where(is_leaf, before.room, -1)[before.triangle_surface]
    of_shut = shut.room[shut.triangle_surface]
    nothing = np.full(len(of_open), -1, np.int32)
    return Doors(
        with_more(floor, shut),
        np.concatenate([of_open, np.full(len(of_shut), -1)]).astype(np.int32),
        np.concatenate([nothing, of_shut]).astype(np.int32),
    )


def _is_leaf(floor: Floor) -> NDArray[np.bool_]:
    """(S,) whether a surface is painted as a door leaf in a room's own doorway."""
    is_leaf_texture = np.array([m.texture.startswith(LEAF_TEXTURE) for m in floor.solids.materials])
    has_leaf = np.array([any(h.leaf for h in r.doors) for r in floor.plan.rooms])
    is_painted = is_leaf_texture[floor.solids.material]
    is_leaf: NDArray[np.bool_] = is_painted & (floor.solids.room >= 0) & has_leaf[floor.solids.room]
    return is_leaf


def _open_leaves(floor: Floor) -> dict[int, Material]:
    """Return the rooms with a leaf, and what it is painted with."""
    solids = floor.solids
    return {
        int(solids.room[k]): solids.materials[int(solids.material[k])]
        for k in np.flatnonzero(_is_leaf(floor))
    }


def _shut(b: Builder, room: Room, hole: Hole, material: Material) -> None:
    """Hang a shut leaf in a hole of the front wall, with a handle on either side."""
    with b.at(room.x, room.y, 0, room.turn), b.piece():
        middle = -hole.thick / 2
        b.box(
            (hole.a + 0.01, middle - THICK_M / 2, 0.01),
            (hole.b - 0.01, middle + THICK_M / 2, hole.high - 0.01),
            material,
        )
        for y in (middle - THICK_M / 2 - 0.05, middle + THICK_M / 2 + 0.03):
            b.box((hole.b - 0.18, y, 1.02), (hole.b - 0.05, y + 0.02, 1.05), STEEL)
