"""Rooms laid out around labelled poses: each pose free and in its room, walls between rooms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.errors import InputFaults
from robotvision.synth.building import Floor
from robotvision.synth.caster import Caster
from robotvision.synth.kinds import KINDS
from robotvision.synth.trajectory import Track
from robotvision.synth.trajectory_drawing import clearance, draw_plan
from robotvision.synth.trajectory_plan import PlanLayout, doubts, furnished, lay_out
from robotvision.synth.trajectory_regions import kind_for, overlaps
from tests.fixtures.examples import examples

LEAST_M = 0.15


def _nearest_m(floor: Floor, track: Track) -> float:
    """Cast rays all round at four heights from every pose: the oracle of `clearance`."""
    caster = Caster(floor.solids)
    turns = np.arange(48) * 2 * math.pi / 48
    fan = np.stack([np.cos(turns), np.sin(turns), 0 * turns], 1).astype(np.float32)
    nearest = math.inf
    for z in (0.1, 0.5, 0.95, 1.4):
        places = np.column_stack([track.xy, np.full(len(track), z)]).astype(np.float32)
        starts = np.repeat(places, len(fan), axis=0)
        hits = caster.cast(starts, np.tile(fan, (len(places), 1)))
        nearest = min(nearest, float(hits.distance.min()))
    return nearest


def check(layout: PlanLayout, seed: int) -> Floor:
    """Check what holds of every building around tours."""
    floor = furnished(layout, seed)
    near = clearance(layout.plan, floor, layout.tracks)
    for track, distance in zip(layout.tracks, near, strict=True):
        assert layout.is_own(track).all()
        assert distance.min() >= LEAST_M
        assert _nearest_m(floor, track) >= LEAST_M
    rects = [r.rect for r in layout.plan.rooms]
    for i, a in enumerate(rects):
        assert not any(overlaps(a, b) for b in rects[i + 1 :])
    return floor


def test_poses_are_free_and_in_their_rooms(plus: Callable[..., Track]) -> None:
    """A corridor with three rooms, jitter and all; two tours share one building."""
    layout = lay_out([plus(), plus(seed=2, name="other")])
    assert [r.label for r in layout.plan.rooms].count("CR") == 1
    assert {r.label: r.kind for r in layout.plan.rooms} == {
        "BO": "office_one",
        "KT": "kitchen",
        "PA": "printer",
        "CR": "corridor",
    }
    for seed in (1, 2):
        check(layout, seed)


def test_walls_stand_between_rooms_but_for_doors(plus: Callable[..., Track]) -> None:
    """Each room has one door, to the corridor; a ray beside it ends at a wall, through it not."""
    layout = lay_out([plus()])
    floor = furnished(layout, 1)
    corridor = next(r for r in layout.plan.rooms if r.kind == "corridor")
    assert len(corridor.doors) == 3
    caster = Caster(floor.solids)
    for room in layout.plan.rooms:
        if room is corridor:
            continue
        (door,) = room.doors
        assert door.wall == "front"
        assert 0.8 < door.b - door.a < 1.6
        for along, is_open in (((door.a + door.b) / 2, True), (door.b + 0.4, False)):
            out, into = room.world(along, -0.5), room.world(along, 0.6)
            way = np.array([into[0] - out[0], into[1] - out[1], 0], np.float32)
            length = float(np.hypot(way[0], way[1]))
            start = np.array([[*out, 1.95]], np.float32)
            blocked = caster.blocked(start, way[None] / length, np.array([length], np.float32))
            assert bool(blocked[0]) != is_open


def test_the_same_tours_give_the_same_building(plus: Callable[..., Track]) -> None:
    """Also from another order of reading the poses' rooms; another seed moves the furniture."""
    one, two = furnished(lay_out([plus()]), 1), furnished(lay_out([plus()]), 1)
    assert one.plan == two.plan
    assert np.array_equal(one.solids.triangles, two.solids.triangles)
    other = furnished(lay_out([plus()]), 1, furniture_seed=1)
    assert other.plan == one.plan
    assert not np.array_equal(one.solids.triangles[:200], other.solids.triangles[:200]) or len(
        one.solids.triangles
    ) != len(other.solids.triangles)


def test_a_room_with_a_corner_has_two_parts(tour: Callable[..., Track]) -> None:
    """An L of one label round another becomes rectangles that are open to each other."""
    a = [(x, 0.0) for x in np.arange(0, 9, 0.1)] + [(9.0, y) for y in np.arange(0, 9, 0.1)]
    b = [(9 - s, 9.0 - s) for s in np.arange(2.2, 5, 0.1)]
    rooms = ["CR"] * len(a) + ["KT"] * len(b)
    layout = lay_out([tour([*a, *b], rooms)])
    parts = [r for r in layout.plan.rooms if r.label == "CR"]
    assert len(parts) > 1
    assert all(any(h.high > 2.2 for h in p.doors) for p in parts)
    check(layout, 1)


def test_a_step_from_room_to_room_becomes_a_door(tour: Callable[..., Track]) -> None:
    """At one pose a second and more than a metre a step the rooms still meet."""
    xy = [(1.3 * k, 0.1 * k) for k in range(12)]
    layout = lay_out([tour(xy, ["BO"] * 4 + ["EO"] * 4 + ["KT"] * 4, 1.0)])
    assert [len(r.doors) for r in sorted(layout.plan.rooms, key=lambda r: r.rect)] == [1, 2, 1]
    check(layout, 1)


@examples(12, derandomize=True)
@given(
    spans=st.lists(st.floats(2.0, 7.0), min_size=2, max_size=6),
    turns=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=6, max_size=6),
    seed=st.integers(0, 99),
)
def test_any_stair_of_rooms_holds(
    spans: list[float], turns: list[float], seed: int, tour: Callable[..., Track]
) -> None:
    """Rooms one after another, turning behind the doors: every pose is free and in its room."""
    rng = np.random.default_rng(seed)
    labels = list(rng.permutation(["CR", "KT", "PA", "BO", "TL", "LAB"]))
    check(lay_out([tour(*_stair(spans, turns, labels, 8, rng))]), seed)


def _stair(
    spans: list[float], turns: list[float], labels: list[str], ahead: int, rng: np.random.Generator
) -> tuple[list[tuple[float, float]], list[str]]:
    """Go through rooms one after another, turning ``ahead`` steps behind each border."""
    xy: list[tuple[float, float]] = []
    rooms, at, angle = [], np.zeros(2), turns[0] * math.pi / 2
    for span, turn, label in zip(spans, turns, labels, strict=False):
        for k in range(int(span / 0.1)):
            angle = turn * math.pi / 2 if k == ahead else angle
            at = at + 0.1 * np.array([math.cos(angle), math.sin(angle)])
            x, y = at + rng.normal(0, 0.01, 2)
            xy.append((float(x), float(y)))
            rooms.append(label)
    return xy, rooms


def test_poses_that_cannot_be_free_are_told_of(tour: Callable[..., Track]) -> None:
    """A robot that turns on the border drives where the wall has to stand: said, with the line."""
    rng = np.random.default_rng(1)
    track = tour(*_stair([4.7, 4.8], [0.0, 1.0], ["BO", "KT"], 0, rng))
    layout = lay_out([track])
    (doubt,) = doubts(layout, furnished(layout, 1))
    what = r"\d+ poses lie nearer than 0\.15 m to a wall or furniture, this one first; the border"
    assert re.match(rf"made\.txt:\d+: {what}", doubt)


def test_walls_follow_ways_that_lie_askew(plus: Callable[..., Track]) -> None:
    """Poses in a turned frame get the same kind of building, turned; the poses stay as given."""
    straight, turn = plus(), math.radians(33)
    c, s = math.cos(turn), math.sin(turn)
    xy = straight.poses[:, :2] @ np.array([[c, s], [-s, c]])
    askew = replace(straight, poses=np.column_stack([xy, straight.poses[:, 2] + turn]))
    layout = lay_out([askew])
    assert abs(math.degrees(layout.tracks[0].turn) - 33) < 5
    assert np.array_equal(layout.tracks[0].poses, askew.poses)
    assert len(layout.plan.rooms) == len(lay_out([straight]).plan.rooms)
    check(layout, 1)


def test_labels_in_one_place_are_refused(tour: Callable[..., Track]) -> None:
    """No wall can stand between labels that alternate along one line."""
    xy = [(0.1 * k, 0.0) for k in range(120)]
    rooms = ["BO" if (k // 3) % 2 else "KT" for k in range(120)]
    with pytest.raises(
        InputFaults, match=r"rooms '(BO|KT)' and '(BO|KT)' occupy the same place, e\.g\. at x"
    ):
        lay_out([tour(xy, rooms)])


def test_kinds_come_from_names_and_else_from_a_hash() -> None:
    """Instances and parts of COLD, words inside labels, and anything at all."""
    assert kind_for("2PO1-A") == "office_two"
    assert kind_for("CR-B") == "corridor"
    assert kind_for("my kitchen 2") == "kitchen"
    assert kind_for("Stairs") == kind_for("Stairs")
    assert {kind_for(x) for x in ("Zzz", "Stairs", "Q1")} <= set(KINDS) - {"corridor"}


def test_the_drawing_shows_rooms_and_poses(plus: Callable[..., Track]) -> None:
    """As large as the building, with a colour for each label's poses."""
    layout = lay_out([plus()])
    image = draw_plan(layout.plan, furnished(layout, 1), layout.tracks, per_metre=20)
    rects = np.array([r.rect for r in layout.plan.rooms])
    width = rects[:, 2].max() - rects[:, 0].min() + 1
    assert abs(image.shape[1] - 20 * width) <= 1
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 4 + 4


def test_times_of_segments_do_not_open_walls(tour: Callable[..., Track]) -> None:
    """Where the robot is carried through a wall, no door is cut."""
    a, b = [(0.1 * k, 0.0) for k in range(40)], [(0.1 * k, 6.0) for k in range(40)]
    layout = lay_out([tour([*a, *b], ["BO"] * 40 + ["KT"] * 40)])
    assert [r.doors for r in layout.plan.rooms] == [(), ()]
    assert all(s == t for s, t in pairwise(layout.tracks[0].segments[:40]))
