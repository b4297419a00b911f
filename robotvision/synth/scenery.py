"""A floor as a tour finds it: furnished, peopled, lit; built once for all that share it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from robotvision.synth.blockers import with_blockers
from robotvision.synth.building import Floor, build_floor
from robotvision.synth.camera import Appearance, Stage
from robotvision.synth.caster import Caster
from robotvision.synth.doors import Doors, hang
from robotvision.synth.light import Transport, lighting, transport


@dataclass(frozen=True, slots=True)
class Scenery:
    """What decides the geometry of a floor.

    Parameters
    ----------
    rooms, seed, floor, furniture_seed
        As of a `DriveSpec`.
    people, clutter : int
        What stands about.
    standing_seed : int
        Decides where; 0 where nothing stands about, so that tours without share a floor.
    has_doors : bool
        Whether leaves can be shut.
    """

    rooms: tuple[str, ...]
    seed: int
    floor: int
    furniture_seed: int
    people: int = 0
    clutter: int = 0
    standing_seed: int = 0
    has_doors: bool = False


@lru_cache(maxsize=4)
def built(scenery: Scenery) -> tuple[Floor, Caster]:
    """Return the floor that the robot drives on, all doors open, and what rays meet on it."""
    s = scenery
    floor = build_floor(s.rooms, s.seed, s.floor, s.furniture_seed)
    floor = with_blockers(floor, s.people, s.clutter, (s.seed, s.floor, s.standing_seed))
    return floor, Caster(floor.solids)


@lru_cache(maxsize=4)
def doors_of(scenery: Scenery) -> Doors:
    """Return the floor with its doors in both places."""
    return hang(built(scenery)[0])


def _seen(scenery: Scenery) -> tuple[Floor, Caster]:
    """Return the floor that is photographed, and what rays meet with all doors open."""
    if not scenery.has_doors:
        return built(scenery)
    doors = doors_of(scenery)
    return doors.floor, doors.caster(frozenset())


@lru_cache(maxsize=3)
def _transport(scenery: Scenery) -> Transport:
    return transport(*_seen(scenery))


@lru_cache(maxsize=2)
def _looks(scenery: Scenery) -> Appearance:
    return Appearance(_seen(scenery)[0])


@lru_cache(maxsize=3)
def stage(scenery: Scenery, light: str) -> Stage:
    """Return the floor under a light, ready to be photographed, all doors open."""
    floor, caster = _seen(scenery)
    lit = lighting(light, floor, scenery.floor)
    return Stage(floor, caster, _transport(scenery), lit, _looks(scenery))


def forget() -> None:
    """Drop every floor that was built."""
    for cached in (built, doors_of, _transport, _looks, stage):
        cached.cache_clear()
