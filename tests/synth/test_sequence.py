from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.errors import RobotVisionError, UnknownNameError
from robotvision.synth import scenery
from robotvision.synth.camera import Eye, Lens, Stage
from robotvision.synth.drive_spec import DriveSpec, calibration
from robotvision.synth.kinds import KINDS, kind_of
from robotvision.synth.sequence import (
    VISIBLE_SHARE,
    Shot,
    render_sequence,
    shots,
    stage_of,
    visible,
)
from robotvision.tasks import load_task, task_names


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_same_spec_gives_the_same_bytes_twice(spec: DriveSpec, tmp_path: Path) -> None:
    """Also when the building is built and lit anew."""
    short = replace(spec, n_frames=3, channels=("rgb", "depth", "left", "right"))
    render_sequence(short, tmp_path / "a")
    scenery.forget()
    render_sequence(short, tmp_path / "b")
    first = _bytes(tmp_path / "a")
    assert len(first) == 3 * 4 + 3
    assert first == _bytes(tmp_path / "b")


def test_a_written_tour_reads_back_with_its_truth(
    spec: DriveSpec, taken: list[Shot], tmp_path: Path
) -> None:
    """The native reader finds the frames, rooms, objects, poses and calibration rendered."""
    assert render_sequence(spec, tmp_path / "s") == spec.n_frames
    sequence = open_sequence(tmp_path / "s")
    assert [sequence.room(k) for k in range(len(sequence))] == [s.room for s in taken]
    assert sequence.truth is not None
    assert [t.objects for t in sequence.truth.values()] == [s.objects for s in taken]
    frame = sequence.load(0)
    assert frame["rgb"].shape == (72, 96, 3)
    assert np.array_equal(frame["depth"], taken[0].images["depth"])
    assert sequence.calibration["rgb"]["fx"] == calibration(spec)["rgb"]["fx"] == 72.0


def test_the_room_is_the_one_the_camera_stands_in(spec: DriveSpec, taken: list[Shot]) -> None:
    """The label is that of the rectangle which holds the pose; every room is visited."""
    plan = stage_of(spec).floor.plan
    for shot in taken:
        x, y, _ = shot.pose
        inside = [
            r.label
            for r in plan.rooms
            if r.rect[0] <= x <= r.rect[2] and r.rect[1] <= y <= r.rect[3]
        ]
        assert inside in ([shot.room], [])
    assert {s.room for s in taken} == set(spec.rooms)


def test_only_visited_rooms_are_entered(spec: DriveSpec) -> None:
    """``visit`` keeps the robot out of the other rooms of the same floor."""
    short = replace(spec, visit=("Toilet",), n_frames=6, channels=("depth",))
    assert {s.room for s in shots(short)} == {"Corridor", "Toilet"}


def test_the_robot_keeps_clear_of_things(spec: DriveSpec, taken: list[Shot]) -> None:
    """Nothing is nearer to the camera than a hand's breadth."""
    stage = stage_of(spec)
    for shot in taken:
        eye = Eye(shot.pose[0], shot.pose[1], spec.camera_height_m, shot.pose[2])
        assert stage.view(eye, Lens.wide(48, 36)).depth_m.min() > 0.1


def test_an_object_is_told_of_where_it_is_looked_at(spec: DriveSpec) -> None:
    """Before a urinal the truth says Urinal; with the camera turned away it does not."""
    stage = stage_of(spec)
    solids = stage.floor.solids
    which = solids.object_names.index("Urinal")
    faces = np.flatnonzero(solids.object == which)
    middle = solids.origin[faces[0]] + 0.5 * (solids.edge1[faces[0]] + solids.edge2[faces[0]])
    ahead = -np.cross(solids.edge1[faces[0]], solids.edge2[faces[0]])
    ahead /= np.linalg.norm(ahead)
    yaw = math.atan2(ahead[1], ahead[0])
    eye = Eye(*(float(v) for v in middle[:2] - 1.1 * ahead[:2]), 1.0, yaw)
    lens = Lens.wide(96, 72)
    toward = stage.view(eye, lens)
    share = float((solids.object[toward.surface] == which).mean())
    assert share > VISIBLE_SHARE
    assert "Urinal" in visible(stage.floor, toward, spec)
    away = stage.view(replace(eye, pitch=1.3), lens)  # at the ceiling
    assert "Urinal" not in visible(stage.floor, away, spec)
    assert visible(stage.floor, toward, replace(spec, objects=("Fridge",))) == frozenset()


def test_times_keep_their_order_and_rate(taken: list[Shot], spec: DriveSpec) -> None:
    """Time stamps rise, with a jitter of a few per cent about the nominal period."""
    steps = np.diff([s.timestamp_ns for s in taken])
    assert (steps > 0).all()
    assert abs(float(np.mean(steps)) * spec.rate_hz / 1e9 - 1) < 0.05
    assert len(set(steps.tolist())) > 1


def test_kidnappings_begin_segments_and_move_the_robot(spec: DriveSpec) -> None:
    """Each kidnapping adds a segment, and the drive's pieces are not in their natural order."""
    plain = replace(spec, n_frames=40, channels=())
    kidnapped = list(shots(replace(plain, kidnappings=3)))
    assert sorted({s.segment for s in kidnapped}) == [0, 1, 2, 3]
    assert [s.segment for s in kidnapped] == sorted(s.segment for s in kidnapped)
    for a, b in pairwise(kidnapped):
        if a.segment != b.segment:
            assert math.hypot(a.pose[0] - b.pose[0], a.pose[1] - b.pose[1]) > 1.0


def test_lights_differ(spec: DriveSpec) -> None:
    """Sun patches only in the sun; lamplight at night is redder than a cloudy day."""
    color = {}
    sunlit = {}
    for light in ("sunny", "cloudy", "night"):
        of_light = replace(spec, light=light, n_frames=8, channels=("rgb",))
        color[light] = np.mean([s.images["rgb"] for s in shots(of_light)], axis=(0, 1, 2))
        sunlit[light] = _sees_sun(stage_of(of_light))
    assert color["night"][0] / color["night"][2] > 1.1 * color["cloudy"][0] / color["cloudy"][2]
    assert color["sunny"].mean() > color["night"].mean()
    assert sunlit == {"sunny": True, "cloudy": False, "night": False}


def _sees_sun(stage: Stage) -> bool:
    """Look at the floor of every room from under its ceiling."""
    looks = []
    for room in stage.floor.plan.rooms:
        eye = Eye(*room.world(room.width / 2, 0.3), 2.4, room.turn + math.pi / 2, -0.6)
        looks.append(stage.view(eye, Lens.wide(96, 72)).sunlit.any())
    return any(looks)


def test_moved_furniture_keeps_the_walls(spec: DriveSpec) -> None:
    """Another furniture seed leaves plan and windows alone and moves the pieces."""
    one, two = stage_of(spec).floor, stage_of(replace(spec, furniture_seed=1)).floor
    assert one.plan == two.plan
    assert one.panes == two.panes
    assert one.solids.triangles.shape != two.solids.triangles.shape or not np.array_equal(
        one.solids.triangles, two.solids.triangles
    )


def test_floors_differ_in_shape_and_share_kinds(spec: DriveSpec) -> None:
    """Two floors have the same labels in other places; odd floors have a corner."""
    from robotvision.synth.plan import make_plan

    labels = tuple(x for x in KINDS if x in ("kitchen", "toilet", "hall", "lounge", "library"))
    ground, first = make_plan(labels, 1, 0), make_plan(labels, 1, 1)
    assert {r.kind for r in ground.rooms} == {r.kind for r in first.rooms}
    assert sum(r.kind == "corridor" for r in ground.rooms) == 1
    assert sum(r.kind == "corridor" for r in first.rooms) == 2


@pytest.mark.parametrize("floor", range(4))
@pytest.mark.parametrize("seed", range(4))
def test_rooms_do_not_overlap(floor: int, seed: int) -> None:
    """Whatever the seed, the rooms of a plan are apart."""
    from robotvision.synth.plan import make_plan

    labels = ("Hall", "Kitchen", "Toilet", "Warehouse", "Library", "BO", "EO", "LoungeArea", "PA")
    rects = [r.rect for r in make_plan(labels, seed, floor).rooms]
    for i, a in enumerate(rects):
        for b in rects[i + 1 :]:
            apart_x = a[2] <= b[0] + 1e-9 or b[2] <= a[0] + 1e-9
            apart_y = a[3] <= b[1] + 1e-9 or b[3] <= a[1] + 1e-9
            assert apart_x or apart_y


@pytest.mark.parametrize("name", task_names())
def test_every_room_of_every_task_can_be_furnished(name: str) -> None:
    """The generator knows the labels of all shipped tasks."""
    for label in load_task(name).room_names:
        assert kind_of(label) in KINDS


def test_what_cannot_be_built_is_said(spec: DriveSpec) -> None:
    """A wrong label, light, channel or number is refused with what was expected."""
    with pytest.raises(
        UnknownNameError, match=r"room 'Kichen' is not known; did you mean 'kitchen'"
    ):
        list(shots(replace(spec, rooms=("Kichen",))))
    with pytest.raises(
        RobotVisionError, match="light: expected one of sunny, cloudy, night, got 'x'"
    ):
        replace(spec, light="x")
    with pytest.raises(RobotVisionError, match=r"channel: expected one of .*, got 'lidar'"):
        replace(spec, channels=("lidar",))
    with pytest.raises(RobotVisionError, match="n_frames: expected at least 1, got 0"):
        replace(spec, n_frames=0)


def test_without_embree_the_extra_is_named(tmp_path: Path) -> None:
    """Where embreex is missing the error says what to install, and no folder is left behind."""
    code = (
        "import sys; sys.modules['embreex.mesh_construction'] = None\n"
        "from robotvision.cli import main\n"
        "main(['synth', 'tour', '--out', 'never_made', '--rooms', 'BO', '--frames', '1'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert not list(tmp_path.iterdir())
    assert done.returncode == 2
    assert "pip install 'robotvision[synth]'" in done.stderr
    assert "Traceback" not in done.stderr
