from __future__ import annotations

import math

import numpy as np
import pytest

from robotvision.synth import clutter
from robotvision.synth.furnish import Furnisher
from robotvision.synth.path import Way, _pace
from robotvision.synth.plan import Hole, Room
from robotvision.synth.sequence import DriveSpec, stage_of
from robotvision.synth.solids import Builder, Solids
from robotvision.synth.style import Style
from robotvision.synth.textures import DRAWN, draw

DOOR = Hole("front", 0.6, 1.55, 0.0, 2.06, leaf=True)


def _room(seed: int = 0) -> Furnisher:
    room = Room("Office", "office_one", 0, 0, 0, 4.0, 5.0, (DOOR,))
    rng = np.random.default_rng(seed)
    return Furnisher(Builder(), room, Style.of(rng), rng)


def _materials(solids: Solids, room: int) -> set[str]:
    inside = np.unique(solids.material[solids.room == room])
    return {solids.materials[k].texture.rstrip("0123456789") for k in inside}


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_every_texture_is_drawn_whole(name: str) -> None:
    """256 x 256 colours in [0, 1], the same for a seed, and not one colour all over."""
    image = draw(f"{name}1", 5)
    assert image.shape == (256, 256, 3)
    assert image.dtype == np.float32
    assert 0 <= image.min() < image.max() <= 1
    assert np.array_equal(image, draw(f"{name}1", 5))


def test_posters_are_of_many_kinds() -> None:
    """Of 24 posters of a building no two are alike."""
    assert len({draw(f"poster{k}", 1).tobytes() for k in range(24)}) == 24


@pytest.mark.parametrize("items", [clutter.DESK, clutter.MEETING, clutter.COUNTER, clutter.SILL])
def test_what_is_strewn_stands_on_its_surface(items: tuple[clutter.Item, ...]) -> None:
    """Nothing sinks below the surface, and its middle lies within the rectangle's width."""
    for seed in range(4):
        b = Builder()
        clutter.strew(b, np.random.default_rng(seed), items, (0, 0, 2, 0.4, 0.7), 1.0)
        solids = b.finish()
        z = solids.triangles[:, :, 2]
        assert z.min() > 0.7 - 1e-5
        assert z.max() < 1.3
        for group in np.unique(solids.group):
            own = solids.triangles[solids.group[solids.triangle_surface] == group]
            assert 0 < own[:, :, 0].mean() < 2
        assert len(np.unique(solids.group)) >= 3
        assert solids.object_names == ("",)


def test_what_hangs_near_a_place_hangs_there_or_nowhere() -> None:
    """A second piece at the same place is refused: the next free place is too far."""
    f = _room()
    hung: list[float] = []

    def piece() -> None:
        hung.append(float(f.b._frames[f.b._frame][0, 3]))

    assert f.hang_near(piece, 0.5, 1.0, 1.5, "back", 0.5)
    assert not f.hang_near(piece, 0.5, 1.0, 1.5, "back", 0.5)
    assert f.hang_near(piece, 0.5, 1.6, 2.0, "back", 0.5)
    assert not f.hang_near(piece, 0.5, 1.0, 1.5, "front", (DOOR.a + DOOR.b) / 2 / 4.0)
    assert hung == pytest.approx([2.0, 2.0], abs=0.1)


def test_every_room_has_its_services(spec: DriveSpec) -> None:
    """A switch beside the door, sockets along the walls, something in the ceiling."""
    floor = stage_of(spec).floor
    for k, room in enumerate(floor.plan.rooms):
        found = _materials(floor.solids, k)
        assert "socket" in found, room.label
        assert found & {"diffuser", "speaker"}, room.label
        assert room.kind == "corridor" or found & {"switch", "thermostat"}, room.label


def test_a_bare_wall_close_by_is_passed_fast(spec: DriveSpec) -> None:
    """Along the corridor the robot goes at its pace, before the corridor's wall at a tenth."""
    stage = stage_of(spec)
    corridor = stage.floor.plan.rooms[0]
    x0, y0, _, y1 = corridor.rect
    headings = np.array([0.0, math.pi / 2, -math.pi / 2])
    n = len(headings)
    at = np.full(n, x0 + 1.0), np.full(n, (y0 + y1) / 2)
    nothing = np.zeros(n, np.int32)
    way = Way(*at, headings, np.ones(n), nothing, nothing)
    pace = _pace(stage.floor, stage.caster, way)
    assert ((pace > 0) & (pace <= 1)).all()
    assert pace[0] > 0.5
    assert pace[1:].min() < 0.35 * pace[0]
