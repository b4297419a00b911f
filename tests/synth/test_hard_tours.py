"""Tours made hard: what changes, what must not, and that the same options give the same pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.errors import RobotVisionError
from robotvision.synth import scenery
from robotvision.synth.blockers import with_blockers
from robotvision.synth.building import Floor, build_floor
from robotvision.synth.camera import Eye, Lens
from robotvision.synth.default_set import default_specs
from robotvision.synth.doors import hang
from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.editions import edition_specs
from robotvision.synth.hardship import Hardship
from robotvision.synth.merge import joined
from robotvision.synth.path import ROBOT_RADIUS_M, Ground, visits_of
from robotvision.synth.sensor import AutoExposure, exposure_jumps, smear
from robotvision.synth.sequence import itinerary, render_sequence, scenery_of, shots

SEQUENCES = Path(__file__).parents[2] / "sequences"
HARD = Hardship(360.0, 1.0, 3, 2, 40.0, 1.0)


@pytest.fixture(scope="module")
def hard(spec: DriveSpec) -> DriveSpec:
    """The small tour the other way, with everything that makes it hard."""
    return replace(
        spec, reverse=True, drive_seed=2, camera_height_m=0.8, camera_pitch_rad=0.1, hard=HARD
    )


@pytest.fixture(scope="module")
def floor(spec: DriveSpec) -> Floor:
    """Its furnished floor, empty of people."""
    return build_floor(spec.rooms, spec.seed, spec.floor, 0)


def test_a_hard_tour_is_the_same_twice_and_says_what_it_is(hard: DriveSpec, tmp_path: Path) -> None:
    """Pixels depend on the options alone, and the sequence's note holds all of them."""
    short = replace(hard, n_frames=4)
    render_sequence(short, tmp_path / "a")
    scenery.forget()
    render_sequence(short, tmp_path / "b")
    for path in sorted((tmp_path / "a").rglob("*.*")):
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == other.read_bytes()
    note = open_sequence(tmp_path / "a").note
    assert note == (
        "generated: robotvision synth, cloudy, building 3, floor 0, reverse, drive 2, "
        "camera_height_m 0.8, camera_pitch_deg 5.73, look_round_deg 360, doors_shut 1, people 3, "
        "clutter 2, shutter_ms 40, exposure_jumps 1, "
        "rooms Corridor Toilet PrinterRoom ProfessorOffice"
    )


def test_a_plain_tour_notes_its_building_alone() -> None:
    """Nothing is added to the note where nothing is asked."""
    assert DriveSpec().note == "generated: robotvision synth, cloudy, building 1, floor 0"


def test_reverse_visits_the_rooms_the_other_way(spec: DriveSpec) -> None:
    """The same rooms, from the last to the first."""

    def order(of: DriveSpec) -> list[str]:
        rooms = [r for r in itinerary(replace(of, n_frames=60)).rooms if r != "Corridor"]
        return list(dict.fromkeys(rooms))

    forward = order(spec)
    assert len(forward) == 3
    assert order(replace(spec, reverse=True)) == forward[::-1]


def test_a_look_right_round_sees_every_direction(spec: DriveSpec) -> None:
    """At 360 degrees the headings of a room fill the circle; by default they do not."""

    def widest_gap(of: DriveSpec) -> float:
        way = itinerary(of).way
        gaps = []
        for room in range(1, 4):
            seen = np.sort(way.heading[way.room == room] % (2 * math.pi))
            gaps.append(np.diff(seen, append=seen[0] + 2 * math.pi).max())
        return float(max(gaps))

    assert widest_gap(replace(spec, hard=Hardship(look_round_deg=360))) < 0.2
    assert widest_gap(spec) > 0.5


def test_people_leave_every_room_within_reach(floor: Floor) -> None:
    """However crowded, the robot still gets to where it could, and nobody stands in a wall."""
    crowded = with_blockers(floor, 12, 12, (3, 0, 1))
    assert len(crowded.solids.triangles) > len(floor.solids.triangles)
    before, after = Ground(floor), Ground(crowded)
    starts = [g.nearest(*floor.plan.rooms[0].world(1.0, 1.0)) for g in (before, after)]
    reached = [
        np.isfinite(g.distances(c)[0]) & (g.clearance.ravel() > ROBOT_RADIUS_M)
        for g, c in zip((before, after), starts, strict=True)
    ]
    for room in floor.plan.rooms:
        x0, y0, x1, y1 = room.rect
        xy = before.place(np.arange(before.clearance.size))
        inside = (xy[:, 0] > x0) & (xy[:, 0] < x1) & (xy[:, 1] > y0) & (xy[:, 1] < y1)
        assert reached[1][inside].any() or not reached[0][inside].any()
    assert not (reached[1] & ~reached[0]).any()


def test_blockers_are_placed_anew_by_another_drive(hard: DriveSpec) -> None:
    """Two drives meet other people on the same floor; without people they share the floor."""
    one, two = scenery_of(hard), scenery_of(replace(hard, drive_seed=7))
    assert one != two
    plain = replace(hard, hard=Hardship(doors_shut=1.0))
    assert scenery_of(plain) == scenery_of(replace(plain, drive_seed=7))


def test_joined_solids_keep_their_numbers(floor: Floor) -> None:
    """What was there stays as it was; what is added refers to its own materials and objects."""
    both = joined(floor.solids, floor.solids)
    n = len(floor.solids.origin)
    assert np.array_equal(both.triangles[: len(floor.solids.triangles)], floor.solids.triangles)
    assert both.object_names == floor.solids.object_names
    assert np.array_equal(both.object[:n], both.object[n:])
    first, second = both.material[:n], both.material[n:]
    assert [both.materials[k] for k in first] == [both.materials[k] for k in second]
    pieces = both.group[n:][both.group[n:] >= 0]
    assert pieces.min() > floor.solids.group.max()


def test_a_shut_door_hides_the_room_behind(floor: Floor) -> None:
    """From the corridor the open door shows the room, the shut one its leaf; a hole has neither."""
    doors = hang(floor)
    leaves = [k for k, r in enumerate(floor.plan.rooms) if any(h.leaf for h in r.doors)]
    assert list(doors.rooms) == leaves
    for index in leaves:
        room = floor.plan.rooms[index]
        hole = next(h for h in room.doors if h.leaf)
        x, y = room.world((hole.a + hole.b) / 2, -1.0)
        ray = np.array([[*room.world((hole.a + hole.b) / 2, 0.0), 1.3]]) - [[x, y, 1.3]]
        ray = (ray / np.linalg.norm(ray)).astype(np.float32)
        start = np.array([[x, y, 1.3]], np.float32)
        shut = doors.caster(frozenset([index])).cast(start, ray)
        others = doors.caster(frozenset(leaves) - {index}).cast(start, ray)
        assert 0.8 < float(shut.distance[0]) < 1.0
        assert float(others.distance[0]) > 1.1


def test_the_robot_meets_no_shut_door(hard: DriveSpec) -> None:
    """The doors of the room it is in, came from and goes to stay open, so no leaf is in its way."""
    of_doors = replace(hard, n_frames=30, channels=("depth",), width=48, height=36)
    of_doors = replace(of_doors, hard=Hardship(doors_shut=1.0), camera_pitch_rad=0.0)
    plan = itinerary(of_doors)
    for near, step in zip(visits_of(plan.way, plan.steps), plan.steps, strict=True):
        assert int(plan.way.room[step]) in near
    doors = scenery.doors_of(scenery_of(of_doors))
    stage = scenery.stage(scenery_of(of_doors), "cloudy")
    nears = visits_of(plan.way, plan.steps)
    assert len(set(nears)) > 1
    for near, step in zip(nears, plan.steps, strict=True):
        eye = Eye(*(float(v[step]) for v in (plan.way.x, plan.way.y)), 1.1, 0.0)
        now = stage.seen_by(doors.caster(frozenset(doors.rooms) - near))
        assert now.view(eye, Lens.wide(48, 36)).depth_m.min() > 0.1


def test_shutter_and_exposure_change_colour_alone(spec: DriveSpec) -> None:
    """The same way and the same depth; the pictures are smoother, or brighter and darker."""
    short = replace(spec, n_frames=8)
    plain = list(shots(short))
    blurred = list(shots(replace(short, hard=Hardship(shutter_ms=80))))
    jumped = list(shots(replace(short, hard=Hardship(exposure_jumps=2))))
    for others in (blurred, jumped):
        for a, b in zip(plain, others, strict=True):
            assert a.pose == b.pose
            assert np.array_equal(a.images["depth"], b.images["depth"])

    def edges(frames: list) -> float:  # type: ignore[type-arg]
        return float(
            np.mean([np.abs(np.diff(s.images["rgb"].astype(float), axis=1)).mean() for s in frames])
        )

    assert edges(blurred) < 0.8 * edges(plain)
    change = [
        float(b.images["rgb"].mean() - a.images["rgb"].mean())
        for a, b in zip(plain, jumped, strict=True)
    ]
    assert max(map(abs, change)) > 10


def test_smear_keeps_the_mean_and_spreads_a_point() -> None:
    """A bright column is spread over so many pixels; less than two are none."""
    image = np.zeros((4, 40, 3), np.float32)
    image[:, 20] = 1
    out = smear(image, 5)
    assert np.count_nonzero(out[0, :, 0]) == 5
    assert out.sum() == pytest.approx(image.sum(), rel=1e-5)
    assert smear(image, 1.4) is image
    assert np.count_nonzero(smear(image, 1000)[0, :, 0]) == 8


def test_more_gain_brightens_the_dark_and_leaves_the_bright() -> None:
    """Radiance 0.03 wants a gain of 9: 8 by night, 3.2 where no more is allowed; 0.27 wants 1."""
    dark, bright = (np.full((4, 4, 3), level, np.float32) for level in (0.03, 0.27))
    assert AutoExposure("night").meter(dark) == pytest.approx(8)
    assert AutoExposure("night", 3.2).meter(dark) == pytest.approx(3.2)
    assert AutoExposure("night").meter(bright) == pytest.approx(1)


def test_a_note_without_a_gain_means_the_earlier_one() -> None:
    """What is published keeps its gain and its note; whatever else was raised by night says so."""
    published = {s.name: s for s in default_specs()}
    for name, of in published.items():
        assert of.note.startswith(open_sequence(SEQUENCES / name).note)
        assert "most_gain" not in of.note
    assert published["building_night"].most_gain == 3.2
    stand_ins = edition_specs("imageclef2012").values()
    assert {s.most_gain for s in stand_ins if s.light == "night"} == {3.2}
    plain = "generated: robotvision synth, night, building 1, floor 0"
    assert DriveSpec(light="night").note == f"{plain}, most_gain 8"
    assert DriveSpec(light="night", most_gain=3.2).note == plain
    assert "most_gain" not in DriveSpec(light="sunny").note


def test_a_gain_out_of_range_is_refused() -> None:
    """One to 32."""
    with pytest.raises(RobotVisionError, match=r"most_gain: expected 1 to 32, got 0\.5"):
        DriveSpec(most_gain=0.5)


def test_exposure_jumps_stay_within_their_stops() -> None:
    """Factors lie between 2 ** -stops and 2 ** stops and hold for some frames; 0 stops: all 1."""
    factors = exposure_jumps(400, 1.5, np.random.default_rng(1))
    assert 2**-1.5 <= factors.min() < 0.6
    assert 1.7 < factors.max() <= 2**1.5
    assert 25 < np.count_nonzero(np.diff(factors)) < 80
    assert (exposure_jumps(5, 0.0, np.random.default_rng(1)) == 1).all()


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"doors_shut": 1.5}, "doors_shut: expected 0 to 1, got 1.5"),
        ({"people": -1}, "people: expected 0 to 100, got -1"),
        ({"look_round_deg": 400}, "look_round_deg: expected 0 to 360, got 400"),
    ],
)
def test_numbers_out_of_range_are_refused(about: dict[str, float], said: str) -> None:
    """The message names the sequence, the number and its range."""
    with pytest.raises(RobotVisionError, match=f"sequence 'tour': {said}"):
        DriveSpec(hard=Hardship(**about))  # type: ignore[arg-type]


def test_a_camera_under_the_ceiling_is_refused() -> None:
    """Height and pitch have ranges too."""
    with pytest.raises(RobotVisionError, match=r"camera_height_m: expected 0\.2 to 2\.4, got 3"):
        DriveSpec(camera_height_m=3)
